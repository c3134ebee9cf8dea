package provider_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// hanging is a program one of whose functions does not return until it is let go.
type hanging struct {
	p      *provider.Provider
	b      *provider.Binding[config]
	source *providertest.Source
	asked  atomic.Int32 // how often the function was called
	let    func()
}

func hang(t *testing.T, on func(*hanging, chan struct{})) *hanging {
	t.Helper()
	release := make(chan struct{})
	h := &hanging{source: providertest.New(ports(1)), let: func() { close(release) }}
	p, err := provider.Open(t.Context(), h.source.Options())
	if err != nil {
		t.Fatal(err)
	}
	h.p, h.b = p, bind[config](t, p)
	on(h, release)
	h.source.Set(ports(2))
	time.Sleep(time.Second)
	synctest.Wait()
	if n := h.asked.Load(); n != 1 {
		t.Fatalf("called %d times", n)
	}
	return h
}

func onChange(h *hanging, release chan struct{}) {
	h.b.OnChange(func(context.Context, *config, *config, provider.Changes) error {
		h.asked.Add(1)
		<-release // and not the context
		return nil
	})
}

func afterChange(h *hanging, release chan struct{}) {
	h.b.AfterChange(func(_, _ *config, _ provider.Changes) {
		h.asked.Add(1)
		<-release
	})
}

// TestAFunctionThatHangsHoldsNothingElseUp: it is seen soon, it is not called a second time meanwhile, and the provider
// goes on with what it has; when it returns all is as before.
func TestAFunctionThatHangsHoldsNothingElseUp(t *testing.T) {
	for name, row := range map[string]struct {
		on   func(*hanging, chan struct{})
		runs int
		says string
	}{
		"OnChange":    {onChange, 1, "OnChange"},
		"AfterChange": {afterChange, 2, "AfterChange"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := hang(t, row.on)
				before := time.Now()
				if late := bind[config](t, h.p); late.Load().Port != row.runs || time.Since(before) > 0 {
					t.Errorf("Bind took %s and has port %d", time.Since(before), late.Load().Port)
				}
				time.Sleep(32 * time.Second)
				if err := h.p.Healthy(); err == nil || !strings.Contains(err.Error(), row.says) || h.p.Stats().Hung != 1 {
					t.Errorf("half a minute later: %v, %+v", err, h.p.Stats())
				}
				h.source.Set(ports(3))
				err := h.p.Refresh(t.Context())
				if !errors.Is(err, provider.ErrRejected) || h.p.Snapshot().Seq() != int64(row.runs) || h.asked.Load() != 1 {
					t.Errorf("another release: %v; entry %d runs, called %d times", err, h.p.Snapshot().Seq(), h.asked.Load())
				}
				time.Sleep(5 * time.Second) // the watch's own look at it is over
				h.let()
				time.Sleep(time.Second) // and not until the next refresh
				synctest.Wait()
				if h.b.Load().Port != 3 || h.p.Healthy() != nil || h.p.Stats().Hung != 1 {
					t.Errorf("after it has returned: port %d, %v", h.b.Load().Port, h.p.Healthy())
				}
				if err := h.p.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestNoFunctionIsNotTaken: it would refuse every release later, with no word of why.
func TestNoFunctionIsNotTaken(t *testing.T) {
	p, err := provider.Open(t.Context(), providertest.New(ports(1)).Options())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := bind[config](t, p)
	for name, register := range map[string]func(){"OnChange": func() { b.OnChange(nil) }, "AfterChange": func() { b.AfterChange(nil) }} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, name) {
					t.Errorf("%s: panicked with %q", name, said)
				}
			}()
			register()
		}()
	}
}

func TestCloseDoesNotWaitForAFunctionThatHangs(t *testing.T) {
	for name, on := range map[string]func(*hanging, chan struct{}){"OnChange": onChange, "AfterChange": afterChange} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := hang(t, on)
				before := time.Now()
				if err := h.p.Close(); err != nil || time.Since(before) > 5*time.Second {
					t.Errorf("after %s: %v", time.Since(before), err)
				}
				h.let()
			})
		})
	}
}

// TestOnChangeHasADeadline: one that heeds its context refuses in time, and is asked again.
func TestOnChangeHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := providertest.New(ports(1))
		opts := source.Options()
		opts.Callback = 3 * time.Second
		p := open(t, opts)
		b := bind[config](t, p)
		b.OnChange(func(ctx context.Context, _, new *config, _ provider.Changes) error {
			if new.Port == 2 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		source.Set(ports(2))
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if err := p.Healthy(); !errors.Is(err, provider.ErrRejected) || !errors.Is(err, context.DeadlineExceeded) || p.Stats().Hung != 0 {
			t.Errorf("%v, %+v", err, p.Stats())
		}
		source.Set(ports(3))
		if err := p.Refresh(t.Context()); err != nil || b.Load().Port != 3 {
			t.Errorf("port %d, %v", b.Load().Port, err)
		}
	})
}

// TestBindWhileAReleaseIsAskedAbout: a binding that is made while others are asked about a release is asked, too.
func TestBindWhileAReleaseIsAskedAbout(t *testing.T) {
	source := providertest.New(ports(1))
	p := open(t, source.Options())
	var late *provider.Binding[map[string]int]
	var once atomic.Bool
	bind[config](t, p).OnChange(func(context.Context, *config, *config, provider.Changes) error {
		if once.CompareAndSwap(false, true) {
			late = bind[map[string]int](t, p)
		}
		return nil
	})
	source.Set(ports(2))
	if err := p.Refresh(t.Context()); err != nil || (*late.Load())["port"] != 2 || (*late.At(p.Snapshot()))["port"] != 2 {
		t.Errorf("%v, %v", err, *late.Load())
	}
}
