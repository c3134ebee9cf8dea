package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// bucket is a file of the states of several cells of one stage, a line of JSON each. It is never changed once it is made.
//
// Invariant: one stage; sorted by the hash of the app's name; no app occurs twice.
type bucket []bucketLine

type bucketLine struct {
	cell schema.Cell
	app  string      // hash of its name
	id   schema.Hash // of the line as a blob: by it the state is remembered
	line []byte
}

func newBucketLine(c schema.Cell, line []byte) bucketLine {
	return bucketLine{cell: c, app: appHash(c.App), id: schema.NewObject(schema.BlobObject, line).ID, line: line}
}

func parseBucket(data []byte) (bucket, error) {
	var b bucket
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			return nil, errors.New("no newline at the end")
		}
		var named struct {
			Stage schema.StageName `json:"stage"`
			App   schema.App       `json:"app"`
		}
		if err := json.Unmarshal(data[:end], &named); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(b)+1, err)
		}
		line := newBucketLine(schema.Cell{Stage: named.Stage, App: named.App}, data[:end:end])
		if n := len(b); n > 0 && (b[n-1].app >= line.app || b[n-1].cell.Stage != named.Stage) {
			return nil, fmt.Errorf("line %d: not sorted by the hash of the app, or of another stage", n+1)
		}
		b, data = append(b, line), data[end:]
	}
	return b, nil
}

// lies reports whether the states of all its cells belong to a path.
func (b bucket) lies(path string) bool {
	for _, l := range []int{0, len(b) - 1} { // what is sorted between two hashes begins as both of them do
		if l >= 0 && l < len(b) && Volumes.StatePath(b[l].cell) != path {
			return false
		}
	}
	return true
}

func (b bucket) find(app schema.App) (bucketLine, bool) {
	at, ok := slices.BinarySearchFunc(b, appHash(app), func(l bucketLine, want string) int { return cmp.Compare(l.app, want) })
	if !ok {
		return bucketLine{}, false
	}
	return b[at], true
}

// with returns the bucket in which lines took the place of those of the same apps.
func (b bucket) with(lines []bucketLine) bucket {
	out := slices.Concat(lines, b) // a stable sort leaves the new line of an app before the old one
	slices.SortStableFunc(out, func(a, b bucketLine) int { return cmp.Compare(a.app, b.app) })
	return slices.CompactFunc(out, func(a, b bucketLine) bool { return a.app == b.app })
}

func (b bucket) encode() []byte {
	var out bytes.Buffer
	for _, l := range b {
		out.Write(l.line)
	}
	return out.Bytes()
}

// bucket reads a file of states.
func (s *store) bucket(ctx context.Context, id schema.Hash) (bucket, error) {
	if b, ok := s.buckets.get(id); ok {
		return b, nil
	}
	data, err := s.object(ctx, id, schema.BlobObject)
	if err != nil {
		return nil, err
	}
	b, err := parseBucket(data)
	if err != nil {
		return nil, doubt(UnknownFormat, "states: %w", err)
	}
	s.buckets.put(id, b)
	return b, nil
}

// statesIn reads all states of a bucket.
func (s *store) statesIn(ctx context.Context, id schema.Hash) ([]State, error) {
	b, err := s.bucket(ctx, id)
	if err != nil {
		return nil, err
	}
	states := make([]State, len(b))
	for i, l := range b {
		if states[i], err = s.decoded(l.id, l.line); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// stateAt reads the state of a cell; ok is false where there is none.
func (l *Ledger) stateAt(ctx context.Context, c schema.Cell) (s State, ok bool, err error) {
	path := l.head.Form.StatePath(c)
	i, ok, err := l.store.find(ctx, l.root, path)
	if err != nil || !ok || i.dir {
		return State{}, false, err
	}
	if !l.head.Form.bucketed() {
		s, err = l.store.state(ctx, i.id)
		return s, err == nil, err
	}
	b, err := l.store.bucket(ctx, i.id)
	if err != nil {
		return State{}, false, err
	}
	if !b.lies(path) {
		return State{}, false, doubt(StateMismatch, "%s holds the states of other cells", path)
	}
	line, ok := b.find(c.App)
	if !ok {
		return State{}, false, nil
	}
	s, err = l.store.decoded(line.id, line.line)
	return s, err == nil, err
}

// putBuckets writes the states into the files that they share with others.
func (g *growth) putBuckets(ctx context.Context, states map[schema.Cell]State) error {
	changed := map[string][]bucketLine{}
	for c, s := range states {
		data, err := encodeLine(s)
		if err != nil {
			return fmt.Errorf("state of %s: %w", c, err)
		}
		line := newBucketLine(c, data)
		g.from.store.states.put(line.id, s)
		path := g.form.StatePath(c)
		changed[path] = append(changed[path], line)
	}
	for path, lines := range changed {
		var before bucket
		i, ok, err := g.from.store.find(ctx, g.from.root, path)
		if err == nil && ok && !i.dir {
			before, err = g.from.store.bucket(ctx, i.id)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		after := before.with(lines)
		g.from.store.buckets.put(g.put(path, after.encode()), after)
	}
	return nil
}
