package status

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestAttentionIsOrderedByRisk(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	held := func(app schema.App, state schema.CellState, hours int, risk string) schema.AppView {
		v := schema.Verdict{Policy: "gate", Parts: []schema.Verdict{{Policy: "breaker", Code: "", Args: map[string]string{
			"risk": risk, "fields": "1 of 2", "rollbacks": "0", "restored": "0", "weight": "60", "window": "168h",
		}}}}
		if risk == "" {
			v.Parts = nil
		}
		cell := schema.Cell{Stage: "production", App: app}
		return schema.AppView{App: app, Cells: []schema.CellView{{
			Cell: cell, State: state, Held: &schema.HeldView{Since: now.Add(-time.Duration(hours) * time.Hour), Verdict: v},
		}}}
	}
	view := schema.View{Stages: []schema.StageName{"production"}, Apps: []schema.AppView{
		held("old-and-safe", schema.Held, 9, "40.0"), held("new-and-risky", schema.Held, 1, "70.0"), held("no-breaker", schema.Held, 20, ""),
		held("older-and-risky", schema.Held, 2, "70.0"), held("refused", schema.Denied, 1, "10.0"),
	}}
	list, _ := attentions(asked{view: view, sum: tallyOf(&view), now: now})
	var got []string
	for _, a := range list {
		app, _, _ := strings.Cut(a.Where, " ")
		got = append(got, app)
	}
	if want := []string{"refused", "older-and-risky", "new-and-risky", "old-and-safe", "no-breaker"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := "70.0 of 100 = 60 × 1/2 critical values that change"; !strings.HasPrefix(list[1].Risk, want) {
		t.Errorf("the risk reads %q, want %q", list[1].Risk, want)
	}
}
