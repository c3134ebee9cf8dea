package providertest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Fixture is a source of its own for one test, with its system as the reconciler sees it.
type Fixture struct {
	// Open is one more program that reads the place of App in Stage.
	Open func(t *testing.T) provider.Source
	// Put does what the reconciler does: the place holds what it is given, at once and whole.
	Put func(t *testing.T, held Held)
	// Clear empties the place again.
	Clear func(t *testing.T)
	// InlineOnly says that nothing is kept beside the head.
	InlineOnly bool
	// Forget drops the system's history; nil where there is none.
	Forget func(t *testing.T)
	// Break stops the system from answering until heal; what it holds stays. Nil where that cannot happen.
	Break func(t *testing.T) (heal func())
}

// TestSource asks of a source what its contract says, and of a provider on it what every program relies on.
func TestSource(t *testing.T, fresh func(t *testing.T) Fixture) {
	for name, test := range map[string]func(*testing.T, Fixture){
		"a document in the head is read":        readsInline,
		"a document beside the head is read":    readsBeside,
		"nothing there is said so":              saysNothing,
		"a change before the watch is seen":     seesGap,
		"a change during the watch is seen":     seesChange,
		"a watch ends with its context":         endsWatch,
		"history that was forgotten is no loss": survivesForgetting,
		"no read is torn":                       neverTorn,
		"what is not the reconciler's":          refusesAll,
		"a replaced log key":                    rotatesKeys,
		"an outage and a restart":               survivesOutage,
		"clocks that differ":                    ignoresClocks,
		"an app that retires":                   retires,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

var (
	signer = NewSigner("suite")
	one    = map[string]any{"app.yaml": map[string]any{"port": 1}}
	two    = map[string]any{"app.yaml": map[string]any{"port": 2}}
)

type config struct {
	Port int `sluice:"port"`
}

// program is a provider with what it was told.
type program struct {
	*provider.Provider
	config *provider.Binding[config]
	told   chan int
}

func (f Fixture) options(t *testing.T) provider.Options {
	return provider.Options{Source: f.Open(t), Project: Project, Stage: Stage, App: App, Keys: signer.Keys()}
}

func run(t *testing.T, opts provider.Options) program {
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
	b, err := provider.Bind[config](p, provider.Strict())
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan int, 1000)
	b.AfterChange(func(_, new *config, _ provider.Changes) { told <- new.Port })
	return program{p, b, told}
}

// await waits until the program was told of the value; a source that never tells fails the test.
func (p program) await(t *testing.T, port int) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case got := <-p.told:
			if got == port {
				return
			}
		case <-late:
			t.Fatalf("port %d never came; %v", port, p.Healthy())
		}
	}
}

func readsInline(t *testing.T, f Fixture) {
	f.Put(t, signer.Release(1, one))
	if got := run(t, f.options(t)).config.Load().Port; got != 1 {
		t.Errorf("got %d, want 1", got)
	}
}

func readsBeside(t *testing.T, f Fixture) {
	if f.InlineOnly {
		t.Skip("this source keeps nothing beside the head")
	}
	f.Put(t, signer.ReleaseBeside(1, one))
	p := run(t, f.options(t))
	f.Put(t, signer.ReleaseBeside(2, two))
	p.await(t, 2)
}

func saysNothing(t *testing.T, f Fixture) {
	f.Clear(t)
	if _, _, err := f.Open(t).Head(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func seesGap(t *testing.T, f Fixture) {
	f.Put(t, signer.Release(1, one))
	source := f.Open(t)
	_, at, err := source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.Put(t, signer.Release(2, two))
	if err := source.(provider.Watcher).Watch(t.Context(), at); err != nil {
		t.Error(err)
	}
}

func seesChange(t *testing.T, f Fixture) {
	f.Put(t, signer.Release(1, one))
	p := run(t, f.options(t))
	for seq := int64(2); seq < 6; seq++ {
		f.Put(t, signer.Release(seq, map[string]any{"app.yaml": map[string]any{"port": seq}}))
		p.await(t, int(seq))
	}
}

func endsWatch(t *testing.T, f Fixture) {
	f.Put(t, signer.Release(1, one))
	source := f.Open(t)
	_, at, err := source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- source.(provider.Watcher).Watch(ctx, at) }()
	cancel()
	if err := <-ended; err == nil {
		t.Error("a watch that was called off says that something changed")
	}
}

func survivesForgetting(t *testing.T, f Fixture) {
	if f.Forget == nil {
		t.Skip("this source has no history")
	}
	f.Put(t, signer.Release(1, one))
	source := f.Open(t)
	raw, at, err := source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := run(t, f.options(t))
	f.Put(t, signer.ReleaseBeside(2, two))
	f.Put(t, signer.ReleaseBeside(3, one))
	f.Forget(t)
	_ = source.(provider.Watcher).Watch(t.Context(), at) // it may say that it lost the place, but has to say something
	head, err := provider.DecodeHead(raw)
	if err != nil {
		t.Fatal(err)
	}
	if document, err := source.Document(t.Context(), provider.Part{Doc: head.Doc, Size: head.Size, Blobs: 1}, at); err == nil && string(document) != string(head.Inline) {
		t.Error("another document than the head names, and no error")
	}
	if err := p.Refresh(t.Context()); err != nil || p.Snapshot().Seq() != 3 {
		t.Errorf("entry %d, %v", p.Snapshot().Seq(), err)
	}
	f.Put(t, signer.Release(4, two))
	p.await(t, 2)
}

// neverTorn flips a configuration in which every key says the same, and looks at every snapshot.
func neverTorn(t *testing.T, f Fixture) {
	const flips, keys = 60, 40
	put := func(seq int64) {
		values := map[string]any{}
		for k := range keys {
			values[fmt.Sprintf("key-%02d", k)] = seq
		}
		files := map[string]any{"app.yaml": values, "copy.json": values}
		if held := signer.ReleaseBeside(seq, files); !f.InlineOnly && seq%2 == 0 {
			f.Put(t, held)
		} else {
			f.Put(t, signer.Release(seq, files))
		}
	}
	put(1)
	p, err := provider.Open(t.Context(), f.options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var group sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		group.Go(func() {
			last := int64(0)
			for {
				err := p.Refresh(t.Context()) // a document that is gone already is read again
				s := p.Snapshot()
				if err != nil && !errors.Is(err, provider.ErrUnavailable) || s.Seq() < last || !whole(s, keys) {
					t.Errorf("entry %d after %d, or a mixture: %v", s.Seq(), last, err)
					return
				}
				last = s.Seq()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for seq := int64(2); seq <= flips; seq++ {
		put(seq)
	}
	close(done)
	group.Wait()
	if err := p.Refresh(t.Context()); err != nil || p.Snapshot().Seq() != flips {
		t.Errorf("at the end: entry %d, %v", p.Snapshot().Seq(), err)
	}
}

// whole reports whether every key of a snapshot is of its own entry.
func whole(s *provider.Snapshot, keys int) bool {
	for _, file := range []string{"app.yaml", "copy.json"} {
		for k := range keys {
			if n, err := provider.Get[int64](s, file, fmt.Sprintf("key-%02d", k)); err != nil || n != s.Seq() {
				return false
			}
		}
	}
	return true
}
