// Package providertest is for tests of programs that read their configuration with package provider, and of sources.
//
//	source := providertest.New(map[string]any{"app.yaml": map[string]any{"port": 8080}})
//	p, err := provider.Open(ctx, source.Options())
//	…
//	source.Set(map[string]any{"app.yaml": map[string]any{"port": 9090}}) // the program gets it as it would from etcd
//
// [TestSource] is the conformance suite that every source passes. Only tests may import this package.
package providertest

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"strconv"
	"sync"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Source is a source in memory, with a reconciler's log key of its own.
type Source struct {
	signer Signer

	mu      sync.Mutex // guards what is below
	held    Held
	seq     int64
	version int64 // of everything that a watcher would notice
	changed chan struct{}
	failing error
	cut     chan struct{} // closed while disconnected
	reports map[string]provider.Report
}

// The project, stage and app that New is for.
const (
	Project = "0123abcd"
	Stage   = "production"
	App     = "pay"
)

var errDisconnected = errors.New("disconnected")

// New holds files as [provider.DocumentOf] takes them. It panics where they cannot be written as JSON.
func New(files map[string]any) *Source {
	s := &Source{signer: SourceSigner(), changed: make(chan struct{}), reports: map[string]provider.Report{}}
	s.Set(files)
	return s
}

// SourceSigner is the log key of every source that New makes.
func SourceSigner() Signer { return NewSigner("log key") }

// Options are those of a program that reads the source and believes it.
func (s *Source) Options() provider.Options {
	return provider.Options{Source: s, Project: Project, Stage: Stage, App: App, Keys: s.signer.Keys()}
}

// Set admits other files: one more entry of the ledger.
func (s *Source) Set(files map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	s.held = s.signer.Release(s.seq, files)
	s.wake()
}

// Put puts anything where the reconciler puts what it wrote, as somebody who can write there could.
func (s *Source) Put(held Held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held
	s.wake()
}

// wake tells the watchers.
func (s *Source) wake() {
	s.version++
	close(s.changed)
	s.changed = make(chan struct{})
}

// Fail lets every read end with the error, until Fail(nil).
func (s *Source) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = err
	s.wake()
}

// Disconnect breaks what is under way and refuses everything, until Reconnect.
func (s *Source) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut == nil {
		s.failing, s.cut = errDisconnected, make(chan struct{})
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// Reconnect ends Disconnect.
func (s *Source) Reconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut != nil {
		close(s.cut)
		s.failing, s.cut = nil, nil
	}
}

// Reports are what programs last reported, by instance.
func (s *Source) Reports() map[string]provider.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.reports)
}

// Head implements [provider.Source].
func (s *Source) Head(ctx context.Context) ([]byte, provider.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case s.failing != nil:
		return nil, "", s.failing
	case s.held.Head == nil:
		return nil, provider.Position(strconv.FormatInt(s.version, 10)), fs.ErrNotExist
	}
	return s.held.Head, provider.Position(strconv.FormatInt(s.version, 10)), nil
}

// Document implements [provider.Source].
func (s *Source) Document(_ context.Context, part provider.Part, _ provider.Position) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if document, ok := s.held.Beside[part.Doc]; ok && s.failing == nil {
		return document, nil
	}
	return nil, fs.ErrNotExist
}

// Watch implements [provider.Watcher].
func (s *Source) Watch(ctx context.Context, after provider.Position) error {
	s.mu.Lock()
	changed, now, cut := s.changed, provider.Position(strconv.FormatInt(s.version, 10)), s.cut != nil
	s.mu.Unlock()
	if cut {
		return errDisconnected
	}
	if now != after {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut != nil {
		return errDisconnected
	}
	return nil
}

// Report implements [provider.Reporter].
func (s *Source) Report(_ context.Context, r provider.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return s.failing
	}
	s.reports[r.Instance] = r
	return nil
}
