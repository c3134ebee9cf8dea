package provider_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

const cacheFile = "sluice." + providertest.Project + ".production.pay.cache"

// left is a cache as a program leaves it that ran entry 5, at noon.
func left(t *testing.T) (*providertest.Source, provider.Options, string) {
	t.Helper()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	source, dir := providertest.New(ports(1)), filepath.Join(t.TempDir(), "cache")
	for range 4 {
		source.Set(ports(5))
	}
	opts := source.Options()
	opts.Cache, opts.Patience, opts.Now = provider.DirCache(dir), time.Minute, func() time.Time { return noon }
	p := open(t, opts)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return source, opts, filepath.Join(dir, cacheFile)
}

func TestStart(t *testing.T) {
	fallback, err := provider.DocumentOf(ports(7))
	if err != nil {
		t.Fatal(err)
	}
	after := func(d time.Duration) func(*provider.Options) {
		return func(o *provider.Options) { now := o.Now().Add(d); o.Now = func() time.Time { return now } }
	}
	down := func(s *providertest.Source) { s.Disconnect() }
	for _, row := range []struct {
		sentence string
		source   func(*providertest.Source)
		start    provider.Start
		options  func(*provider.Options)
		origin   provider.Origin // none: it does not start
		port     int
		err      error
	}{
		{"the source answers", nil, provider.RequireFresh(), nil, provider.Live, 5, nil},
		{"the source answers, whatever else may be", nil, provider.AllowFallback(), nil, provider.Live, 5, nil},
		{"it is down, and fresh is required", down, provider.RequireFresh(), nil, "", 0, provider.ErrUnavailable},
		{"it is down for an hour, a day is allowed", down, provider.AllowStale(24 * time.Hour), after(time.Hour), provider.Cached, 5, nil},
		{"it is down for two days, a day is allowed", down, provider.AllowStale(24 * time.Hour), after(48 * time.Hour), "", 0, provider.ErrStale},
		{"the clock went back a minute", down, provider.AllowStale(24 * time.Hour), after(-time.Minute), provider.Cached, 5, nil},
		{"the clock went back a year", down, provider.AllowStale(24 * time.Hour), after(-365 * 24 * time.Hour), "", 0, provider.ErrStale},
		{"any age is allowed", down, provider.AllowFallback(), after(4800 * time.Hour), provider.Cached, 5, nil},
		{"no cache, and a fallback", down, provider.AllowFallback(), func(o *provider.Options) { o.Cache = nil }, provider.Fallback, 7, nil},
		{"a cache of another key", down, provider.AllowFallback(), func(o *provider.Options) { o.Keys = providertest.NewSigner("x").Keys() }, provider.Fallback, 7, nil},
		{"a cache that the program no longer takes", down, provider.AllowFallback(), func(o *provider.Options) {
			o.Check = func(s *provider.Snapshot) error {
				if n, _ := provider.Get[int](s, "app.yaml", "port"); n == 5 {
					return errors.New("five is right out")
				}
				return nil
			}
		}, provider.Fallback, 7, nil},
		{"a source that goes back behind the cache", func(s *providertest.Source) { s.Put(providertest.SourceSigner().Release(4, ports(4))) },
			provider.AllowStale(time.Hour), nil, provider.Cached, 5, nil},
		{"the same, and fresh is required", func(s *providertest.Source) { s.Put(providertest.SourceSigner().Release(4, ports(4))) },
			provider.RequireFresh(), nil, "", 0, provider.ErrBackwards},
		{"a source that lies", func(s *providertest.Source) { s.Put(providertest.NewSigner("x").Release(9, ports(9))) },
			provider.AllowStale(time.Hour), nil, provider.Cached, 5, nil},
		{"the app has left the stage meanwhile", func(s *providertest.Source) {
			none := providertest.Head(6, nil)
			none.Retired = true
			s.Put(providertest.Held{Head: providertest.SourceSigner().Sign(none)})
		}, provider.AllowFallback(), nil, "", 0, provider.ErrRetired},
		{"one that does not fit", func(s *providertest.Source) { s.Set(ports("x")) }, provider.AllowStale(time.Hour),
			func(o *provider.Options) { o.Check = provider.Fits[config]() }, provider.Cached, 5, nil},
	} {
		source, opts, _ := left(t)
		opts.Start, opts.Fallback = row.start, fallback
		if row.options != nil {
			row.options(&opts)
		}
		if row.source != nil {
			row.source(source)
		}
		if _, _, err := source.Head(t.Context()); err != nil {
			opts.Patience = time.Millisecond
		}
		p, err := provider.Open(t.Context(), opts)
		if row.origin == "" {
			if !errors.Is(err, row.err) {
				t.Errorf("%s: got %v, want %v", row.sentence, err, row.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.sentence, err)
			continue
		}
		port, err := provider.Get[int](p.Snapshot(), "app.yaml", "port")
		if p.Snapshot().Origin() != row.origin || port != row.port || err != nil || (p.Healthy() == nil) != (row.origin == provider.Live) {
			t.Errorf("%s: %s, port %d, %v, healthy %v", row.sentence, p.Snapshot().Origin(), port, err, p.Healthy())
		}
		_ = p.Close()
	}
}

func TestATamperedCacheIsRefused(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"one byte of the document": func(b []byte) []byte { return bytes.Replace(b, []byte(`"inline":"e`), []byte(`"inline":"f`), 1) },
		"the entry's number":       func(b []byte) []byte { return bytes.Replace(b, []byte(`"seq":5`), []byte(`"seq":6`), 1) },
		"cut off":                  func(b []byte) []byte { return b[:len(b)/2] },
		"empty":                    func([]byte) []byte { return nil },
		"another form":             func(b []byte) []byte { return bytes.Replace(b, []byte("v1"), []byte("v2"), 1) },
		"a time that is none":      func(b []byte) []byte { return bytes.Replace(b, []byte("2026-"), []byte("20x6-"), 1) },
	} {
		source, opts, path := left(t)
		opts.Start = provider.AllowStale(time.Hour)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(text), 0o600); err != nil {
			t.Fatal(err)
		}
		source.Disconnect()
		opts.Patience = time.Millisecond
		if p, err := provider.Open(t.Context(), opts); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", name, err)
			if err == nil {
				_ = p.Close()
			}
		}
		source.Reconnect()
		opts.Patience = time.Minute
		open(t, opts) // and replaced
		if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%s: afterwards it is not replaced: %v", name, err)
		}
	}
}

func TestTheCacheIsForItsOwnerAndWhole(t *testing.T) {
	_, _, path := left(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.tmp"))
	if err != nil || len(files) > 0 {
		t.Errorf("left over: %v, %v", files, err)
	}
}

// TestProgramsShareACache: of many that write at once the newest stays, and nobody ever reads a mixture.
func TestProgramsShareACache(t *testing.T) {
	source, opts, path := left(t)
	newest := providertest.SourceSigner().Release(60, ports(60))
	var group sync.WaitGroup
	for seq := int64(10); seq <= 60; seq++ {
		own := providertest.New(nil)
		own.Put(providertest.SourceSigner().Release(seq, ports(seq)))
		mine := opts
		mine.Source = own
		group.Go(func() {
			p, err := provider.Open(t.Context(), mine)
			if errors.Is(err, provider.ErrBackwards) {
				return // another one was faster and newer
			}
			if err != nil {
				t.Error(err)
				return
			}
			_ = p.Close()
		})
	}
	group.Wait()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, newest.Head) {
		t.Errorf("the newest is not what is kept: %v\n%s", err, text)
	}
	source.Disconnect()
	opts.Start, opts.Patience = provider.AllowStale(time.Hour), time.Millisecond
	if p := open(t, opts); p.Snapshot().Seq() != 60 {
		t.Errorf("starts with entry %d", p.Snapshot().Seq())
	}
}

// TestALargeDocumentIsKeptBesideTheHead also after the log key was replaced and the head signed again.
func TestALargeDocumentIsKeptBesideTheHead(t *testing.T) {
	source, dir := providertest.New(nil), t.TempDir()
	source.Put(providertest.SourceSigner().ReleaseBeside(3, ports(3)))
	opts := source.Options()
	opts.Cache, opts.Start, opts.Patience = provider.DirCache(dir), provider.AllowStale(time.Hour), time.Minute
	next := providertest.NewSigner("next")
	keys := opts.Keys.(provider.Keys)
	for id, key := range next.Keys() {
		keys[id] = key
	}
	p := open(t, opts)
	source.Put(next.ReleaseBeside(3, ports(3)))
	if err := p.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	source.Disconnect()
	opts.Keys, opts.Patience = next.Keys(), time.Millisecond // the old pin has gone
	again := open(t, opts)
	if n, err := provider.Get[int](again.Snapshot(), "app.yaml", "port"); n != 3 || err != nil || again.Snapshot().Origin() != provider.Cached {
		t.Errorf("port %d, %v", n, err)
	}
}

func TestACacheThatCannotBeWrittenIsNoReason(t *testing.T) {
	source := providertest.New(ports(1))
	opts := source.Options()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	opts.Cache = provider.DirCache(file)
	p := open(t, opts)
	if p.Snapshot().Seq() != 1 || p.Stats().CacheFailures == 0 {
		t.Errorf("entry %d, %+v", p.Snapshot().Seq(), p.Stats())
	}
	if _, err := provider.DirCache(t.TempDir()).Load(t.Context(), "x"); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "port") {
		t.Errorf("nothing kept: %v", err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	mounted := filepath.Join(dir, "production", "payments.ledger-config")
	if err := os.MkdirAll(mounted, 0o700); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{provider.EnvDirectory: dir, provider.EnvProject: providertest.Project, provider.EnvKeys: filepath.Join(dir, "keys")}
	opts, err := provider.LoadOptions(func(name string) string { return env[name] }, "production", "payments.ledger-config")
	if err != nil || opts.Stage != "production" || opts.App != "payments/ledger" || opts.Source.(provider.Directory).Path != mounted {
		t.Errorf("%+v, %v", opts, err)
	}
	if _, err := provider.LoadOptions(func(string) string { return "" }, "production", "pay-config"); err == nil || !strings.Contains(err.Error(), provider.EnvKeys) {
		t.Errorf("without keys: %v", err)
	}
	signer := providertest.NewSigner("load")
	document := providertest.Document(ports(8))
	head := providertest.Head(1, document)
	head.Inline = document
	mounted = filepath.Join(dir, "production", "pay-config")
	for name, text := range map[string]string{filepath.Join(mounted, provider.HeadFile): string(signer.Sign(head)), filepath.Join(dir, "keys"): signer.Line()} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(provider.EnvDirectory, dir)
	t.Setenv(provider.EnvProject, providertest.Project)
	t.Setenv(provider.EnvKeys, filepath.Join(dir, "keys"))
	t.Setenv(provider.EnvCache, filepath.Join(dir, "cache"))
	p, err := provider.Load(t.Context(), "production", "pay-config")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if n, err := provider.Get[int](p.Snapshot(), "app.yaml", "port"); n != 8 || err != nil {
		t.Errorf("port %d, %v", n, err)
	}
}

// TestLoadOfAnAppThatIsCalledLikeATemplate: what is there tells whether a name is an app's own or that of its ConfigMap.
func TestLoadOfAnAppThatIsCalledLikeATemplate(t *testing.T) {
	for _, row := range []struct {
		sentence, name string
		make           map[string]string // names below the directory: what they hold, or where they lead after "->"
		app, err       string
	}{
		{"a ConfigMap of the app x", "x-config", map[string]string{"..data": "->..1", "app.yaml": ""}, "x", ""},
		{"a ConfigMap of the app x-config", "x-config-config", map[string]string{"..data": "->..1"}, "x-config", ""},
		{"a directory that the target file filled for x-config", "x-config", map[string]string{"current": "->releases/1"}, "x-config", ""},
		{"one for x", "x", map[string]string{"current": "->releases/1"}, "x", ""},
		{"one below another", "pay/x-config", map[string]string{"current": "->releases/1"}, "pay/x-config", ""},
		{"copied without a link: its head is of x-config", "x-config", map[string]string{provider.HeadFile: `{"app":"x-config"}`}, "x-config", ""},
		{"copied without a link: its head is of x", "x-config", map[string]string{provider.HeadFile: `{"app":"x"}`}, "x", ""},
		{"its head is of somebody else", "x-config", map[string]string{provider.HeadFile: `{"app":"y"}`}, "x", ""},
		{"mounted, and nothing in it yet", "x-config", map[string]string{"other": ""}, "x", ""},
		{"nothing there", "x-config", nil, "", "the app is x in a mounted ConfigMap and x-config in a directory"},
		{"nothing there, and no doubt", "x", nil, "x", ""},
		{"a ConfigMap of one release", "pay.x-config-2456789bcd", map[string]string{"..data": "->..1", "..1/" + provider.HeadFile: `{"app":"pay/x"}`}, "", "mount it at the path …/pay.x-config and load pay.x-config"},
		{"one of another template", "x-2456789bcd", map[string]string{"..data": "->..1", "..1/" + provider.HeadFile: `{"app":"x"}`}, "", "load x"},
		{"an app that is called so", "x-2456789bcd", map[string]string{"..data": "->..1", "..1/" + provider.HeadFile: `{"app":"x-2456789bcd"}`}, "x-2456789bcd", ""},
		{"an app that is called so, with nothing there yet", "x-2456789bcd", nil, "x-2456789bcd", ""},
	} {
		dir := t.TempDir()
		for name, text := range row.make {
			at := filepath.Join(dir, "production", row.name, name)
			if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
				t.Fatal(err)
			}
			err := os.WriteFile(at, []byte(text), 0o600)
			if target, ok := strings.CutPrefix(text, "->"); ok {
				err = errors.Join(os.Remove(at), os.Symlink(target, at))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		env := map[string]string{provider.EnvDirectory: dir, provider.EnvProject: providertest.Project, provider.EnvKeys: filepath.Join(dir, "keys")}
		opts, err := provider.LoadOptions(func(name string) string { return env[name] }, "production", row.name)
		if opts.App != row.app || (err == nil) != (row.err == "") || err != nil && !strings.Contains(err.Error(), row.err) {
			t.Errorf("%s: got %q, %v", row.sentence, opts.App, err)
		}
	}
}
