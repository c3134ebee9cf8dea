package status

import (
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestAnAppThatHasLeftAStageIsNotCountedThere: it is archived, and no lane has it.
func TestAnAppThatHasLeftAStageIsNotCountedThere(t *testing.T) {
	cell := func(app schema.App, state schema.CellState) schema.AppView {
		return schema.AppView{App: app, Cells: []schema.CellView{{Cell: schema.Cell{Stage: "production", App: app}, State: state}}}
	}
	v := schema.View{Stages: []schema.StageName{"production"}, Apps: []schema.AppView{cell("a", schema.Live), cell("b", schema.Retired), cell("c", schema.Retired)}}
	got := lanes(v, tallyOf(&v), false)
	if got[1].Count != "1 app" || len(got[1].Chips) != 1 || got[1].Chips[0].Text != "1 live" || got[2].Count != "2 apps" {
		t.Errorf("production: %s %+v; archived: %s", got[1].Count, got[1].Chips, got[2].Count)
	}
}
