package provider_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type config struct {
	Port int `sluice:"port"`
}

func ports(port any) map[string]any { return map[string]any{"app.yaml": map[string]any{"port": port}} }

func open(t *testing.T, opts provider.Options) *provider.Provider {
	t.Helper()
	p, err := provider.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func bind[T any](t *testing.T, p *provider.Provider, options ...provider.BindOption) *provider.Binding[T] {
	t.Helper()
	b, err := provider.Bind[T](p, options...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAChangeIsAskedThenMadeThenTold: in this order, and a no of anybody leaves everything as it was.
func TestAChangeIsAskedThenMadeThenTold(t *testing.T) {
	source := providertest.New(ports(1))
	p := open(t, source.Options())
	b, other := bind[config](t, p), bind[map[string]int](t, p)
	var story []string
	refuse := map[int]error{}
	b.OnChange(func(_ context.Context, old, new *config, changes provider.Changes) error {
		story = append(story, fmt.Sprintf("asked %d>%d %s", old.Port, new.Port, changes))
		return refuse[new.Port]
	})
	b.AfterChange(func(old, new *config, _ provider.Changes) {
		story = append(story, fmt.Sprintf("told %d>%d, runs %d %d", old.Port, new.Port, b.Load().Port, (*other.Load())["port"]))
	})
	step := func(port int) error {
		source.Set(ports(port))
		return p.Refresh(t.Context())
	}
	refuse[3] = errors.New("the port is taken")
	for port, want := range []string{2: "", 3: "the port is taken", 4: ""} {
		if port < 2 {
			continue
		}
		err := step(port)
		if (err == nil) != (want == "") || want != "" && (!errors.Is(err, provider.ErrRejected) || !strings.Contains(err.Error(), want)) {
			t.Errorf("port %d: %v", port, err)
		}
	}
	got := strings.Join(unique(story), "\n")
	want := strings.Join([]string{
		"asked 1>2 replace app.yaml: port", "told 1>2, runs 2 2",
		"asked 2>3 replace app.yaml: port",
		"asked 2>4 replace app.yaml: port", "told 2>4, runs 4 4",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// unique drops repetitions: what was rejected is asked again at the next look, of which the watch makes one of its own.
func unique(lines []string) (out []string) {
	for i, line := range lines {
		if i == 0 || line != lines[i-1] {
			out = append(out, line)
		}
	}
	return out
}

func TestWhatDoesNotFitIsRejected(t *testing.T) {
	for name, files := range map[string]map[string]any{
		"a wrong type":           ports("eighty"),
		"a missing key":          {"app.yaml": map[string]any{}},
		"a key more, in strict":  {"app.yaml": map[string]any{"port": 2, "prot": 3}},
		"a file more":            {"app.yaml": map[string]any{"port": 2}, "b.yaml": map[string]any{}},
		"a callback that panics": ports(666),
	} {
		source := providertest.New(ports(1))
		p := open(t, source.Options())
		b := bind[config](t, p, provider.Strict())
		b.OnChange(func(_ context.Context, _, new *config, _ provider.Changes) error {
			if new.Port == 666 {
				panic("hunter2")
			}
			return nil
		})
		source.Set(files)
		err := p.Refresh(t.Context())
		if !errors.Is(err, provider.ErrRejected) || strings.Contains(err.Error(), "eighty") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
		if b.Load().Port != 1 || p.Snapshot().Seq() != 1 || p.Healthy() == nil || p.Stats().Rejected == 0 {
			t.Errorf("%s: entry %d runs, %+v", name, p.Snapshot().Seq(), p.Stats())
		}
		source.Set(ports(3))
		if err := p.Refresh(t.Context()); err != nil || b.Load().Port != 3 || p.Healthy() != nil {
			t.Errorf("%s: afterwards port %d, %v", name, b.Load().Port, err)
		}
	}
}

// TestSeveralBindingsOfOneSnapshot: At reads them of the same release, also while another one comes in.
func TestSeveralBindingsOfOneSnapshot(t *testing.T) {
	source := providertest.New(ports(1))
	p := open(t, source.Options())
	a, b := bind[config](t, p), bind[map[string]int](t, p)
	held := p.Snapshot()
	source.Set(ports(2))
	if err := p.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a.At(held).Port != 1 || (*b.At(held))["port"] != 1 || a.At(p.Snapshot()).Port != 2 || a.Load().Port != 2 {
		t.Error("a snapshot that is held changed, or the new one is not there")
	}
	if late := bind[config](t, p); late.At(held) != nil {
		t.Error("a binding knows a snapshot from before it")
	}
}

// TestTheWatchGoesOn plays in a bubble with its own clock: bursts, outages, lost watches and the regular re-read.
func TestTheWatchGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := providertest.New(ports(1))
		p, err := provider.Open(t.Context(), source.Options())
		if err != nil {
			t.Fatal(err)
		}
		b := bind[config](t, p)
		told := 0
		b.AfterChange(func(_, _ *config, _ provider.Changes) { told++ })
		settle := func() { time.Sleep(time.Second); synctest.Wait() }

		looks := p.Stats().Looks
		time.Sleep(22 * time.Minute)
		if n := p.Stats().Looks - looks; n < 3 || n > 5 {
			t.Errorf("%d looks in 22 minutes in which nothing happens, want one in about five minutes", n)
		}

		for port := 2; port <= 200; port++ {
			source.Set(ports(port))
		}
		settle()
		if b.Load().Port != 200 || told > 2 {
			t.Errorf("after a burst: port %d, told %d times", b.Load().Port, told)
		}

		source.Disconnect()
		time.Sleep(time.Hour)
		if n := p.Stats().Failed; b.Load().Port != 200 || p.Healthy() == nil || n < 60 || n > 300 {
			t.Errorf("an hour without the source: port %d, %d attempts, %v", b.Load().Port, n, p.Healthy())
		}
		source.Set(ports(201))
		source.Reconnect()
		time.Sleep(31 * time.Second)
		if b.Load().Port != 201 || p.Healthy() != nil {
			t.Errorf("half a minute after it came back: port %d, %v", b.Load().Port, p.Healthy())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		source.Set(ports(202))
		settle()
		if b.Load().Port != 201 || !errors.Is(p.Healthy(), provider.ErrClosed) || !errors.Is(p.Refresh(t.Context()), provider.ErrClosed) {
			t.Errorf("after Close: port %d, %v", b.Load().Port, p.Healthy())
		}
	})
}

// TestOneLineTellsThatItIsWellAgain: whoever reads that the source is away reads that it is there again, and neither twice.
func TestOneLineTellsThatItIsWellAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, log := providertest.New(ports(1)), &bytes.Buffer{}
		opts := source.Options()
		opts.Log = slog.New(slog.NewTextHandler(log, nil))
		p, err := provider.Open(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			source.Disconnect()
			time.Sleep(time.Hour)
			source.Reconnect()
			time.Sleep(time.Hour)
			synctest.Wait()
			if away, well := strings.Count(log.String(), "kept what runs"), strings.Count(log.String(), "well again"); away != n+1 || well != n+1 {
				t.Errorf("away %d times, %d lines say so, and %d that it is well again:\n%s", n+1, away, well, log)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestACheckThatIsCutShortHasRefusedNothing: a program that ends meanwhile says nothing of the release.
func TestACheckThatIsCutShortHasRefusedNothing(t *testing.T) {
	source, log := providertest.New(ports(1)), &bytes.Buffer{}
	opts := source.Options()
	opts.Log = slog.New(slog.NewTextHandler(log, nil))
	ctx, cancel := context.WithCancel(t.Context())
	opts.Check = func(*provider.Snapshot) error { cancel(); return fmt.Errorf("check: %w", ctx.Err()) }
	_, err := provider.Open(ctx, opts)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrRejected) || log.Len() > 0 {
		t.Errorf("got %v; the log says %q", err, log)
	}
}

// deaf is a source whose watch never says anything.
type deaf struct{ *providertest.Source }

func (deaf) Watch(ctx context.Context, _ provider.Position) error { <-ctx.Done(); return ctx.Err() }

func TestAWatchThatIsSilentCostsMinutesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := providertest.New(ports(1))
		opts := source.Options()
		opts.Source = deaf{source}
		p := open(t, opts)
		b := bind[config](t, p)
		source.Set(ports(2))
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if b.Load().Port != 2 {
			t.Errorf("port %d after six minutes", b.Load().Port)
		}
	})
}

// printed is what was written to it, from whatever goroutine.
type printed struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// TestNothingPrintsAValue: errors, logs, changes and reports of a configuration whose every value is a secret.
func TestNothingPrintsAValue(t *testing.T) {
	const secret = "hunter2"
	var text printed // the provider looks by itself meanwhile
	source := providertest.New(map[string]any{"app.yaml": map[string]any{"port": 1, "token": secret}})
	opts := source.Options()
	opts.Log = slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := open(t, opts)
	type typed struct {
		Port  int             `sluice:"port"`
		Token provider.Secret `sluice:"token"`
	}
	b := bind[typed](t, p)
	b.OnChange(func(_ context.Context, _, _ *typed, changes provider.Changes) error {
		fmt.Fprintf(&text, "%v %+v %#v %s", changes, changes, changes, changes[0].New)
		return errors.New("no, says the program")
	})
	for _, files := range []map[string]any{
		{"app.yaml": map[string]any{"port": secret, "token": secret}},
		{"app.yaml": map[string]any{"port": 1, "token": secret + secret}},
		{"app.yaml": secret},
	} {
		source.Set(files)
		fmt.Fprintln(&text, p.Refresh(t.Context()), p.Healthy(), p.Stats())
	}
	if strings.Contains(text.String(), secret) {
		t.Errorf("printed:\n%s", text.String())
	}
	if !strings.Contains(text.String(), "no, says the program") {
		t.Error("the program's own reason is lost")
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*provider.Options){
		"no source":                func(o *provider.Options) { o.Source = nil },
		"no keys":                  func(o *provider.Options) { o.Keys = nil },
		"an empty set of keys":     func(o *provider.Options) { o.Keys = provider.Keys{} },
		"no project":               func(o *provider.Options) { o.Project = "" },
		"no stage":                 func(o *provider.Options) { o.Stage = "" },
		"an app that climbs":       func(o *provider.Options) { o.App = "../x" },
		"stale without a cache":    func(o *provider.Options) { o.Start = provider.AllowStale(time.Hour) },
		"fallback without any":     func(o *provider.Options) { o.Start = provider.AllowFallback() },
		"a project that is a path": func(o *provider.Options) { o.Project = "../../etc" },
	} {
		opts := providertest.New(ports(1)).Options()
		change(&opts)
		if p, err := provider.Open(t.Context(), opts); err == nil {
			t.Errorf("%s: accepted", name)
			_ = p.Close()
		}
	}
}
