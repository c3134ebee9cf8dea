package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// step verifies one commit: it makes the append again and compares.
func (v *verifier) step(ctx context.Context, id schema.Hash) {
	if id == v.at.tip {
		return // adopted
	}
	c, err := v.at.readCommit(ctx, id)
	if err != nil && c.tree.IsZero() {
		return // reported on the way back
	}
	signer, err := signedBy(c, v.keys, v.opts.VerifyCommit)
	if err != nil {
		v.note(Finding{Commit: id}, err)
	}
	signed, checkpoint := v.checkpoint(ctx, id, c.tree)
	entries, raws, ok := v.appended(ctx, id, c.tree, checkpoint)
	if !ok {
		v.adopt(ctx, id, c.tree)
		return
	}
	g := v.at.growth(entries, raws)
	if err := v.again(ctx, g, id, c.tree, signed); err != nil {
		v.note(Finding{Seq: v.at.edge.size + 1, Commit: id}, err)
		v.adopt(ctx, id, c.tree)
		return
	}
	before := v.at
	v.compare(ctx, g, id, c.tree)
	if v.opts.Judge != nil {
		found := v.opts.Judge(ctx, Appended{Commit: id, Before: before, After: v.at, Entries: entries})
		v.report.Findings = append(v.report.Findings, found...)
	}
	v.rotate(ctx, id, entries, signer)
	v.report.Entries += int64(len(entries))
}

// checkpoint reads the checkpoint of a commit. Where its signature is wrong, the right edge still says how many entries
// the commit claims, so that the rest can be verified.
func (v *verifier) checkpoint(ctx context.Context, id, root schema.Hash) ([]byte, Checkpoint) {
	f := Finding{Commit: id, Path: checkpointPath}
	signed, err := v.at.store.file(ctx, root, checkpointPath)
	if errors.Is(err, ErrMissing) {
		err = doubt(LogSignature, "no checkpoint")
	}
	var c Checkpoint
	if err == nil {
		if c, err = OpenCheckpoint(signed, v.report.Project, v.keys); err == nil {
			return signed, c
		}
		err = doubt(LogSignature, "%w", err)
	}
	v.note(f, err)
	if merkle, err := v.at.store.file(ctx, root, merklePath); err == nil {
		if e, err := parseEdge(merkle); err == nil {
			c = Checkpoint{Origin: v.report.Project, Size: e.size, Root: e.root()}
		}
	}
	return signed, c
}

// appended reads the entries that a commit adds; ok is false when they cannot be folded.
func (v *verifier) appended(ctx context.Context, id, root schema.Hash, c Checkpoint) (entries []Entry, raws [][]byte, ok bool) {
	if from := v.at.edge.size; c.Size <= from {
		v.find(Finding{Commit: id, Path: checkpointPath, Code: LogOrder, Class: Violated, Detail: fmt.Sprintf("%d entries after a commit with %d", c.Size, from)})
		return nil, nil, false
	}
	at := link{prev: v.at.head.Last, at: v.at.head.At, edge: v.at.edge, ok: true}
	for at.edge.size < c.Size {
		f := Finding{Seq: at.edge.size + 1, Commit: id, Path: EntryPath(at.edge.size + 1)}
		e, raw, err := v.at.store.entry(ctx, root, f.Seq)
		if errors.Is(err, ErrMissing) {
			err = doubt(LogChain, "the entry is missing")
		}
		if err != nil {
			v.note(f, err)
		}
		if raw == nil {
			return nil, nil, false
		}
		at = v.link(f, at, e, raw, err == nil)
		entries, raws = append(entries, e), append(raws, raw)
	}
	if c.Root != at.edge.root() {
		v.find(Finding{Commit: id, Path: checkpointPath, Code: LogChain, Class: Violated, Detail: fmt.Sprintf("the checkpoint's root is %s, that of the entries %s", c.Root, at.edge.root())})
	}
	return entries, raws, at.ok
}

// link is the end of the chain of entries so far.
type link struct {
	prev schema.Digest
	at   time.Time
	edge edge
	ok   bool // every entry was understood
}

// link adds an entry to the chain. Of one that is not understood only the bytes are chained.
func (v *verifier) link(f Finding, l link, e Entry, raw []byte, understood bool) link {
	next := link{prev: schema.DigestOf(raw), at: l.at, edge: l.edge.add(raw), ok: l.ok && understood}
	f.Class = Violated
	if understood {
		next.at = e.At
		if e.Prev != l.prev {
			f.Code, f.Detail = LogChain, fmt.Sprintf("prev is %s, the entry before is %s", e.Prev, l.prev)
			v.find(f)
		}
		if e.Project != v.report.Project {
			f.Code, f.Detail = LogOrigin, fmt.Sprintf("entry of project %q, want %q", e.Project, v.report.Project)
			v.find(f)
		}
		if e.At.Before(l.at) {
			f.Code, f.Detail = LogOrder, fmt.Sprintf("at %s, the entry before was at %s", e.At, l.at)
			v.find(f)
		}
	}
	for _, c := range v.known[next.edge.size] {
		if c.Root != next.edge.root() {
			f.Code = LogFork
			f.Detail = fmt.Sprintf("the first %d entries have root %s, a checkpoint with %s was seen", c.Size, next.edge.root(), c.Root)
			v.find(f)
		}
	}
	return next
}

// again makes the append once more, from the state that is verified so far.
func (v *verifier) again(ctx context.Context, g *growth, id, root schema.Hash, signed []byte) error {
	if err := v.bring(ctx, g, id, root); err != nil {
		return err
	}
	if err := g.fold(ctx); err != nil {
		return err
	}
	return g.plant(ctx, signed)
}

// compare reports how the commit differs from the append that was made again, and goes on from the commit.
func (v *verifier) compare(ctx context.Context, g *growth, id, root schema.Hash) {
	want := g.next.root
	next := *g.next
	next.tip = id
	next.store = v.at.store.after(nil)
	v.at = &next
	if want == root {
		return
	}
	d := differ{store: g.next.store}
	if err := d.trees(ctx, "", want, root); err != nil {
		v.note(Finding{Commit: id}, err)
	}
	for _, path := range d.paths {
		v.find(v.mismatch(id, path))
	}
	v.adopt(ctx, id, root)
}
