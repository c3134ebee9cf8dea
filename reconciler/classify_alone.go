package reconciler

import (
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// alone marks stage-local files that belong to no app: nothing of it was promoted here, and no stage before has it to promote. In
// the first stage nobody can bring it but another edit. They may go.
func (h history) alone(c *schema.Change) {
	if c.To.Revision != schema.None || c.To.Content == schema.NoContent || h.heldBefore() {
		return
	}
	c.Code = schema.LocalAlone
	if lifecycle.Enters(h.project, h.cell.Stage) {
		c.Kind = schema.Override
	}
}

// leaves makes the way out for an app that no stage before has: sealed when sluice was taken up, or let in by a mode. There is no
// absence that could come from there, so the retirement record stands for it (RULES R13).
func (h history) leaves(c *schema.Change) {
	c.Kind, c.Code = schema.Promote, schema.NothingBefore
	if lifecycle.Leaves(h.project, h.cell.Stage, lifecycle.Retire) {
		c.Kind = schema.Retire
	}
}

// heldBefore reports whether any stage that leads here, however far away, has promoted files of the app.
func (h history) heldBefore() bool {
	seen := map[schema.StageName]bool{h.cell.Stage: true}
	for ways := lifecycle.Sources(h.project, lifecycle.Promote, h.cell.Stage); len(ways) > 0; ways = ways[1:] {
		stage := ways[0]
		if seen[stage] {
			continue
		}
		seen[stage] = true
		if a := h.others[stage].Admitted; a.Seq > 0 && a.Revision != schema.None {
			return true
		}
		ways = append(ways, lifecycle.Sources(h.project, lifecycle.Promote, stage)...)
	}
	return false
}
