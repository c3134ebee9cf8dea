package integrationstest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *asker) bytes(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	odd := map[string]string{
		"empty": "", "every": string(every), "bad.yaml": "\xff\xfe: [", "markup.html": "<a href='x'>&amp;\u2028</a>",
		"deep/er/and-deeper/file.txt": "x", "name with space.txt": "x", "ümlaut.yaml": "x", ".hidden": "x", "-dash": "x", "a=b,c.txt": "x",
	}
	for path, text := range odd {
		if a.Refuses != nil && a.Refuses(path) {
			a.refused(t, a.release("odd", 1, map[string]string{path: text}), integrations.ErrInvalid)
			delete(odd, path)
		}
	}
	a.write(t, a.release("odd", 1, odd))
	want := a.release("modes", 1, map[string]string{"run.sh": "#!/bin/sh\n", "app.yaml": "a: 1\n"})
	want.Manifest[1].Mode = schema.Executable
	want.Revision, want.Content, want.Document = want.Manifest.Revision(nil), want.Manifest.Content(), document(want)
	a.write(t, want)
}

func (a *asker) fits(t *testing.T) {
	fitter, ok := a.target.(integrations.Fitter)
	if ok && fitter.Fits(a.release("pay", 1, red)).Outcome != schema.Allow {
		t.Errorf("an ordinary release does not fit: %+v", fitter.Fits(a.release("pay", 1, red)))
	}
	if a.Limit == 0 {
		return
	}
	largest := a.release("large", 1, map[string]string{"app.bin": strings.Repeat("\x00", a.Limit/2)})
	for len(largest.Document) < a.Limit {
		largest.Document = append(largest.Document, ' ')
	}
	a.write(t, largest)
	over := largest
	over.Seq, over.Document = 2, append(append([]byte(nil), largest.Document...), ' ')
	a.refused(t, over, integrations.ErrTooLarge)
	if !ok {
		t.Fatal("a target with a limit has to say so in Fits")
	}
	if v := fitter.Fits(largest); v.Outcome != schema.Allow {
		t.Errorf("the largest release: %+v", v)
	}
	if v := fitter.Fits(over); v.Outcome == schema.Allow || v.Code == "" {
		t.Errorf("a release one byte too large: %+v", v)
	}
}

func (a *asker) cancelled(t *testing.T) {
	want := a.release("pay", 5, blue)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.target.Write(ctx, want); !errors.Is(err, context.Canceled) {
		t.Errorf("write: got %v, want context.Canceled in it", err)
	}
	if _, err := a.target.Read(ctx, want); !errors.Is(err, context.Canceled) {
		t.Errorf("read: got %v, want context.Canceled in it", err)
	}
	if o := a.read(t, want); o.Present() {
		t.Errorf("something was written: %+v", o)
	}
}

// race lets several reconcilers write one cell at once, each its own entry, while a reader looks on: what it sees
// never goes back, and the highest entry stays.
func (a *asker) race(t *testing.T) {
	const writers, rounds = 4, 8
	const last = writers * rounds
	var group sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		target := open(t, a.Fixture)
		group.Go(func() {
			for r := range rounds {
				a.insist(t, target, a.racing(int64(r*writers+w+1)))
			}
		})
	}
	go func() { group.Wait(); close(done) }()
	a.lookOn(t, done, last)
	if o := a.read(t, a.racing(last)); o.Seq != last || !o.Equal {
		t.Errorf("in the end: %+v, want entry %d", o, last)
	}
	a.Reads(t, a.racing(last))
}

func (a *asker) racing(seq int64) integrations.Release {
	return a.release("pay", seq, map[string]string{"one": strings.Repeat("x", int(seq)), "two": strings.Repeat("x", int(seq))})
}

// insist writes until it succeeds or learns that a newer release is there.
func (a *asker) insist(t *testing.T, target integrations.Target, want integrations.Release) {
	for t.Context().Err() == nil {
		_, err := target.Write(t.Context(), want)
		if err == nil || errors.Is(err, integrations.ErrFenced) {
			return
		}
		if !errors.Is(err, integrations.ErrUnavailable) {
			t.Errorf("entry %d: %v", want.Seq, err)
			return
		}
	}
}

func (a *asker) lookOn(t *testing.T, done <-chan struct{}, last int64) {
	var newest int64
	for {
		o := a.read(t, a.racing(last))
		if o.Seq < newest {
			t.Errorf("entry %d after entry %d", o.Seq, newest)
		}
		if o.Holder != integrations.Nobody && o.Holder != integrations.Us {
			t.Errorf("a reader sees %v", o.Holder)
		}
		newest = max(newest, o.Seq)
		select {
		case <-done:
			return
		default:
		}
	}
}

// watched asks a target that can watch. The wait is for an answer that has to come, not for a time.
func (a *asker) watched(t *testing.T) {
	watcher, ok := a.target.(integrations.Watcher)
	if !ok {
		t.Log("the target does not watch")
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	woken, ended := make(chan schema.Cell, 100), make(chan error, 1)
	go func() {
		ended <- watcher.Watch(ctx, []integrations.Place{{Stage: "production", Settings: a.Stage}}, func(c schema.Cell) { woken <- c })
	}()
	await(t, woken, schema.Cell{Stage: "production"})
	want := a.release("a/b", 5, blue)
	a.write(t, want)
	await(t, woken, want.Cell)
	for name, damage := range a.Damage {
		damage(t, want)
		await(t, woken, want.Cell)
		t.Logf("woken by: %s", name)
		want.Applied = true
		a.write(t, want)
		await(t, woken, want.Cell)
	}
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("watch ended with %v", err)
	}
}

func await(t *testing.T, woken <-chan schema.Cell, want schema.Cell) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case got := <-woken:
			if got == want {
				return
			}
		case <-limit:
			t.Fatalf("nobody was woken for %q %q", want.Stage, want.App)
		}
	}
}
