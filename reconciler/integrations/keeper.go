package integrations

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// Keeper is a target that keeps the newest signed checkpoint of a project's ledger beside what it serves. Whoever cuts the
// ledger's tail off, or shows another one, would have to change it there too, in every target.
type Keeper interface {
	// Checkpoint returns the signed note that is kept for a project, as it is there: nobody has looked at its signature.
	// Nil is none.
	Checkpoint(ctx context.Context, project string) ([]byte, error)

	// KeepCheckpoint keeps a signed note. It asks [Spec.Advance], and the decision holds at the moment of the write: a
	// smaller or another ledger never takes the place of what is there, however writers race. It reports whether it wrote.
	KeepCheckpoint(ctx context.Context, project string, signed []byte) (wrote bool, err error)
}

// MaxCheckpoint bounds the bytes of a checkpoint with all its cosignatures.
const MaxCheckpoint = 64 << 10

// Advance says whether a checkpoint may take the place of the one that is kept. It is the one rule for all targets.
//
//   - A larger ledger's checkpoint is never replaced by a smaller one's: ErrFenced.
//   - Two roots for one size are two ledgers: ErrConflict.
//   - What the log keys did not sign proves nothing: it is replaced, and never believed.
//   - The same checkpoint is replaced by another writing of it with no fewer signatures: a witness signed, or signed again.
func (s Spec) Advance(place, project string, have, want []byte) (write bool, err error) {
	refuse := func(class error, format string, args ...any) error {
		return &Error{Target: s.Name, Key: place, Class: class, Why: fmt.Sprintf(format, args...)}
	}
	if !schema.CheckProjectID(project) || len(want) > MaxCheckpoint {
		return false, refuse(ErrInvalid, "project %q, checkpoint of %d bytes", project, len(want))
	}
	keys := s.Keys.keys()
	next, err := ledger.OpenCheckpoint(want, project, keys)
	if err != nil {
		return false, &Error{Target: s.Name, Key: place, Class: ErrInvalid, Err: err}
	}
	if have == nil || len(have) > MaxCheckpoint {
		return true, nil
	}
	kept, err := ledger.OpenCheckpoint(have, project, keys)
	switch {
	case err != nil:
		return true, nil
	case kept.Size > next.Size:
		return false, refuse(ErrFenced, "the ledger had %d entries, this one has %d", kept.Size, next.Size)
	case kept.Size < next.Size:
		return true, nil
	case kept.Root != next.Root:
		return false, refuse(ErrConflict, "another ledger of %d entries was here", kept.Size)
	}
	return !bytes.Equal(want, have) && signatures(want) >= signatures(have), nil
}

// signatures counts the signature lines of a note.
func signatures(signed []byte) int { return bytes.Count(signed, []byte("\n— ")) }
