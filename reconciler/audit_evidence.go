package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// Evidence finds Git objects among the evidence of the entry that is being judged: what a clone does not have because no ref
// leads to it, such as the commits that a squash replaced (RULES R7).
type Evidence struct {
	load    func() map[schema.Hash]schema.Object
	objects map[schema.Hash]schema.Object
}

// NewEvidence returns an Evidence without any.
func NewEvidence() *Evidence { return &Evidence{} }

// Object returns a commit or tree by its id; ok is false when the evidence does not hold it.
func (v *Evidence) Object(id schema.Hash) (kind schema.ObjectKind, data []byte, ok bool) {
	if v.objects == nil && v.load != nil {
		v.objects = v.load()
	}
	o, ok := v.objects[id]
	return o.Kind, o.Data, ok
}

// of makes it that of one entry. Nothing is read before an object is asked for.
func (v *Evidence) of(ctx context.Context, l *ledger.Ledger, e ledger.Entry) {
	v.objects, v.load = nil, nil
	if l == nil {
		return
	}
	v.load = func() map[schema.Hash]schema.Object {
		out := map[schema.Hash]schema.Object{}
		for _, d := range e.Evidence {
			data, err := l.Evidence(ctx, d)
			if err != nil {
				continue // told by the ledger's own verification
			}
			for _, kind := range []schema.ObjectKind{schema.CommitObject, schema.TreeObject} {
				o := schema.NewObject(kind, data) // the reader hashes it again, with a search for collisions
				out[o.ID] = o
			}
		}
		return out
	}
}

// replayRepository is a clone as a pass sees a repository. It cannot fetch, and it notes what it lacks: a decision that does
// not come out again for lack of objects is not known to be wrong.
type replayRepository struct {
	Readable
	lacking error // the first thing that could not be read
}

var errOffline = errors.New("an audit asks no server")

func (r *replayRepository) lack(err error) {
	if r.lacking == nil {
		r.lacking = err
	}
}

// Files answers for a tree that cannot be read with a problem: then its content equals nothing that was ever admitted.
func (r *replayRepository) Files(ctx context.Context, tree schema.Hash) (schema.Manifest, []schema.Problem, error) {
	m, problems, err := r.Readable.Files(ctx, tree)
	if err == nil || ctx.Err() != nil {
		return m, problems, err
	}
	r.lack(err)
	return nil, []schema.Problem{{Code: ledger.EvidenceMissing, Detail: err.Error()}}, nil
}

// Diff of what cannot be read names no path.
func (r *replayRepository) Diff(ctx context.Context, a, b schema.Hash, visit func(schema.TreeChange) error) error {
	err := r.Readable.Diff(ctx, a, b, visit)
	if err != nil && ctx.Err() == nil {
		r.lack(err)
		return nil
	}
	return err
}

// FetchCommit finds nothing that the clone does not have.
func (r *replayRepository) FetchCommit(_ context.Context, id schema.Hash, _ ...string) error {
	err := fmt.Errorf("commit %s is neither in the clone nor in the evidence: %w", id.Short(), errOffline)
	r.lack(err)
	return err
}

// Fetch is never asked for.
func (r *replayRepository) Fetch(context.Context) (map[string]schema.Hash, error) {
	return nil, errOffline
}

// Push is never asked for.
func (r *replayRepository) Push(context.Context, string, schema.Hash, schema.Hash, []schema.Object) error {
	return errOffline
}

// Write is never asked for.
func (r *replayRepository) Write(context.Context, []schema.Object) error { return errOffline }

// RemoteRef is never asked for.
func (r *replayRepository) RemoteRef(context.Context, string) (schema.Hash, error) {
	return schema.Hash{}, errOffline
}

// lacking is the finding about what could not be read.
func lacking(path string, err error) []ledger.Finding {
	f := ledger.Finding{Path: path, Code: ledger.EvidenceMissing, Class: ledger.Unprovable, Detail: err.Error()}
	if errors.Is(err, ledger.ErrUnknownFormat) {
		f.Code = ledger.UnknownFormat
	}
	return []ledger.Finding{f}
}

// mismatch is the finding about an entry that says something else than comes out again.
func mismatch(path, format string, args ...any) []ledger.Finding {
	return []ledger.Finding{{Path: path, Code: DecisionMismatch, Class: ledger.Violated, Detail: fmt.Sprintf(format, args...)}}
}
