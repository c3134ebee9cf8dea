package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Cache keeps the last configuration that was live, for a start while the source is down. What it returns is verified as
// if it came from the source: a cache that was tampered with is refused. Both methods return when the context ends: a program
// starts and goes on without its cache.
type Cache interface {
	// Load returns what is kept under a name; an error wraps io/fs.ErrNotExist if nothing is.
	Load(ctx context.Context, name string) ([]byte, error)
	// Store keeps the data, whole or not at all, unless keep says of what is kept now that it shall stay. No other
	// process stores between the question and the answer.
	Store(ctx context.Context, name string, data []byte, keep func(now []byte) bool) error
}

// cacheWait is how long the cache may take each time.
const cacheWait = 2 * time.Second

// DirCache keeps one file per app and stage in a directory that it makes, readable by its owner alone. The file is
// replaced in one step after it reached the disk; processes that share the directory take turns. Sealed values that the
// reconciler opened are in it as they are in the source: leave Cache nil, or wrap it to encrypt, where that is not wanted.
type DirCache string

// Load implements [Cache].
func (d DirCache) Load(_ context.Context, name string) ([]byte, error) {
	f, err := openNow(filepath.Join(string(d), name))
	if err != nil {
		return nil, fmt.Errorf("read cache: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("read cache: %s: not a regular file; remove it", f.Name()), err)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxHead+MaxDocument))
	if err != nil {
		return nil, fmt.Errorf("read cache: %w", err)
	}
	return data, nil
}

// Store implements [Cache].
func (d DirCache) Store(ctx context.Context, name string, data []byte, keep func(now []byte) bool) error {
	if err := d.store(ctx, name, data, keep); err != nil {
		return fmt.Errorf("write cache: %w", err)
	}
	return nil
}

func (d DirCache) store(ctx context.Context, name string, data []byte, keep func(now []byte) bool) error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return err
	}
	unlock, err := lockFile(ctx, filepath.Join(string(d), name+".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	now, err := d.Load(ctx, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && keep(now) {
		return nil
	}
	f, err := os.CreateTemp(string(d), name+".*.tmp") // 0600, and a name of its own
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(string(d), name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(string(d))
}

const cacheMagic = "sluice-cache v1 "

// cacheEntry is what is kept: the signed head, the document where the head does not hold it, and when the source last
// confirmed it. The time alone is not signed.
type cacheEntry struct {
	confirmed time.Time
	head      []byte
	document  []byte
}

func (e cacheEntry) encode() []byte {
	text := append([]byte(cacheMagic+e.confirmed.UTC().Format(time.RFC3339Nano)+"\n"), e.head...)
	return append(append(text, '\n'), e.document...)
}

func decodeCache(data []byte) (e cacheEntry, err error) {
	first, rest, ok := bytes.Cut(data, []byte("\n"))
	head, document, ok2 := bytes.Cut(rest, []byte("\n"))
	stamp, ok3 := strings.CutPrefix(string(first), cacheMagic)
	if !ok || !ok2 || !ok3 {
		return e, fmt.Errorf("%w: cache: not in its written form", ErrRefused)
	}
	if e.confirmed, err = time.Parse(time.RFC3339Nano, stamp); err != nil {
		return e, fmt.Errorf("%w: cache: not in its written form", ErrRefused)
	}
	e.head, e.document = head, document
	return e, nil
}

// cacheName has no characters that could leave the directory: projects, stages and apps have none.
func (o Options) cacheName() string {
	return strings.Join(append([]string{"sluice", o.Project, o.Stage}, strings.Split(o.App, "/")...), ".") + ".cache"
}
