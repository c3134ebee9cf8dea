package reconciler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// maxLooks bounds how many merge requests one pass looks at: what it asks of the forge is the list of the open ones,
	// which the view shows anyway, and about ten requests for each of these, with two for each status.
	maxLooks = 10
	// lookAnyway is after how long one is looked at again of which nothing is known to have changed; one a pass.
	lookAnyway = 15 * time.Minute
	// afterRefusal is how long nothing is tried after the forge refused the token, and one merge request after it refused that one.
	afterRefusal = 10 * time.Minute
)

// announce says below merge requests what they would do and what they wait for. It comes after the loops, decides nothing, and
// what goes wrong in it is logged once and tried again in the next pass.
func (p *pass) announce(ctx context.Context) {
	if p.cfg.Announcer == nil || p.refs == nil || p.ledger == nil || p.rules == nil {
		return
	}
	a := p.recallNotes()
	if p.now.Before(a.denied) {
		return
	}
	before, err := json.Marshal(a)
	if err == nil {
		err = p.announceAll(ctx, a)
	}
	if err := errors.Join(err, p.keepNotes(a, before)); err != nil {
		p.tellOnce("announce: "+err.Error(), "merge requests are not told everything", "error", err)
	}
}

func (p *pass) announceAll(ctx context.Context, a *announced) error {
	if err := p.newsOfLedger(ctx, a); err != nil {
		return err
	}
	p.newsOfTags(ctx, a)
	a.newsOfAbove(p.above)
	open, err := p.opened(ctx)
	if err != nil {
		return nil // the view says so
	}
	a.newsOfForge(open, slices.Collect(maps.Values(p.ownRefs())))
	return p.announceEach(ctx, a)
}

// announceEach looks at the merge requests of this pass. What goes wrong with one keeps nothing from the others, unless it is the
// token that is refused.
func (p *pass) announceEach(ctx context.Context, a *announced) error {
	var errs []error
	for _, iid := range a.toLookAt(p.now) {
		n := a.Requests[iid]
		n.Looked = p.now
		done, err := p.announceOne(ctx, iid, n)
		switch {
		case ofToken(err):
			a.denied = p.now.Add(afterRefusal)
			p.tellOnce("announce: refused", "no notes are written below merge requests: the forge refuses the token, which has to be valid and of scope api; or write notes: false into the operator's file",
				"error", err)
			return errors.Join(errs...)
		case forbidden(err):
			n.denied = p.now.Add(afterRefusal)
			p.tellOnce(fmt.Sprintf("announce: refused !%d", iid), "a merge request is not told everything: the forge does not let the token; it is tried again in ten minutes",
				"merge_request", iid, "error", err)
		case errors.Is(err, errLater): // the entry that judges it will be news
			n.News, n.Due = false, p.now.Add(lookAnyway)
		case err != nil:
			errs = append(errs, fmt.Errorf("!%d: %w", iid, err))
		case done:
			delete(a.Requests, iid)
		default:
			n.News = false
		}
	}
	return errors.Join(errs...)
}

// ofToken says whether the forge refused who asks, so that whatever else is asked is refused as well.
func ofToken(err error) bool {
	var refusal interface{ OfToken() bool }
	return errors.As(err, &refusal) && refusal.OfToken()
}

// forbidden says whether the forge refused one request, as of a merge request that is locked or may not be seen.
func forbidden(err error) bool {
	var coded interface{ Code() schema.Code }
	return errors.As(err, &coded) && coded.Code() == "forge-forbidden"
}

// ownRefs are the refs that hold stages or the control files, by themselves.
func (p *pass) ownRefs() map[string]string {
	out := map[string]string{}
	for _, ref := range p.followedRefs() {
		out[ref] = ref
	}
	return out
}

// newsOfLedger marks what entries since the last pass are about. Of a ledger that was never looked through, what waits is news.
func (p *pass) newsOfLedger(ctx context.Context, a *announced) error {
	size := p.ledger.Head().Size
	if a.Seq == 0 || a.Seq > size {
		if err := p.newsOfHeld(ctx, a); err != nil {
			return err
		}
		a.Seq = size
		return nil
	}
	for e, err := range p.ledger.Entries(ctx, a.Seq+1) {
		if err != nil {
			return fmt.Errorf("read what is new in the ledger: %w", err)
		}
		a.newsOfEntry(e)
		a.Seq = e.Seq
	}
	return nil
}

// newsOfHeld finds the merged merge requests whose change waits.
func (p *pass) newsOfHeld(ctx context.Context, a *announced) error {
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's state: %w", err)
	}
	note := func(cell schema.Cell, held *ledger.Held) {
		if held != nil && held.IID != 0 {
			n := a.request(held.IID)
			n.Merged, n.News = true, true
			n.adds(cell)
		}
	}
	note(schema.Control, p.ledger.Head().Control.Held)
	for _, s := range states {
		if p.rules.has(s) {
			note(schema.Cell{Stage: s.Stage, App: s.App}, s.Held)
		}
	}
	return nil
}

// newsOfEntry marks the merge request that an entry is about, and those that change the same app, in whatever stage: what they
// come from may be live now, or rolled back. Other rules, and a pinned stage, concern all.
func (a *announced) newsOfEntry(e ledger.Entry) {
	if d := e.Decision; d != nil && d.MergeRequest != nil {
		cell := schema.Cell{Stage: e.Stage, App: e.App}
		n := a.request(d.MergeRequest.IID)
		n.Merged = true
		n.adds(cell)
		if e.Kind.Admits() || e.Kind == ledger.Control {
			if n.Entered == nil {
				n.Entered = map[string]int64{}
			}
			n.Entered[cell.String()] = e.Seq
		}
	}
	if e.App == "" && e.Kind == ledger.Observe {
		return
	}
	for _, n := range a.Requests {
		if e.Kind == ledger.Control || n.about(e.App, e.Stage) {
			n.News = true
		}
	}
}

// newsOfTags marks what new approvals by signature are about. The forge does not tell that they came.
func (p *pass) newsOfTags(ctx context.Context, a *announced) {
	for _, tag := range p.approvalTags(ctx) {
		id := p.refs[tag.ref]
		if a.tags[id] {
			continue
		}
		a.tags[id] = true
		for _, step := range tag.statement.Cells {
			for _, n := range a.Requests {
				n.News = n.News || slices.Contains(n.Cells, step.Cell)
			}
		}
	}
}

// newsOfForge marks the open merge requests into refs of ours that are new or changed, and those that are open no more.
func (a *announced) newsOfForge(open []schema.MergeRequest, refs []string) {
	now := map[int64]bool{}
	for _, mr := range open {
		if !slices.Contains(refs, mr.TargetRef) {
			continue
		}
		now[mr.IID] = true
		n := a.request(mr.IID)
		if n.Head != mr.Head || !n.Updated.Equal(mr.UpdatedAt) || n.Target != mr.TargetRef {
			n.News = true
		}
		n.Head, n.Updated, n.Target, n.Merged = mr.Head, mr.UpdatedAt, mr.TargetRef, false
	}
	for iid, n := range a.Requests {
		if !now[iid] && !n.Merged {
			n.News = true
		}
	}
}

// toLookAt picks the merge requests of a pass, those first that waited longest: those with news, and one that has none and
// was not looked at for long. So what nobody told of is found too, a note that somebody removed among it.
func (a *announced) toLookAt(now time.Time) []int64 {
	var news, others []int64
	for iid, n := range a.Requests {
		switch {
		case now.Before(n.denied):
		case n.News, !n.Due.IsZero() && !now.Before(n.Due):
			news = append(news, iid)
		case now.Sub(n.Looked) >= lookAnyway:
			others = append(others, iid)
		}
	}
	order := func(x, y int64) int {
		return cmp.Or(a.Requests[x].Looked.Compare(a.Requests[y].Looked), cmp.Compare(x, y))
	}
	slices.SortFunc(news, order)
	slices.SortFunc(others, order)
	out := news[:min(len(news), maxLooks)]
	if len(out) < maxLooks && len(others) > 0 {
		out = append(out, others[0])
	}
	return out
}
