package reconciler

import (
	"context"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// together asks of an admission into an atomic project that every other cell its merge request changes came in with it, or had
// anyway what the merge request brought.
func (r *replay) together(ctx context.Context, a *appended, c *cellJudge, e ledger.Entry) []ledger.Finding {
	mr, at := e.Decision.MergeRequest, e.Decision.Landing
	if !c.rules.project.Atomic || mr == nil || e.Kind == ledger.BreakGlass {
		return nil
	}
	others, err := c.cellsBetween(ctx, e.Stage, at.Start, at.Tip)
	if err != nil {
		return lacking(c.path, err)
	}
	for _, other := range others {
		if other == e.Cell() || cameWith(a.Entries, other, mr.IID) {
			continue
		}
		ok, err := c.hadAt(ctx, other, a.Entries, at.Tip)
		switch {
		case err != nil:
			return lacking(c.path, err)
		case !ok:
			return mismatch(c.path, "the project is atomic, and %s of the same merge request did not come in with it", other)
		}
	}
	return nil
}

func cameWith(entries []ledger.Entry, cell schema.Cell, iid int64) bool {
	return slices.ContainsFunc(entries, func(e ledger.Entry) bool {
		return e.Cell() == cell && e.Kind.Admits() && e.Decision.MergeRequest != nil && e.Decision.MergeRequest.IID == iid
	})
}
