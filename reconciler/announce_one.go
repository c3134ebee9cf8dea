package reconciler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

// errLater is that a merge request is between two states, and is looked at again.
var errLater = errors.New("it is being merged")

// announceOne looks at a merge request and says what is to be said. done is that nothing about it will ever be news.
func (p *pass) announceOne(ctx context.Context, iid int64, n *announcedNote) (done bool, err error) {
	mr, err := p.cfg.Announcer.MergeRequest(ctx, iid)
	if err != nil {
		return false, err
	}
	if _, ours := p.ownRefs()[mr.TargetRef]; !ours || mr.State == "closed" {
		return true, nil
	}
	s := note.Subject{ProjectID: mr.ProjectID, IID: iid, Head: mr.Head, Page: p.cfg.Page}
	switch mr.State {
	case "opened":
		err = p.proposed(ctx, mr, &s)
		n.Merged = false
	case "merged":
		s.Merged, n.Merged = true, true
		done, err = p.landed(ctx, mr, n, &s)
	default:
		return false, errLater
	}
	if err != nil {
		return false, err
	}
	if !s.Merged {
		n.Cells = cellsOf(s)
	}
	n.Due = soonest(s, p.now)
	return done, p.say(ctx, s, mr, n)
}

func cellsOf(s note.Subject) []schema.Cell {
	var out []schema.Cell
	if s.Control != nil {
		out = append(out, schema.Control)
	}
	for _, c := range s.Cells {
		out = append(out, c.Cell)
	}
	return out
}

// soonest is when time alone first changes one of the answers.
func soonest(s note.Subject, now time.Time) time.Time {
	var at time.Time
	var walk func(v schema.Verdict)
	walk = func(v schema.Verdict) {
		if e := v.Earliest; v.Outcome != schema.Allow && e != nil && e.After(now) && (at.IsZero() || e.Before(at)) {
			at = *e
		}
		for _, part := range v.Parts {
			walk(part)
		}
	}
	for _, c := range s.Cells {
		walk(c.Verdict)
	}
	return at
}

// say writes the note and the commit's statuses where they are not so. What was said last is not asked: others may have changed it,
// and a later pipeline of the same commit has no status of the earlier one. What changes nothing of ours gets none.
func (p *pass) say(ctx context.Context, s note.Subject, mr schema.MergeRequest, n *announcedNote) error {
	if s.Empty() && n.Note == 0 {
		return nil
	}
	id, err := p.cfg.Announcer.Note(ctx, schema.StickyNote{MergeRequest: s.IID, ID: n.Note, Marker: s.Marker(), Body: s.Markdown()})
	if err != nil {
		return err
	}
	n.Note = id
	ref := mr.SourceRef
	if s.Merged {
		ref = mr.TargetRef
	}
	var errs []error
	for _, status := range s.Statuses() {
		err := p.cfg.Announcer.Status(ctx, schema.CommitStatus{
			Commit: mr.Head, Ref: ref, Name: status.Name, State: status.State, Description: status.Description, URL: p.cfg.Page,
		})
		if err != nil && !nowhere(err) {
			errs = append(errs, fmt.Errorf("status %s: %w", status.Name, err))
		}
	}
	return errors.Join(errs...)
}

// nowhere says that the commit is on no ref any more, as after a squash whose branch was removed: it has no status.
func nowhere(err error) bool {
	var coded interface{ Code() schema.Code }
	return errors.As(err, &coded) && coded.Code() == "forge-missing"
}
