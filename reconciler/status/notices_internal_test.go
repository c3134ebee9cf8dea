package status

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestWhatAModeLetInIsToldAfterItsStageEnforcesAgain(t *testing.T) {
	cell := schema.Cell{Stage: "staging", App: "payments"}
	live := schema.CellView{Cell: cell, State: schema.Live, Seq: 4, LetIn: &schema.LetInView{Mode: schema.Warn}}
	v := schema.View{Ledger: schema.LedgerView{Size: 9}, Stages: []schema.StageName{"staging"}, Apps: []schema.AppView{{App: "payments", Cells: []schema.CellView{live}}}}
	var text strings.Builder
	WriteStatus(&text, v, "", TextOptions{})
	for _, want := range []string{"0 of 1 cell as intended; 1 let in by a mode alone, not adopted.", "not adopted: in staging"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("status does not say %q:\n%s", want, text.String())
		}
	}
	if got := clearText(live); !strings.Contains(got, "sluice adopt staging") {
		t.Errorf("why ends: %s", got)
	}
	v.Apps[0].Cells[0].LetIn = nil
	if got := summary(v, time.Time{}); got != "All 1 cell as intended." {
		t.Errorf("adopted, status says: %s", got)
	}
	v.Problems = []string{"judge pay in staging: no answer from GitLab"}
	if got := summary(v, time.Time{}); got != "All 1 cell as intended as far as is known; 1 question could not be answered in the last pass." {
		t.Errorf("with a change that cannot be judged, status says: %s", got)
	}
}
