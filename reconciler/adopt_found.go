package reconciler

import (
	"context"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TakeOver is what a target holds of a cell, as the first write of a stage that enforces would find it. The zero value says that
// it is not known.
type TakeOver string

// What may be found.
const (
	TakeOverOurs    TakeOver = "ours"    // with our marks, as admitted
	TakeOverEqual   TakeOver = "equal"   // as admitted, without our marks: they are all that is written
	TakeOverEmpty   TakeOver = "empty"   // nothing is there: it is written
	TakeOverDrifted TakeOver = "drifted" // ours by its marks or by the ledger, and otherwise: it is put back
	TakeOverDiffers TakeOver = "differs" // others' content, not as admitted: left alone, unless the admins have it overwritten
	TakeOverAnother TakeOver = "another" // another project's, or a newer ledger's: never written over
)

// TakeOverOf says what an observation means for a release.
func TakeOverOf(want integrations.Release, o integrations.Observation) TakeOver {
	switch {
	case o.Equal:
		return TakeOverOurs
	case o.Holder == integrations.Nobody && want.Applied, o.Holder == integrations.Altered:
		return TakeOverDrifted
	case o.Holder == integrations.Nobody:
		return TakeOverEmpty
	case o.Holder == integrations.Stranger && o.Same:
		return TakeOverEqual
	case o.Holder == integrations.Stranger && !want.Applied:
		return TakeOverDiffers
	case integrations.Permit(want, o) != nil:
		return TakeOverAnother
	}
	return TakeOverDrifted
}

// Release is what a target shall hold of a cell, by the ledger and the objects of a clone.
func (c *Clone) Release(ctx context.Context, repo Repository, s ledger.State, target schema.StageTarget) (integrations.Release, error) {
	release, err := c.pass(repo, time.Time{}).makeRelease(ctx, s, target)
	in := c.Ledger.Head().Control
	// While a stage observes, nobody keeps others from what is there, and enforcing takes its targets up anew.
	taken := c.rules.project.Mode(s.Stage) != schema.Observe
	release.Applied, release.Adopt = taken && s.Applied(in, target.Name), taken && s.Overwrites(in, target.Name)
	return release, err
}

// Delivered reports whether anything of a cell is delivered by the rules in force.
func (c *Clone) Delivered(s ledger.State) bool {
	return s.Admitted.Seq > 0 && c.rules.has(s) && deliverable(s)
}
