package integrations

import "fmt"

// Permit says whether want may be written over what was found: nil, or an error of class ErrConflict, ErrFenced or
// ErrForeign. It is the one rule for all targets.
//
//   - Another project's marker is never written over, nor is a newer release, nor another content with the same
//     sequence number: two ledgers would be at work.
//   - Our own marker that does not verify is drift and healed. Its sequence number is not believed, or whoever can
//     write to the target could fence us out for ever.
//   - Content without our marker is drift where the ledger knows that we were there, and otherwise somebody's: it is
//     taken over only if it is equal, or if that was asked for (RULES R30, R39).
func Permit(want Release, found Observation) error {
	switch found.Holder {
	case Nobody, Altered:
		return nil
	case Us:
		return permitOver(want, found)
	case Another:
		return fmt.Errorf("%w: the place belongs to project %q, this is %q", ErrConflict, found.Project, want.Project)
	case Stranger:
		if want.Applied || want.Adopt || found.Same {
			return nil
		}
		return fmt.Errorf("%w: what is there differs and is not ours; adopt or overwrite it explicitly", ErrForeign)
	}
	return fmt.Errorf("%w: holder %d is not known", ErrConflict, int(found.Holder))
}

func permitOver(want Release, found Observation) error {
	if found.Seq > want.Seq {
		return fmt.Errorf("%w: entry %d, this is entry %d", ErrFenced, found.Seq, want.Seq)
	}
	if found.Seq == want.Seq && found.Content != want.Content {
		return fmt.Errorf("%w: entry %d is there with content %s, this has %s", ErrConflict, found.Seq, found.Content, want.Content)
	}
	return nil
}
