package ledger

import (
	"context"
	"path"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// maxPaths is how many differing paths of one commit are named.
const maxPaths = 100

// differ names the files in which two trees differ.
type differ struct {
	store *store
	paths []differing
}

type differing struct {
	path string
	want bool // the append, made again, has it
	have bool // the commit has it
}

func (d *differ) trees(ctx context.Context, at string, want, have schema.Hash) error {
	if want == have || len(d.paths) >= maxPaths {
		return nil
	}
	a, err := d.store.tree(ctx, want)
	if err != nil {
		return err
	}
	b, err := d.store.tree(ctx, have)
	if err != nil {
		return err
	}
	for len(a) > 0 || len(b) > 0 {
		var x, y item
		switch {
		case len(b) == 0 || len(a) > 0 && compareItems(a[0], b[0]) < 0:
			x, a = a[0], a[1:]
		case len(a) == 0 || compareItems(b[0], a[0]) < 0:
			y, b = b[0], b[1:]
		default:
			x, y, a, b = a[0], b[0], a[1:], b[1:]
		}
		if err := d.items(ctx, at, x, y); err != nil {
			return err
		}
	}
	return nil
}

// items compares what two trees have under one name; the zero item is nothing.
func (d *differ) items(ctx context.Context, at string, want, have item) error {
	if want.id == have.id {
		return nil
	}
	name := path.Join(at, want.name)
	if want.name == "" {
		name = path.Join(at, have.name)
	}
	if want.dir || have.dir {
		return d.trees(ctx, name, want.id, have.id)
	}
	d.paths = append(d.paths, differing{path: name, want: !want.id.IsZero(), have: !have.id.IsZero()})
	return nil
}

// mismatch says what it means that a commit's tree differs at a path from the append made again.
func (v *verifier) mismatch(id schema.Hash, d differing) Finding {
	f := Finding{Commit: id, Path: d.path, Code: StateMismatch, Class: Violated, Detail: "is not the fold of the entries"}
	switch {
	case !d.want:
		f.Detail = "belongs to no entry of this append"
	case !d.have:
		f.Detail = "is missing"
	}
	dir, _, _ := strings.Cut(d.path, "/")
	switch dir {
	case entriesDir:
		f.Code = LogChain
		f.Seq = seqOf(d.path)
		if d.want && d.have {
			f.Detail = "an entry that was there before has changed"
		}
	case evidenceDir:
		if d.want {
			f.Code, f.Class = EvidenceMissing, Unprovable
		}
		if d.want && d.have {
			f.Detail = "evidence that was there before has changed"
		}
	}
	return f
}

// seqOf returns the number that an entry's path names, 0 if it names none.
func seqOf(p string) int64 {
	seq, err := strconv.ParseInt(strings.TrimSuffix(path.Base(p), ".json"), 10, 64)
	if err != nil || EntryPath(seq) != p {
		return 0
	}
	return seq
}
