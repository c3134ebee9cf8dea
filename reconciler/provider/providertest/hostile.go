package providertest

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// edited is a release whose head was changed before it was signed.
func edited(seq int64, files map[string]any, edit func(*provider.Head)) Held {
	document := Document(files)
	head := Head(seq, document)
	head.Inline = document
	edit(&head)
	return Held{Head: signer.Sign(head)}
}

// replaced is a release whose signed head was changed afterwards.
func replaced(old, new string) Held {
	held := signer.Release(11, two)
	changed := bytes.Replace(held.Head, []byte(old), []byte(new), 1)
	if bytes.Equal(changed, held.Head) {
		panic("providertest: the head does not have " + old)
	}
	return Held{Head: changed}
}

// hostile is what somebody could put into the place, while entry 10 runs.
func hostile() map[string]struct {
	held Held
	want error
} {
	type row = struct {
		held Held
		want error
	}
	thief := NewSigner("a thief")
	beside := signer.ReleaseBeside(11, two)
	for doc := range beside.Beside {
		beside.Beside[doc] = bytes.Replace(beside.Beside[doc], []byte("2"), []byte("3"), 1)
	}
	return map[string]row{
		"another project's":                  {edited(11, two, func(h *provider.Head) { h.Project = "ffffffff" }), provider.ErrRefused},
		"another stage's":                    {edited(11, two, func(h *provider.Head) { h.Stage = "staging" }), provider.ErrRefused},
		"another app's":                      {edited(11, two, func(h *provider.Head) { h.App = "pay/cards" }), provider.ErrRefused},
		"an old copy":                        {signer.Release(9, two), provider.ErrBackwards},
		"another content for the same entry": {signer.Release(10, two), provider.ErrRefused},
		"signed by somebody":                 {thief.Release(11, two), provider.ErrRefused},
		"signed by nobody":                   {replaced(`"sig":"`, `"sig":"AAAA`), provider.ErrRefused},
		"an entry number raised by hand":     {replaced(`"seq":11`, `"seq":12`), provider.ErrRefused},
		"a flag changed by hand":             {replaced(`"retired":false`, `"retired":true`), provider.ErrRefused},
		"a field more":                       {replaced(`{"v":1,`, `{"v":1,"x":1,`), provider.ErrRefused},
		"blanks in between":                  {replaced(`{"v":1,`, `{"v":1, `), provider.ErrRefused},
		"a version nobody knows":             {edited(11, two, func(h *provider.Head) { h.V = 2 }), provider.ErrRefused},
		"another document inside":            {edited(11, two, func(h *provider.Head) { h.Inline = Document(one) }), provider.ErrRefused},
		"another document beside":            {beside, nil},
		"a document of another size":         {edited(11, two, func(h *provider.Head) { h.Size++ }), provider.ErrRefused},
		"a document too large to be one": {edited(11, two, func(h *provider.Head) { h.Size, h.Inline, h.Blobs = provider.MaxDocument+1, []byte{}, 1 }),
			provider.ErrRefused},
		"no document at all":      {edited(11, two, func(h *provider.Head) { h.Inline = []byte{} }), nil},
		"a document that is none": {signed(11, []byte(`{"files":{}`)), provider.ErrRefused},
		"values without a file":   {signed(11, []byte(`{"files":{},"values":{"a.yaml":1}}`)), provider.ErrRefused},
		"half a head":             {Held{Head: signer.Release(11, two).Head[:100]}, provider.ErrRefused},
		"no JSON":                 {Held{Head: []byte("port: 2")}, provider.ErrRefused},
		"more than a head has":    {Held{Head: []byte(`{"v":"` + strings.Repeat("x", provider.MaxHead) + `"}`)}, nil},
	}
}

func signed(seq int64, document []byte) Held {
	head := Head(seq, document)
	head.Inline = document
	return Held{Head: signer.Sign(head)}
}

// refusesAll puts each of them while a program runs, then what is right again.
func refusesAll(t *testing.T, f Fixture) {
	for name, row := range hostile() {
		if f.InlineOnly && row.held.Beside != nil {
			continue
		}
		f.Put(t, signer.Release(10, one))
		opts := f.options(t)
		p := run(t, opts)
		f.Put(t, row.held)
		err := p.Refresh(t.Context())
		if err == nil || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
		if got := p.config.Load().Port; got != 1 || p.Snapshot().Seq() != 10 || p.Healthy() == nil {
			t.Errorf("%s: entry %d with port %d runs, and the program says it is %v", name, p.Snapshot().Seq(), got, p.Healthy())
		}
		if started, err := provider.Open(t.Context(), withoutPatience(f.options(t))); err == nil && row.want == provider.ErrRefused && row.held.Head != nil && started.Snapshot().Seq() != 10 {
			t.Errorf("%s: a program starts with it", name)
			_ = started.Close()
		} else if err == nil {
			_ = started.Close()
		}
		f.Put(t, signer.Release(12, two))
		p.await(t, 2)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

func withoutPatience(o provider.Options) provider.Options {
	o.Patience = time.Millisecond
	return o
}

// pins are keys that the operator changes while the program runs.
type pins struct {
	mu   sync.Mutex
	keys provider.Keys
}

func (p *pins) Pinned() (provider.Keys, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys, nil
}

func (p *pins) pin(all ...Signer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = provider.Keys{}
	for _, s := range all {
		for id, key := range s.Keys() {
			p.keys[id] = key
		}
	}
}

func rotatesKeys(t *testing.T, f Fixture) {
	next, pinned := NewSigner("the next log key"), &pins{}
	pinned.pin(signer)
	f.Put(t, signer.Release(1, one))
	opts := f.options(t)
	opts.Keys = pinned
	p := run(t, opts)
	f.Put(t, next.Release(2, two))
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrRefused) || p.config.Load().Port != 1 {
		t.Errorf("a key that is not pinned: port %d, %v", p.config.Load().Port, err)
	}
	pinned.pin(signer, next)
	if err := p.Refresh(t.Context()); err != nil || p.config.Load().Port != 2 {
		t.Errorf("both are pinned: port %d, %v", p.config.Load().Port, err)
	}
	pinned.pin(next)
	f.Put(t, signer.Release(3, one))
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrRefused) || p.config.Load().Port != 2 {
		t.Errorf("the old key signs once more: port %d, %v", p.config.Load().Port, err)
	}
	// The same entry signed again by another key is the same entry.
	f.Put(t, signer.Release(2, two))
	pinned.pin(signer, next)
	if err := p.Refresh(t.Context()); err != nil || p.Stats().Changes != 2 {
		t.Errorf("signed again: %d changes, %v", p.Stats().Changes, err)
	}
}

func survivesOutage(t *testing.T, f Fixture) {
	if f.Break == nil {
		t.Skip("this source does not go away")
	}
	f.Put(t, signer.Release(1, one))
	opts := f.options(t)
	opts.Cache, opts.Start = provider.DirCache(t.TempDir()), provider.AllowStale(time.Hour)
	opts.Timeout = 200 * time.Millisecond
	p := run(t, opts)
	heal := f.Break(t)
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrUnavailable) || p.config.Load().Port != 1 || p.Healthy() == nil {
		t.Errorf("during the outage: port %d, %v, healthy %v", p.config.Load().Port, err, p.Healthy())
	}
	again := opts
	again.Source = f.Open(t)
	restarted := run(t, withoutPatience(again))
	if s := restarted.Snapshot(); s.Origin() != provider.Cached || restarted.config.Load().Port != 1 {
		t.Errorf("a program that starts meanwhile: %s, port %d", s.Origin(), restarted.config.Load().Port)
	}
	heal()
	f.Put(t, signer.Release(2, two))
	p.await(t, 2)
	restarted.await(t, 2)
	if err := restarted.Refresh(t.Context()); err != nil || restarted.Healthy() != nil || restarted.Snapshot().Origin() != provider.Live {
		t.Errorf("afterwards: %s, %v", restarted.Snapshot().Origin(), err)
	}
}

// ignoresClocks: neither the writer's clock nor the program's decides what is newer.
func ignoresClocks(t *testing.T, f Fixture) {
	at := func(seq int64, files map[string]any, year int) Held {
		return edited(seq, files, func(h *provider.Head) { h.WrittenAt = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) })
	}
	f.Put(t, at(1, one, 2050))
	opts := f.options(t)
	opts.Now = func() time.Time { return time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC) }
	p := run(t, opts)
	f.Put(t, at(2, two, 1999))
	p.await(t, 2)
	f.Put(t, at(1, one, 2090))
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrBackwards) {
		t.Errorf("an old entry with a new date: %v", err)
	}
}

func retires(t *testing.T, f Fixture) {
	f.Put(t, signer.Release(1, one))
	opts := f.options(t)
	opts.Cache, opts.Start = provider.DirCache(t.TempDir()), provider.AllowFallback()
	p := run(t, opts)
	none := Head(2, nil)
	none.Revision, none.Content, none.Retired = "none", "none", true
	f.Put(t, Held{Head: signer.Sign(none)})
	if err := p.Refresh(t.Context()); !errors.Is(err, provider.ErrRetired) || p.config.Load().Port != 1 {
		t.Errorf("a program that runs: port %d, %v", p.config.Load().Port, err)
	}
	again := withoutPatience(opts)
	again.Source = f.Open(t)
	if _, err := provider.Open(t.Context(), again); !errors.Is(err, provider.ErrRetired) {
		t.Errorf("a program that starts: %v", err)
	}
	f.Clear(t)
	if _, err := provider.Open(t.Context(), again); !errors.Is(err, provider.ErrRetired) {
		t.Errorf("a program that starts, with the head gone: %v", err)
	}
	f.Put(t, signer.Release(3, two))
	p.await(t, 2)
}
