package provider_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// low is a configuration whose own opinion is in no schema.
type low struct {
	Port int `sluice:"port"`
}

func (l low) Validate() error {
	if l.Port > 100 {
		return errors.New("above 100")
	}
	return nil
}

// kept is the entry that the cache has.
func kept(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `"seq":`)
	seq, _, _ := strings.Cut(rest, ",")
	return seq
}

// TestARestartKeepsTheLastGood: the program of the README refuses a release while it runs, and is restarted: it runs on with
// what it had, however often, and takes the next release that is good.
func TestARestartKeepsTheLastGood(t *testing.T) {
	source, opts, path := left(t)
	opts.Start = provider.AllowStale(24 * time.Hour)
	p := open(t, opts)
	bind[low](t, p)
	source.Set(ports(666)) // entry 6
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrRejected) || kept(t, path) != "5" {
		t.Fatalf("while it runs: %v, kept %s", err, kept(t, path))
	}
	p.Close()
	for range 2 {
		p, err := provider.Open(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		b, err := provider.Bind[low](p)
		if err != nil {
			t.Fatal(err)
		}
		if s := p.Snapshot(); b.Load().Port != 5 || b.At(s) == nil || s.Seq() != 5 || s.Origin() != provider.Cached {
			t.Errorf("runs port %d of entry %d from %s", b.Load().Port, s.Seq(), s.Origin())
		}
		if err := p.Healthy(); !errors.Is(err, provider.ErrRejected) || !strings.Contains(err.Error(), "entry 6: ") {
			t.Errorf("healthy: %v", err)
		}
		if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrRejected) {
			t.Errorf("looked again: %v", err)
		}
		p.Close()
		if kept(t, path) != "5" {
			t.Errorf("the cache has entry %s", kept(t, path))
		}
	}
	p = open(t, opts)
	b := bind[low](t, p)
	source.Put(providertest.SourceSigner().Release(4, ports(4)))
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrBackwards) {
		t.Errorf("an old copy: %v", err)
	}
	source.Put(providertest.SourceSigner().Release(7, ports(7)))
	if err := p.Refresh(t.Context()); err != nil || b.Load().Port != 7 {
		t.Errorf("the next release: port %d, %v", b.Load().Port, err)
	}
	p.Close()
	if kept(t, path) != "7" {
		t.Errorf("the cache has entry %s", kept(t, path))
	}
}

// TestARefusalAtTheStartStands where nothing else may run, and the cache keeps what it has.
func TestARefusalAtTheStartStands(t *testing.T) {
	for _, row := range []struct {
		sentence string
		change   func(*provider.Options)
		want     string
	}{
		{"fresh is required", func(o *provider.Options) { o.Start = provider.RequireFresh() }, "Start does not allow it"},
		{"the cache is too old", func(o *provider.Options) { now := o.Now().Add(48 * time.Hour); o.Now = func() time.Time { return now } }, "it was confirmed at"},
		{"Check does not take it", func(o *provider.Options) {
			o.Check = func(s *provider.Snapshot) error {
				if s.Seq() == 5 {
					return errors.New("five is right out")
				}
				return nil
			}
		}, "five is right out"},
	} {
		source, opts, path := left(t)
		source.Set(ports(666))
		opts.Start = provider.AllowStale(24 * time.Hour)
		row.change(&opts)
		p := open(t, opts)
		if _, err := provider.Bind[low](p); !errors.Is(err, provider.ErrRejected) || !strings.Contains(err.Error(), "above 100") || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v", row.sentence, err)
		}
		_ = p.Refresh(t.Context())
		p.Close()
		if kept(t, path) != "5" {
			t.Errorf("%s: the cache has entry %s", row.sentence, kept(t, path))
		}
	}
}

// TestTheSecondBindingRefuses: what was bound before goes back with it, and is asked.
func TestTheSecondBindingRefuses(t *testing.T) {
	for _, no := range []error{nil, errors.New("not back")} {
		source, opts, path := left(t)
		source.Set(ports(666))
		opts.Start = provider.AllowStale(24 * time.Hour)
		p := open(t, opts)
		first := bind[config](t, p)
		first.OnChange(func(context.Context, *config, *config, provider.Changes) error { return no })
		told := 0
		first.AfterChange(func(old, new *config, _ provider.Changes) { told = old.Port*10 + new.Port })
		second, err := provider.Bind[low](p)
		if no == nil && (err != nil || first.Load().Port != 5 || second.Load().Port != 5 || told != 6665) {
			t.Errorf("got %v, first %d, told %d", err, first.Load().Port, told)
		}
		if no != nil && (!errors.Is(err, no) || first.Load().Port != 666) {
			t.Errorf("refused: got %v, first %d", err, first.Load().Port)
		}
		p.Close()
		if kept(t, path) != "5" {
			t.Errorf("the cache has entry %s", kept(t, path))
		}
	}
}

// TestANewReleaseIsKeptAfterTheStart whether or not something is bound, and also of two types the second that fits.
func TestANewReleaseIsKeptAfterTheStart(t *testing.T) {
	source, opts, path := left(t)
	source.Set(ports(666))
	synctest.Test(t, func(t *testing.T) {
		opts.Source = still{source.Options().Source}
		p, err := provider.Open(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.Bind[low](p); err == nil {
			t.Error("it is taken")
		}
		bind[config](t, p)
		if kept(t, path) != "5" {
			t.Errorf("at once the cache has entry %s", kept(t, path))
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if kept(t, path) != "6" {
			t.Errorf("afterwards the cache has entry %s", kept(t, path))
		}
		p.Close()
	})
}

// still is a source that cannot be watched.
type still struct{ provider.Source }
