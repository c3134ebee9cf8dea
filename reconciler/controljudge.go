package reconciler

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// controlJudge walks the positions of the default branch and decides, landing by landing, which control files come into
// force.
type controlJudge struct {
	*pass
	control ledger.ControlState
	chain   []schema.Hash          // positions, oldest first; at chain[0] the files in force
	keys    map[schema.Hash]string // commit → controlCell.key
	byKey   map[string]controlCell
}

// controlCell is what the control cell holds at one commit.
type controlCell struct {
	key      string // ids of its entries: where they are equal, so are the files
	manifest schema.Manifest
	files    map[string][]byte
	content  schema.Content
	err      error // why they cannot be files
}

// base is where to look from: where the held change began, else the last position seen, else where the files in force were
// read. A pass that ended between two appends left a position behind that has older files.
func (c *controlJudge) base(ctx context.Context, seen schema.Hash) (schema.Hash, error) {
	if c.control.Held != nil {
		return c.control.Held.Base, nil
	}
	if seen.IsZero() {
		return c.control.Commit, nil
	}
	at, err := c.at(ctx, seen)
	if err != nil || at.content != c.inForce() {
		return c.control.Commit, err
	}
	return seen, nil
}

// walk goes through the landings in order and ends at the first whose files may come into force: the rest is judged under
// them. Each landing is judged as the whole step from what is in force, so that a signature counts only for all of it; what
// was judged does not depend on how often was polled (RULES R15).
func (c *controlJudge) walk(ctx context.Context) (*judged, error) {
	s := controlStep{}
	var pending *judged
	for i := 1; i < len(c.chain); {
		moved, err := c.moved(ctx, i)
		if err != nil {
			return nil, err
		}
		if !moved {
			i++
			continue
		}
		l, err := c.landingAt(ctx, c.controlRef(), c.chain, i)
		if err != nil {
			return nil, err
		}
		back, err := c.lastInForce(ctx, i, l.end)
		if err != nil {
			return nil, err
		}
		if back >= 0 {
			s, pending = controlStep{base: back}, nil
		}
		if s.base != l.end {
			s.landing = l
			if pending, err = c.judge(ctx, &s); err != nil || pending.entry.Kind == ledger.Control {
				return pending, err
			}
		}
		i = l.end + 1
	}
	return pending, nil
}

// controlStep is the step from the files in force to those of a landing, over the landings between that wait.
type controlStep struct {
	base    int // the last position with the files in force
	landing landing
	mixed   bool // one of the landings changes apps as well
}

func (c *controlJudge) inForce() schema.Content { return schema.Content(c.control.Manifest) }

// lastInForce returns the last position of a stretch with the files in force, -1 if there is none.
func (c *controlJudge) lastInForce(ctx context.Context, from, to int) (int, error) {
	for i := to; i >= from; i-- {
		at, err := c.at(ctx, c.chain[i])
		if err != nil {
			return -1, err
		}
		if at.content == c.inForce() {
			return i, nil
		}
	}
	return -1, nil
}

func (c *controlJudge) moved(ctx context.Context, i int) (bool, error) {
	before, err := c.keyOf(ctx, c.chain[i-1])
	if err != nil {
		return false, err
	}
	after, err := c.keyOf(ctx, c.chain[i])
	return before != after, err
}

// keyOf names what a commit has in the places of control files, without reading it.
func (c *controlJudge) keyOf(ctx context.Context, commit schema.Hash) (string, error) {
	if key, ok := c.keys[commit]; ok {
		return key, nil
	}
	var key strings.Builder
	for _, path := range ControlPaths {
		entry, err := entryAt(ctx, c.cfg.Repository, commit, path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&key, "%s %s\n", entry.Mode, entry.ID)
	}
	c.keys[commit] = key.String()
	return key.String(), nil
}

// at reads the control cell of a commit. Files that cannot be read are a content that equals nothing.
func (c *controlJudge) at(ctx context.Context, commit schema.Hash) (controlCell, error) {
	key, err := c.keyOf(ctx, commit)
	if err != nil {
		return controlCell{}, err
	}
	if have, ok := c.byKey[key]; ok {
		return have, nil
	}
	info, err := c.cfg.Repository.Commit(ctx, commit)
	if err != nil {
		return controlCell{}, fmt.Errorf("read commit %s: %w", commit.Short(), err)
	}
	have := controlCell{key: key}
	if have.manifest, have.files, have.err = ControlFiles(ctx, c.cfg.Repository, info.Tree); have.err != nil {
		if ctx.Err() != nil {
			return controlCell{}, ctx.Err()
		}
		have.manifest, have.files = nil, nil
		have.content = schema.Content("invalid:" + schema.DigestOf([]byte(key)))
	} else {
		have.content = have.manifest.Content()
	}
	c.byKey[key] = have
	return have, nil
}

// touches reports whether a commit changes control files: they are none of its parents'.
func (c *controlJudge) touches(ctx context.Context, id schema.Hash) (bool, error) {
	info, err := c.cfg.Repository.Commit(ctx, id)
	if err != nil {
		return false, fmt.Errorf("read commit %s: %w", id.Short(), err)
	}
	key, err := c.keyOf(ctx, id)
	if err != nil {
		return false, err
	}
	for _, parent := range info.Parents {
		other, err := c.keyOf(ctx, parent)
		if err != nil || other == key {
			return false, err
		}
	}
	return true, nil
}
