package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	current      = "current"
	ownDir       = ".sluice"
	headName     = ".sluice.json"
	manifestName = ".sluice.manifest"
	documentName = ".sluice.document"
)

// generationLink is what current says when we wrote it.
var generationLink = regexp.MustCompile(`^\.sluice/([0-9]{6,18})$`)

// found is an observation with what the next write needs to know.
type found struct {
	integrations.Observation
	head integrations.Head
	raw  []byte // of the head; nil if there is none
	link string // what current points to; empty if there is no such link
}

// observe reads a cell again while a writer replaces what is being read.
func (t *Target) observe(ctx context.Context, cell *os.Root, place string, want integrations.Release) (found, error) {
	for range 20 {
		if err := t.canceled(ctx, place); err != nil {
			return found{Observation: integrations.Observation{Place: t.name(place)}}, err
		}
		before, err := link(cell)
		if err != nil {
			return found{}, t.fail(place, err)
		}
		o, err := t.compare(cell, place, before, want)
		after, errAfter := link(cell)
		if errAfter == nil && after == before {
			if err != nil {
				return o, t.fail(place, err)
			}
			return o, nil
		}
	}
	return found{}, t.error(place, integrations.ErrUnavailable, errors.New("written faster than it can be read"))
}

// link returns what current points to: empty for nothing, "not a link" for anything else than a link.
func link(cell *os.Root) (string, error) {
	info, err := cell.Lstat(current)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if info.Mode().Type() != fs.ModeSymlink {
		return "not a link", nil
	}
	return cell.Readlink(current)
}

// compare compares one generation, and what lies beside ours, with the release.
func (t *Target) compare(cell *os.Root, place, target string, want integrations.Release) (found, error) {
	raw, err := marker(cell, target)
	if err != nil {
		return found{}, err
	}
	o := found{link: target, raw: raw}
	o.Observation, o.head = t.spec.Observe(t.name(place), raw, want)
	beside, err := list(cell, ".")
	if err != nil {
		return o, err
	}
	var have []schema.File
	switch {
	case generationLink.MatchString(target):
		if have, err = list(cell, target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return o, err
		}
		if raw == nil {
			o.Holder, o.Project = integrations.Altered, want.Project // the link is ours, the head behind it is gone
		}
	case target == plainDir:
		left, err := list(cell, plainDir) // what was left here is read as it was, and people go on from it
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return o, err
		}
		o.Same = sameFiles(want, left)
		o.Digest = schema.DigestOf(schema.Manifest(left).Encode())
	case target != "":
		o.Digest = schema.DigestOf([]byte(target))
	case len(beside) > 0:
		o.Holder, o.Same = integrations.Stranger, sameFiles(want, beside)
		o.Digest = schema.DigestOf(schema.Manifest(beside).Encode())
	}
	o.compareFiles(place, want, have)
	o.Equal = o.Holder == integrations.Us && len(o.Keys) == 0
	for _, f := range beside {
		o.foreign(path.Join(place, f.Path), f.Digest)
	}
	o.sort()
	return o, nil
}

// nothing is what is observed where there is not even a directory.
func (t *Target) nothing(place string, want integrations.Release) integrations.Observation {
	o := found{Observation: integrations.Observation{Place: t.name(place)}}
	o.compareFiles(place, want, nil)
	o.sort()
	return o.Observation
}

// marker returns the bytes of the head, nil if there is none. A current that is no link of ours is foreign text.
func marker(cell *os.Root, target string) ([]byte, error) {
	if target == "" {
		return nil, nil
	}
	if !generationLink.MatchString(target) {
		return []byte(target), nil
	}
	data, _, err := readFile(cell, path.Join(target, headName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// compareFiles notes every file of a generation that differs. Its own files are those that the manifest and the head
// name; anything else in it would be read as configuration, so it is a difference too.
func (o *found) compareFiles(place string, want integrations.Release, have []schema.File) {
	wanted := map[string]schema.File{manifestName: {Mode: schema.Regular, Digest: schema.DigestOf(want.Manifest.Encode())}}
	if len(want.Document) > 0 {
		wanted[documentName] = schema.File{Mode: schema.Regular, Digest: schema.DigestOf(want.Document)}
	}
	for _, f := range want.Manifest {
		wanted[f.Path] = f
	}
	var content schema.Manifest
	for _, f := range have {
		if f.Path == headName {
			continue
		}
		if !isOwn(f.Path) {
			content = append(content, f)
		}
		o.differs(path.Join(place, current, f.Path), wanted[f.Path], f)
		delete(wanted, f.Path)
	}
	for name, f := range wanted {
		o.differs(path.Join(place, current, name), f, schema.File{})
	}
	if generationLink.MatchString(o.link) {
		o.Digest = schema.DigestOf(content.Encode())
	}
	o.compareHead(path.Join(place, current, headName), integrations.NewBody(want, false))
}

// isOwn tells what lies beside the files of a generation: the head, the inventory and the document.
func isOwn(name string) bool { return name == headName || name == manifestName || name == documentName }

// compareHead notes the head itself as what differs.
func (o *found) compareHead(key string, want integrations.Body) {
	if o.Holder == integrations.Us && o.head.Body.Equal(want) {
		return
	}
	d := integrations.Difference{Key: key, Op: integrations.Changed, Before: want.Digest(), After: schema.DigestOf(o.raw)}
	if o.raw == nil {
		d.Op, d.After = integrations.Deleted, ""
	}
	o.Keys = append(o.Keys, d)
}

// differs notes the difference of one file, if there is one. A File without digest is absent.
func (o *found) differs(key string, want, have schema.File) {
	switch {
	case want.Digest == "":
		o.Keys = append(o.Keys, integrations.Difference{Key: key, Op: integrations.Foreign, After: have.Digest})
	case have.Digest == "":
		o.Keys = append(o.Keys, integrations.Difference{Key: key, Op: integrations.Deleted, Before: want.Digest})
	case want.Digest != have.Digest || want.Mode != have.Mode:
		o.Keys = append(o.Keys, integrations.Difference{Key: key, Op: integrations.Changed, Before: want.Digest, After: have.Digest})
	}
}

// foreign notes a file beside ours.
func (o *found) foreign(key string, digest schema.Digest) {
	o.Foreign = append(o.Foreign, key)
	o.Keys = append(o.Keys, integrations.Difference{Key: key, Op: integrations.Foreign, After: digest})
}

func (o *found) sort() {
	slices.Sort(o.Foreign)
	slices.SortFunc(o.Keys, func(a, b integrations.Difference) int { return strings.Compare(a.Key, b.Key) })
}

// sameFiles reports whether files are, path by path, those of the release. Their modes were not ours to give.
func sameFiles(want integrations.Release, files []schema.File) bool {
	if len(files) != len(want.Files) {
		return false
	}
	for _, f := range files {
		data, ok := want.Files[f.Path]
		if !ok || schema.DigestOf(data) != f.Digest {
			return false
		}
	}
	return true
}

// list returns the files below dir, sorted by path relative to it. Below the cell itself that is what is not ours.
func list(cell *os.Root, dir string) ([]schema.File, error) {
	var out []schema.File
	err := fs.WalkDir(cell.FS(), dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if dir == "." && (name == ownDir || name == current) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		f, err := fileAt(cell, name)
		if dir != "." {
			name = strings.TrimPrefix(name, dir+"/")
		}
		f.Path = name
		out = append(out, f)
		return err
	})
	slices.SortFunc(out, func(a, b schema.File) int { return strings.Compare(a.Path, b.Path) })
	return out, err
}

// fileAt says what a file is. What is no plain file, or cannot be read by anybody, is named by what it is, so that it
// differs from every file of a release and is replaced.
func fileAt(cell *os.Root, name string) (schema.File, error) {
	data, mode, err := readFile(cell, name)
	if errors.Is(err, errNotPlain) || errors.Is(err, fs.ErrPermission) {
		return schema.File{Mode: "other", Digest: schema.DigestOf([]byte(err.Error()))}, nil
	}
	if err != nil {
		return schema.File{}, err
	}
	f := schema.File{Mode: schema.Regular, Digest: schema.DigestOf(data)}
	if mode.Perm()&0o100 != 0 {
		f.Mode = schema.Executable
	}
	return f, nil
}

var errNotPlain = errors.New("not a plain file")

// readFile reads a plain file, following no link and waiting for no pipe.
func readFile(cell *os.Root, name string) ([]byte, fs.FileMode, error) {
	info, err := cell.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%w: %s", errNotPlain, info.Mode().Type())
	}
	f, err := cell.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", name, err)
	}
	return data, info.Mode(), nil
}
