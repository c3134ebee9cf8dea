package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// The names of the head and the document in a directory.
const (
	HeadFile     = ".sluice.json"
	DocumentFile = ".sluice.document"
)

// Directory is a source: a directory that a link in it switches from one release to the next. That is a mounted ConfigMap,
// whose link is ..data, or what the target "file" fills, whose link is current. A release is opened once and everything is
// read below what was opened, so that a switch in between mixes nothing. Without a link the directory itself is the release.
//
// Kubernetes never updates a ConfigMap that is mounted with subPath, or that is in environment variables.
type Directory struct {
	Path string
	Poll time.Duration // how often the link is looked at; 1 s by default
}

// The links that switch a directory: of a volume of Kubernetes, and of the target "file".
const (
	kubernetesLink = "..data"
	fileLink       = "current"
)

// link is what switches the directory, with where it leads; both empty where it has none.
func (d Directory) link() (name, target string) {
	for _, name := range [...]string{kubernetesLink, fileLink} {
		if target, err := os.Readlink(filepath.Join(d.Path, name)); err == nil {
			return name, target
		}
	}
	return "", ""
}

// Head implements [Source].
func (d Directory) Head(context.Context) ([]byte, Position, error) {
	_, target := d.link()
	raw, err := d.read(target, HeadFile, MaxHead)
	if err != nil {
		return nil, "", err
	}
	return raw, Position(target + "\n" + digestOf(raw)), nil
}

// Document implements [Source]. It reads the release that the head was read from, whatever the link says meanwhile.
func (d Directory) Document(_ context.Context, part Part, at Position) ([]byte, error) {
	target, _, ok := strings.Cut(string(at), "\n")
	if !ok {
		return nil, fmt.Errorf("position %q", at)
	}
	text, err := d.read(target, DocumentFile, part.Size)
	if errors.Is(err, fs.ErrNotExist) {
		if name, ok := d.points(target); ok {
			return nil, fmt.Errorf("the ConfigMap that is mounted there has mode rolling and only names %s, which has the files: mount that one: %w", name, err)
		}
	}
	return text, err
}

// releaseSuffix is what the name of an immutable ConfigMap ends in: ten letters of a hash, as kubectl writes it.
var releaseSuffix = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?-[2456789bcdfghkmt]{10}$`)

// ofOneRelease takes the hash off the name of a ConfigMap that only one release has.
func ofOneRelease(name string) (mutable string, ok bool) {
	if !releaseSuffix.MatchString(name) {
		return "", false
	}
	return name[:strings.LastIndexByte(name, '-')], true
}

// points reports whether a release is none, but the ConfigMap that names the one which has the files (mode rolling).
func (d Directory) points(target string) (name string, ok bool) {
	text, err := d.read(target, "current", 253)
	if err != nil {
		return "", false
	}
	_, ok = ofOneRelease(string(text))
	return string(text), ok
}

// Watch implements [Watcher], by looking.
func (d Directory) Watch(ctx context.Context, after Position) error {
	poll := d.Poll
	if poll <= 0 {
		poll = time.Second
	}
	for {
		if _, at, err := d.Head(ctx); err != nil || at != after {
			return err
		}
		if !sleep(ctx, poll) {
			return ctx.Err()
		}
	}
}

// read reads a file below the directory that a link names.
func (d Directory) read(target, name string, limit int64) ([]byte, error) {
	release := target
	if !filepath.IsAbs(target) {
		release = filepath.Join(d.Path, target)
	}
	root, err := os.OpenRoot(release)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name) // before it is opened: to open a pipe is to wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s: not a file of at most %d bytes", name, limit)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}
