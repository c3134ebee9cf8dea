package ledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Objects reads Git objects: raw bytes, whose id the reader has recomputed.
type Objects interface {
	Object(ctx context.Context, id schema.Hash) (schema.ObjectKind, []byte, error)
}

// How many trees, cell states, files of states and ids of trees stay in memory; a tree is a few kilobytes, a state about one, a file
// of states some tens.
const (
	cachedTrees   = 4096
	cachedStates  = 65536
	cachedBuckets = 512
	cachedRoots   = 4096
)

// store reads the objects of a ledger. fresh are those of the newest append, which objs may not hold yet.
type store struct {
	objs   Objects
	fresh  map[schema.Hash]schema.Object
	trees  *cache[schema.Hash, tree]
	states *cache[schema.Hash, State]
	// buckets are files of several states, roots the trees of the commits that closed a volume.
	buckets *cache[schema.Hash, bucket]
	roots   *cache[schema.Hash, schema.Hash]
}

func newStore(objs Objects) *store {
	return &store{
		objs: objs, trees: newCache[schema.Hash, tree](cachedTrees), states: newCache[schema.Hash, State](cachedStates),
		buckets: newCache[schema.Hash, bucket](cachedBuckets), roots: newCache[schema.Hash, schema.Hash](cachedRoots),
	}
}

// after returns a store that also reads the objects of an append, and no more those of the append before.
func (s *store) after(fresh map[schema.Hash]schema.Object) *store {
	next := *s
	next.fresh = fresh
	return &next
}

func (s *store) object(ctx context.Context, id schema.Hash, want schema.ObjectKind) ([]byte, error) {
	if o, ok := s.fresh[id]; ok && o.Kind == want {
		return o.Data, nil
	}
	kind, data, err := s.objs.Object(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", want, id, err)
	}
	if kind != want {
		return nil, doubt(LogChain, "object %s is a %s, want a %s", id, kind, want)
	}
	return data, nil
}

// tree reads a tree; the zero id is the empty one.
func (s *store) tree(ctx context.Context, id schema.Hash) (tree, error) {
	if id.IsZero() {
		return nil, nil
	}
	if t, ok := s.trees.get(id); ok {
		return t, nil
	}
	data, err := s.object(ctx, id, schema.TreeObject)
	if err != nil {
		return nil, err
	}
	t, err := parseTree(data)
	if err != nil {
		return nil, doubt(StateMismatch, "%s: %w", id, err)
	}
	s.trees.put(id, t)
	return t, nil
}

// find returns what lies at a path below a tree; ok is false when nothing does.
func (s *store) find(ctx context.Context, root schema.Hash, path string) (item, bool, error) {
	at := item{dir: true, id: root}
	for _, name := range strings.Split(path, "/") {
		if !at.dir {
			return item{}, false, nil
		}
		t, err := s.tree(ctx, at.id)
		if err != nil {
			return item{}, false, fmt.Errorf("%s: %w", path, err)
		}
		next, ok := t.find(name)
		if !ok {
			return item{}, false, nil
		}
		at = next
	}
	return at, true, nil
}

// file returns the bytes at a path below a tree, an error that wraps ErrMissing when there is no such file.
func (s *store) file(ctx context.Context, root schema.Hash, path string) ([]byte, error) {
	i, ok, err := s.find(ctx, root, path)
	if err != nil {
		return nil, err
	}
	if !ok || i.dir {
		return nil, fmt.Errorf("%s: %w", path, ErrMissing)
	}
	data, err := s.object(ctx, i.id, schema.BlobObject)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
