package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/sluice-gitops/sluice/schema"
)

// Problem is schema's.
type Problem = schema.Problem

type blobDigest struct {
	digest  schema.Digest
	size    int64
	pointer bool // a Git LFS pointer: a promise of a file, not the file
}

// Files lists every file below a tree with the SHA-256 of its bytes. What is no plain file with a plain name is a
// [Problem], and with problems there is no manifest, so that nobody takes the rest for the whole. An error means that
// the answer is not known.
func (r *Repo) Files(ctx context.Context, tree schema.Hash) (schema.Manifest, []Problem, error) {
	w := lister{r: r}
	if err := w.tree(ctx, "", tree, 0); err != nil {
		return nil, nil, err
	}
	if len(w.problems) > 0 {
		return nil, w.problems, nil
	}
	m, err := schema.NewManifest(w.files)
	return m, nil, err
}

type lister struct {
	r        *Repo
	files    []schema.File
	bytes    int64
	problems []Problem
	full     bool // a limit is reached: nothing more is read
}

func (w *lister) problem(path string, code schema.Code, format string, args ...any) {
	w.problems = append(w.problems, Problem{Path: path, Code: code, Detail: fmt.Sprintf(format, args...)})
}

func (w *lister) tree(ctx context.Context, path string, id schema.Hash, depth int) error {
	if depth > w.r.limits.Depth {
		w.problem(path, CodeLimitExceeded, "more than %d directories deep", w.r.limits.Depth)
		return nil
	}
	entries, err := w.r.Tree(ctx, id)
	var malformed *TreeError
	switch {
	case errors.As(err, &malformed):
		w.problem(join(path, malformed.Path), malformed.Code, "%s", malformed.Detail)
		return nil
	case errors.Is(err, ErrLimit):
		w.problem(path, CodeLimitExceeded, "%v", err)
		return nil
	case err != nil:
		return below(path, err)
	}
	w.collisions(path, entries)
	for _, e := range entries {
		if w.full {
			return nil
		}
		if err := w.entry(ctx, join(path, e.Name), e, depth); err != nil {
			return err
		}
	}
	return nil
}

// collisions reports names of one directory that differ in case or in Unicode's forms only: a file system or a target
// would keep one of them.
func (w *lister) collisions(path string, entries []TreeEntry) {
	seen := make(map[string]string, len(entries))
	for _, e := range entries {
		folded := Fold(e.Name)
		if other, ok := seen[folded]; ok {
			w.problem(join(path, e.Name), CodePathCollision, "reads as %q", join(path, other))
			continue
		}
		seen[folded] = e.Name
	}
}

// Fold writes names alike that a file system or a target may take for one.
func Fold(name string) string {
	return norm.NFC.String(strings.ToLower(strings.ToUpper(norm.NFC.String(name))))
}

func (w *lister) entry(ctx context.Context, path string, e TreeEntry, depth int) error {
	if detail := checkFileName(e.Name); detail != "" {
		w.problem(path, CodeUnsupportedEntry, "%s", detail)
		return nil
	}
	switch e.Mode {
	case ModeTree:
		return w.tree(ctx, path, e.ID, depth+1)
	case ModeSymlink:
		w.problem(path, CodeUnsupportedEntry, "symbolic link: put the file itself here")
		return nil
	case ModeGitlink:
		w.problem(path, CodeUnsupportedEntry, "submodule: put its files here")
		return nil
	}
	return w.file(ctx, path, e)
}

func (w *lister) file(ctx context.Context, path string, e TreeEntry) error {
	blob, err := w.r.digest(ctx, e.ID)
	if errors.Is(err, ErrLimit) {
		w.problem(path, CodeLimitExceeded, "%v", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if blob.pointer {
		w.problem(path, CodeUnsupportedEntry, "Git LFS pointer: its text is not the file's content")
		return nil
	}
	w.bytes += blob.size
	if len(w.files) == w.r.limits.Files || w.bytes > w.r.limits.Bytes {
		w.problem(path, CodeLimitExceeded, "more than %d files or %d bytes in all", w.r.limits.Files, w.r.limits.Bytes)
		w.full = true
		return nil
	}
	w.files = append(w.files, schema.File{Path: path, Mode: e.Mode, Digest: blob.digest, Blob: e.ID, Size: blob.size})
	return nil
}

// digest returns what Files needs of a blob; its id names its bytes, so an answer stays right.
func (r *Repo) digest(ctx context.Context, id schema.Hash) (blobDigest, error) {
	if d, ok := r.digests.get(id); ok {
		return d, nil
	}
	data, err := r.Blob(ctx, id)
	if err != nil {
		return blobDigest{}, err
	}
	d := blobDigest{digest: schema.DigestOf(data), size: int64(len(data)), pointer: isPointer(data)}
	r.digests.put(id, d, 1)
	return d, nil
}

// isPointer tells a Git LFS pointer file.
func isPointer(data []byte) bool {
	return len(data) < 1024 && (bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/")) ||
		bytes.HasPrefix(data, []byte("version https://hawser.github.com/spec/")))
}
