package integrations

import (
	"errors"
	"fmt"
)

// Permit says whether want may be written over what was found: nil, or an error of class ErrTaken, ErrConflict, ErrFenced or
// ErrForeign. It is the one rule for all targets.
//
//   - Another project's marker is never written over, nor is a newer release, nor another content with the same
//     sequence number: two ledgers would be at work.
//   - Our own marker that does not verify is drift and healed. Its sequence number is not believed, or whoever can
//     write to the target could fence us out for ever.
//   - Content without our marker is drift where the ledger knows that we were there, and otherwise somebody's: it is
//     taken over only if it is equal, or if that was asked for (RULES R30, R39).
func Permit(want Release, found Observation) error {
	var class error
	var why string
	switch found.Holder {
	case Nobody, Altered:
		return nil
	case Us:
		why, class = permitOver(want, found)
	case Another:
		class, why = ErrTaken, fmt.Sprintf("the place belongs to project %q, this is %q", found.Project, want.Project)
	case Stranger:
		if !want.Applied && !want.Adopt && !found.Same {
			class, why = ErrForeign, "what is there differs and is not ours; adopt or overwrite it explicitly"
		}
	default:
		class, why = ErrConflict, fmt.Sprintf("holder %d is not known", int(found.Holder))
	}
	if class == nil {
		return nil
	}
	return &Error{Key: found.Place, Class: class, Why: why}
}

func permitOver(want Release, found Observation) (why string, class error) {
	if found.Seq > want.Seq {
		return fmt.Sprintf("entry %d, this is entry %d", found.Seq, want.Seq), ErrFenced
	}
	if found.Seq == want.Seq && found.Content != want.Content {
		return fmt.Sprintf("entry %d is there with content %s, this has %s", found.Seq, found.Content, want.Content), ErrTaken
	}
	return "", nil
}

// Permit is [Permit] with the target's name in the error.
func (s Spec) Permit(want Release, found Observation) error {
	err := Permit(want, found)
	if refusal, ok := errors.AsType[*Error](err); ok {
		refusal.Target = s.Name
	}
	return err
}
