package status

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestAnAppThatHasLeftAStageIsNotCountedThere: it is archived, and no lane has it.
func TestAnAppThatHasLeftAStageIsNotCountedThere(t *testing.T) {
	cell := func(app schema.App, state schema.CellState) schema.AppView {
		return schema.AppView{App: app, Cells: []schema.CellView{{Cell: schema.Cell{Stage: "production", App: app}, State: state}}}
	}
	away := cell("c", schema.Unverified) // its target does not answer
	away.Cells[0].Revision, away.Cells[0].Seq, away.Cells[0].LiveAt = schema.None, 9, time.Unix(1, 0)
	v := schema.View{Stages: []schema.StageName{"production"}, Apps: []schema.AppView{cell("a", schema.Live), cell("b", schema.Retired), away}}
	got := lanes(v, tallyOf(&v), false)
	if got[1].Count != "1 app" || len(got[1].Chips) != 1 || got[1].Chips[0].Text != "1 live" || got[2].Count != "2 apps" {
		t.Errorf("production: %s %+v; archived: %s", got[1].Count, got[1].Chips, got[2].Count)
	}
	v.Apps = v.Apps[:2]
	if got = lanes(v, tallyOf(&v), false); len(got[1].Chips) != 1 || got[1].Chips[0].Text != "1 live" {
		t.Errorf("as many have left as are there, and the lane has %+v", got[1].Chips)
	}
	v.Outside.DraftsKnown = true
	if got = lanes(v, tallyOf(&v), true); got[0].Count != "unknown" || got[1].Count != "1 app" || got[1].Chips[0].Text != "1 unknown" {
		t.Errorf("a stale view has %s drafts, %s, %+v", got[0].Count, got[1].Count, got[1].Chips)
	}
}
