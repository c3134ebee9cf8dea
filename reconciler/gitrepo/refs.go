package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Refs returns the refs as they are on disk, by full name: what the last fetch saw of the remote, or what a clone has.
// Names that [CheckRef] refuses are left out.
func (r *Repo) Refs(ctx context.Context) (map[string]schema.Hash, error) {
	all, err := r.allRefs()
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(name string, _ schema.Hash) bool {
		return CheckRef(name) != nil || r.mirror && !r.mirrored(name)
	})
	return all, ctx.Err()
}

// ReplaceRefs names what makes git show another object for an id: refs below refs/replace/, and info/grafts. They are
// never followed here, so people who use git see something else than what is judged.
func (r *Repo) ReplaceRefs(context.Context) ([]string, error) {
	all, err := r.allRefs()
	if err != nil {
		return nil, err
	}
	var out []string
	for name := range all {
		if strings.HasPrefix(name, "refs/replace/") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	if info, err := os.Stat(filepath.Join(r.dir, "info", "grafts")); err == nil && info.Size() > 0 {
		out = append(out, "info/grafts")
	}
	return out, nil
}

// allRefs are the refs after all that was fetched and pushed.
func (r *Repo) allRefs() (map[string]schema.Hash, error) {
	if err := r.settling.wait(context.Background()); err != nil {
		return nil, err
	}
	return r.diskRefs()
}

// diskRefs reads packed refs, and loose ones over them. A mirror has packed refs alone: no name of a ref becomes a path.
func (r *Repo) diskRefs() (map[string]schema.Hash, error) {
	refs, err := readPackedRefs(filepath.Join(r.dir, "packed-refs"))
	if err != nil || r.mirror {
		return refs, err
	}
	err = filepath.WalkDir(filepath.Join(r.dir, "refs"), func(path string, d fs.DirEntry, err error) error {
		if notExist(err) || err == nil && !d.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(r.dir, path)
		if err != nil {
			return err
		}
		id, err := readLooseRef(path)
		if err == nil && !id.IsZero() {
			refs[filepath.ToSlash(name)] = id
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read refs of %s: %w", r.dir, err)
	}
	return refs, nil
}

// readLooseRef returns zero for a symbolic ref, for a lock file and for a file that went away.
func readLooseRef(path string) (schema.Hash, error) {
	text, err := os.ReadFile(path)
	if notExist(err) {
		return schema.Hash{}, nil
	}
	if err != nil {
		return schema.Hash{}, err
	}
	id, err := schema.ParseHash(strings.TrimSpace(string(text)))
	if err != nil {
		return schema.Hash{}, nil
	}
	return id, nil
}

func readPackedRefs(path string) (map[string]schema.Hash, error) {
	text, err := os.ReadFile(path)
	if err != nil && !notExist(err) {
		return nil, fmt.Errorf("read refs: %w", err)
	}
	refs := map[string]schema.Hash{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' || line[0] == '^' {
			continue
		}
		digits, name, ok := strings.Cut(line, " ")
		id, err := schema.ParseHash(digits)
		if !ok || err != nil {
			return nil, fmt.Errorf("read %s: line %.80q: %w", path, line, ErrMismatch)
		}
		refs[name] = id
	}
	return refs, lines.Err()
}

// writePackedRefs replaces all refs at once.
func writePackedRefs(dir string, refs map[string]schema.Hash) error {
	var b bytes.Buffer
	b.WriteString("# pack-refs with: sorted \n")
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		fmt.Fprintf(&b, "%s %s\n", refs[name], name)
	}
	return replaceFile(filepath.Join(dir, "packed-refs"), b.Bytes())
}

// replaceFile writes a file that is there whole, the old one or the new, whatever happens in between.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempFile+"*")
	if err != nil {
		return onDisk(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error counts
		}
	}()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return onDisk(err)
	}
	return onDisk(os.Rename(f.Name(), path))
}

// Head returns the full name of the branch that HEAD means, and its commit: of a mirror, the remote's default branch.
// The name is empty where HEAD is detached, the id is zero where the branch has no commit.
func (r *Repo) Head(ctx context.Context) (string, schema.Hash, error) {
	return r.symbolic(ctx, r.head)
}

// DefaultBranch returns the full name of the remote's default branch as a clone knows it (refs/remotes/origin/HEAD,
// shown as refs/remotes/origin/<name>), empty if it does not.
func (r *Repo) DefaultBranch(ctx context.Context) (string, schema.Hash, error) {
	if r.mirror {
		return r.Head(ctx)
	}
	return r.symbolic(ctx, filepath.Join(r.dir, "refs", "remotes", "origin", "HEAD"))
}

func (r *Repo) symbolic(ctx context.Context, path string) (string, schema.Hash, error) {
	text, err := os.ReadFile(path)
	if notExist(err) {
		return "", schema.Hash{}, nil
	}
	if err != nil {
		return "", schema.Hash{}, fmt.Errorf("read HEAD: %w", err)
	}
	name, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: ")
	if !ok {
		id, err := schema.ParseHash(strings.TrimSpace(string(text)))
		return "", id, err
	}
	if err := CheckRef(name); err != nil {
		return "", schema.Hash{}, fmt.Errorf("read HEAD: %w", err)
	}
	refs, err := r.Refs(ctx)
	return name, refs[name], err
}

// Shallow reports whether the clone has only a part of its history.
func (r *Repo) Shallow() (bool, error) {
	s, err := r.shallow()
	return len(s) > 0, err
}

func (r *Repo) shallow() (map[schema.Hash]bool, error) {
	text, err := os.ReadFile(filepath.Join(r.dir, "shallow"))
	if notExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read shallow: %w", err)
	}
	out := map[schema.Hash]bool{}
	for _, line := range strings.Fields(string(text)) {
		id, err := schema.ParseHash(line)
		if err != nil {
			return nil, fmt.Errorf("read shallow: %w", err)
		}
		out[id] = true
	}
	return out, nil
}
