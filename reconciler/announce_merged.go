package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

// landed tells what became of a merged merge request: what was let in, what waits, and what neither did. done is that none of
// it can change any more.
func (p *pass) landed(ctx context.Context, mr schema.MergeRequest, n *announcedNote, s *note.Subject) (done bool, err error) {
	judged, err := p.judged(ctx, mr)
	if err != nil {
		return false, err
	}
	if !judged {
		return false, errLater
	}
	done = true
	for _, cell := range n.Cells {
		if cell == schema.Control {
			over, err := p.landedControl(ctx, n, s)
			if err != nil {
				return false, err
			}
			done = done && over
			continue
		}
		stage, ok := p.rules.project.Stage(cell.Stage)
		if !ok {
			continue // it is a stage no more
		}
		c, over, err := p.landedCell(ctx, stage, cell.App, mr, n.Entered[cell.String()])
		if err != nil {
			return false, fmt.Errorf("%s: %w", cell, err)
		}
		s.Cells, done = append(s.Cells, c), done && over
	}
	return done, nil
}

// judged reports whether a pass has seen the ref with what the merge request brought.
func (p *pass) judged(ctx context.Context, mr schema.MergeRequest) (bool, error) {
	tip, seen := landedTip(mr), p.ledger.Refs().Seen[mr.TargetRef]
	if seen.IsZero() || tip.IsZero() {
		return false, nil
	}
	if _, err := p.cfg.Repository.Commit(ctx, tip); err != nil {
		return false, ctx.Err() // it was merged after the refs were fetched
	}
	return p.cfg.Repository.IsAncestor(ctx, tip, seen)
}

func (p *pass) landedCell(ctx context.Context, stage schema.Stage, app schema.App, mr schema.MergeRequest, entry int64) (note.Cell, bool, error) {
	c, err := p.cellJudge(ctx, stage, app)
	if err != nil {
		return note.Cell{}, false, err
	}
	out := note.Cell{Cell: c.cell, Path: c.path}
	switch held := c.state.Held; {
	case held != nil && held.IID == mr.IID:
		out.Change, out.Verdict = held.Change, held.Verdict
		return out, false, c.fill(ctx, &out, held.Base, held.Tip)
	case entry == 0:
		return p.landedUnjudged(ctx, c, mr, out)
	}
	e, _, err := p.ledger.Entry(ctx, entry)
	if err != nil || e.Decision == nil {
		return out, false, err
	}
	out.Admitted, out.Change, out.Verdict = entry, e.Decision.Change, e.Decision.Verdict
	if out.Verdict.Outcome != schema.Allow {
		out.LetIn = e.Decision.Mode
	}
	now := c.state.Admitted
	out.Live = now.Seq == entry && !now.LiveAt.IsZero()
	return out, out.Live || now.Seq != entry || p.observes(c.state), c.fill(ctx, &out, e.Decision.Landing.Base, e.Decision.Landing.Tip)
}

// landedUnjudged is of a merge request that was not let in and does not wait either: what it brought is admitted already, lies above
// what waits, or is gone.
func (p *pass) landedUnjudged(ctx context.Context, c *cellJudge, mr schema.MergeRequest, out note.Cell) (note.Cell, bool, error) {
	tip, held := landedTip(mr), c.state.Held
	to, err := c.filesAt(ctx, tip)
	if err != nil {
		return out, false, err
	}
	if out.Settled = to.side.Content == c.admitted().Content; out.Settled {
		return out, true, nil
	}
	out.Replaced = true
	if held == nil || held.Tip == tip {
		return out, true, nil
	}
	now, err := c.filesAt(ctx, p.ledger.Refs().Seen[mr.TargetRef])
	if err != nil || now.side.Content != to.side.Content {
		return out, true, err
	}
	if over, err := p.cfg.Repository.IsAncestor(ctx, held.Tip, tip); err != nil || !over {
		return out, true, err
	}
	out.Replaced, out.Below = false, belowOf(*held)
	out.Below.Merged = true
	return out, false, c.fill(ctx, &out, held.Tip, tip)
}

// belowOf names a held change in the note of what lies above it.
func belowOf(h ledger.Held) note.Below {
	return note.Below{IID: h.IID, Commit: h.Tip, Refused: h.Verdict.Outcome == schema.Deny}
}

func (p *pass) landedControl(ctx context.Context, n *announcedNote, s *note.Subject) (bool, error) {
	held := p.ledger.Head().Control.Held
	switch entry := n.Entered[schema.Control.String()]; {
	case held != nil && held.IID == s.IID:
		changed, err := p.controlPathsBetween(ctx, held.Base, held.Tip)
		s.Control = &note.Control{Changed: changed, Verdict: held.Verdict}
		return false, err
	case entry > 0:
		e, _, err := p.ledger.Entry(ctx, entry)
		if err != nil || e.Decision == nil {
			return true, err
		}
		changed, err := p.controlPathsBetween(ctx, e.Decision.Landing.Base, e.Decision.Landing.Tip)
		s.Control = &note.Control{Changed: changed, Verdict: e.Decision.Verdict, Admitted: entry}
		return true, err
	}
	return true, nil
}
