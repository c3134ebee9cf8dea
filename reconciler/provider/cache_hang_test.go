//go:build unix

package provider_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// TestACacheThatHangsHoldsNobodyUp: a lock that another process never gives back, a pipe where the cache should be, and a
// cache of the program's own that does not answer. Open has its patience, and a running provider goes on.
func TestACacheThatHangsHoldsNobodyUp(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, file string, opts *provider.Options){
		"the lock is held": func(t *testing.T, file string, _ *provider.Options) {
			f, err := os.OpenFile(file+".lock", os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
				t.Fatal(err)
			}
		},
		"it is a pipe": func(t *testing.T, file string, _ *provider.Options) {
			if err := errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)); err != nil {
				t.Fatal(err)
			}
		},
		"it does not answer": func(_ *testing.T, _ string, opts *provider.Options) { opts.Cache = deadCache{} },
	} {
		t.Run(name, func(t *testing.T) {
			source, opts, file := left(t)
			opts.Start, opts.Patience, opts.Timeout = provider.AllowStale(time.Hour), time.Second, time.Second
			spoil(t, file, &opts)
			opened := make(chan *provider.Provider, 1)
			go func() {
				p, err := provider.Open(t.Context(), opts)
				if err != nil {
					t.Error(err)
				}
				opened <- p
			}()
			var p *provider.Provider
			select {
			case p = <-opened:
			case <-time.After(20 * time.Second):
				t.Fatal("Open hangs")
			}
			if p == nil {
				return
			}
			defer p.Close()
			if s := p.Stats(); s.Origin != provider.Live || s.CacheFailures == 0 {
				t.Errorf("%+v", s)
			}
			source.Set(ports(6))
			if err := p.Refresh(t.Context()); err != nil || p.Snapshot().Seq() != 6 {
				t.Errorf("entry %d, %v", p.Snapshot().Seq(), err)
			}
		})
	}
}

// TestACacheIsNotWaitedForAtBind: what the cache does holds up nobody who reads, binds or asks.
func TestACacheIsNotWaitedForAtBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := providertest.New(ports(1))
		opts := source.Options()
		opts.Cache = deadCache{}
		p := open(t, opts)
		source.Set(ports(2))
		synctest.Wait()
		time.Sleep(time.Second) // the watch has woken the provider, which now waits for the cache
		before := time.Now()
		bind[config](t, p)
		if err := p.Healthy(); err != nil || p.Snapshot().Seq() != 2 || time.Since(before) > 0 {
			t.Errorf("entry %d, %v after %s", p.Snapshot().Seq(), err, time.Since(before))
		}
	})
}

func TestACacheThatIsNoFileSaysSo(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/x", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DirCache(dir).Load(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}

// TestAStartWithoutALookIsNotHealthy: the cache took all the patience that there is, so nobody asked the source.
func TestAStartWithoutALookIsNotHealthy(t *testing.T) {
	source, opts, _ := left(t)
	source.Disconnect()
	opts.Start, opts.Patience = provider.AllowStale(time.Hour), 10*time.Millisecond
	opts.Cache = lateCache{opts.Cache}
	for range 20 { // whether it is still looked once is chance
		p, err := provider.Open(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Healthy(); !errors.Is(err, provider.ErrUnavailable) {
			t.Errorf("got %v, want that nobody could ask the source", err)
		}
		p.Close()
	}
}

// lateCache answers when patience is over.
type lateCache struct{ provider.Cache }

func (c lateCache) Load(_ context.Context, name string) ([]byte, error) {
	time.Sleep(20 * time.Millisecond)
	return c.Cache.Load(context.Background(), name)
}

// deadCache answers nothing until it is no longer asked.
type deadCache struct{}

func (deadCache) Load(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (deadCache) Store(ctx context.Context, _ string, _ []byte, _ func([]byte) bool) error {
	<-ctx.Done()
	return ctx.Err()
}
