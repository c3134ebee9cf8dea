// Package file reads configuration from one file: a head with its document inside, as etcd has it under the key head.
//
//	etcdctl get --print-value-only /config/production/pay/head > pay.json
//
// That is for programs whose network ends before etcd, for tests, and for an operator who puts a genuine head in place by
// hand. Whoever writes the file should write it beside and rename it; half a file is refused.
package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Source is one file.
type Source struct {
	Path string
	Poll time.Duration // how often the file is looked at; 1 s by default
}

// New reads a file, and looks once a second whether it has changed.
func New(path string) Source { return Source{Path: path} }

// Head implements [provider.Source]. A line end after the head is no part of it.
func (s Source) Head(context.Context) ([]byte, provider.Position, error) {
	info, err := os.Stat(s.Path) // before it is opened: to open a pipe is to wait for its writer
	if err != nil {
		return nil, "", err
	}
	if !info.Mode().IsRegular() || info.Size() > provider.MaxHead+1 {
		return nil, "", fmt.Errorf("%s: not a file of at most %d bytes", s.Path, provider.MaxHead)
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, provider.MaxHead+1))
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(raw)
	return bytes.TrimSuffix(raw, []byte("\n")), provider.Position(hex.EncodeToString(sum[:])), nil
}

// Document implements [provider.Source]: there is nothing beside the head.
func (s Source) Document(context.Context, provider.Part, provider.Position) ([]byte, error) {
	return nil, fmt.Errorf("%s: the head does not hold its document: %w", s.Path, fs.ErrNotExist)
}

// Watch implements [provider.Watcher], by looking.
func (s Source) Watch(ctx context.Context, after provider.Position) error {
	poll := s.Poll
	if poll <= 0 {
		poll = time.Second
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if _, at, err := s.Head(ctx); err != nil || at != after {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
