package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// growth is one append while it is made. An append and its verification both grow the ledger by this code, so what an
// append writes and what Verify expects cannot differ.
type growth struct {
	from    *Ledger
	next    *Ledger
	form    Form // of the ledger, also where this append begins it
	entries []Entry
	raws    [][]byte
	writes  []write
	objects []schema.Object
	fresh   map[schema.Hash]schema.Object
	near    map[schema.Hash]*schema.Object // what new evidence is near to, by its object
}

// growth starts an append of entries, whose bytes are raws.
func (l *Ledger) growth(entries []Entry, raws [][]byte) *growth {
	g := &growth{from: l, form: l.head.Form, entries: entries, raws: raws, fresh: map[schema.Hash]schema.Object{}, near: map[schema.Hash]*schema.Object{}}
	if first := entries[0]; l.head.Size == 0 && first.Seal != nil {
		g.form = first.Seal.Form
	}
	next := *l
	next.store, next.cells = l.store.after(g.fresh), l.cells.next()
	g.next = &next
	return g
}

// named returns the digests that the entries name, and whether the volume that the entries go to holds each already.
func (g *growth) named(ctx context.Context) (map[schema.Digest]bool, error) {
	named := map[schema.Digest]bool{}
	for _, e := range g.entries {
		for _, d := range e.Names() {
			if _, ok := named[d]; ok {
				continue
			}
			if named[d] = false; g.from.fullVolume() {
				continue
			}
			_, held, err := g.from.store.find(ctx, g.from.root, g.form.EvidencePath(d))
			if err != nil {
				return nil, fmt.Errorf("entry %d: %w", e.Seq, err)
			}
			named[d] = held
		}
	}
	return named, nil
}

// fold folds the entries into the state and collects what changes in the tree. New evidence has to be put before.
func (g *growth) fold(ctx context.Context) error {
	states := map[schema.Cell]State{}
	for i, e := range g.entries {
		g.next.head = FoldHead(g.next.head, e, schema.DigestOf(g.raws[i]))
		g.next.refs = FoldRefs(g.next.refs, e)
		g.next.edge = g.next.edge.add(g.raws[i])
		if err := g.foldCells(ctx, states, e); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		g.put(EntryPath(e.Seq), g.raws[i])
	}
	if g.from.fullVolume() {
		g.next.volumes = append(slices.Clone(g.from.volumes), volume{last: g.from.edge.size, commit: g.from.tip})
		g.put(volumesPath, g.next.volumes.encode())
	}
	return g.putState(ctx, states)
}

// foldCells folds one entry into the states of the cells that it is about.
func (g *growth) foldCells(ctx context.Context, states map[schema.Cell]State, e Entry) error {
	if e.Seal != nil && e.Seal.Cells != "" {
		return g.foldSealed(ctx, states, e)
	}
	if e.Order != nil && e.Order.Blob != "" {
		g.writes = append(g.writes, write{path: g.form.EvidencePath(e.Order.Blob)})
	}
	c := e.Cell()
	if c.App == "" || c == schema.Control {
		return nil
	}
	s, err := g.state(ctx, states, c)
	if err != nil {
		return err
	}
	states[c] = g.form.Fold(s, e)
	return nil
}

func (g *growth) foldSealed(ctx context.Context, states map[schema.Cell]State, e Entry) error {
	data, err := g.evidence(ctx, e.Seal.Cells)
	if err != nil {
		return err
	}
	cells, err := ParseSealed(data)
	if err != nil {
		return err
	}
	for _, sealed := range cells {
		c := schema.Cell{Stage: sealed.Stage, App: sealed.App}
		s, err := g.state(ctx, states, c)
		if err != nil {
			return err
		}
		states[c] = FoldSealed(s, e, sealed)
	}
	return nil
}

// state returns a cell as this append has left it so far.
func (g *growth) state(ctx context.Context, states map[schema.Cell]State, c schema.Cell) (State, error) {
	if s, ok := states[c]; ok {
		return s, nil
	}
	s, _, err := g.from.Cell(ctx, c)
	return s, err
}

// evidence returns a blob that this append brings, or that the ledger holds.
func (g *growth) evidence(ctx context.Context, d schema.Digest) ([]byte, error) {
	path := g.form.EvidencePath(d)
	for _, w := range g.writes {
		if w.path == path && !w.id.IsZero() {
			return g.next.store.object(ctx, w.id, schema.BlobObject)
		}
	}
	return g.from.Evidence(ctx, d)
}

// putState writes what the fold has changed.
func (g *growth) putState(ctx context.Context, states map[schema.Cell]State) error {
	put := g.putCells
	if g.form.bucketed() {
		put = g.putBuckets
	}
	if err := put(ctx, states); err != nil {
		return err
	}
	head, err := encodeLine(g.next.head)
	if err != nil {
		return fmt.Errorf("head: %w", err)
	}
	g.put(headPath, head)
	g.put(merklePath, g.next.edge.encode())
	return g.putRefs()
}

// putCells writes each state into a file of its own.
func (g *growth) putCells(_ context.Context, states map[schema.Cell]State) error {
	for c, s := range states {
		data, err := encodeLine(s)
		if err != nil {
			return fmt.Errorf("state of %s: %w", c, err)
		}
		g.from.store.states.put(g.put(g.form.StatePath(c), data), s)
	}
	return nil
}

// putRefs leaves the file alone when no ref has moved.
func (g *growth) putRefs() error {
	before, errBefore := encodeLine(g.from.refs)
	after, err := encodeLine(g.next.refs)
	if err != nil || errBefore != nil {
		return fmt.Errorf("refs: %w", errors.Join(err, errBefore))
	}
	if g.from.tip.IsZero() || !bytes.Equal(before, after) {
		g.put(refsPath, after)
	}
	return nil
}

func (g *growth) put(path string, data []byte) schema.Hash {
	id := g.object(schema.BlobObject, data)
	g.writes = append(g.writes, write{path: path, id: id})
	return id
}

func (g *growth) object(kind schema.ObjectKind, data []byte) schema.Hash {
	o := schema.NewObject(kind, data)
	if _, ok := g.fresh[o.ID]; !ok {
		g.fresh[o.ID] = o
		g.objects = append(g.objects, o)
	}
	return o.ID
}

// plant writes the checkpoint and makes the trees above everything that has changed.
func (g *growth) plant(ctx context.Context, checkpoint []byte) error {
	g.put(checkpointPath, checkpoint)
	slices.SortStableFunc(g.writes, func(a, b write) int { return strings.Compare(a.path, b.path) })
	before, err := g.from.store.tree(ctx, g.from.root)
	if err != nil {
		return err
	}
	if g.from.fullVolume() {
		before = slices.DeleteFunc(slices.Clone(before), func(i item) bool { return i.name == entriesDir || i.name == evidenceDir })
	}
	g.next.root, err = g.rewrite(ctx, before, g.writes, 0)
	return err
}

// rewrite returns what a tree becomes by the writes, whose paths all begin with the same skip bytes: its directory.
// Only directories on the way to a write are read and made. A directory that is left empty is left out.
func (g *growth) rewrite(ctx context.Context, before tree, writes []write, skip int) (schema.Hash, error) {
	var kids []item
	for len(writes) > 0 {
		name, _, dir := strings.Cut(writes[0].path[skip:], "/")
		n := 1
		for n < len(writes) && sameName(writes[n].path[skip:], name) {
			n++
		}
		kid := item{name: name, dir: dir, id: writes[n-1].id} // of one path the last write holds
		if dir {
			have, _ := before.find(name)
			below, err := g.from.store.tree(ctx, have.id)
			if err != nil {
				return schema.Hash{}, err
			}
			if kid.id, err = g.rewrite(ctx, below, writes[:n], skip+len(name)+1); err != nil {
				return schema.Hash{}, err
			}
		}
		kids, writes = append(kids, kid), writes[n:]
	}
	after := before.with(kids)
	if len(after) == 0 {
		return schema.Hash{}, nil
	}
	id := g.object(schema.TreeObject, after.encode())
	g.from.store.trees.put(id, after)
	return id, nil
}

func sameName(path, name string) bool {
	return len(path) >= len(name) && path[:len(name)] == name && (len(path) == len(name) || path[len(name)] == '/')
}
