package stories_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestADoubtIsToldByItsCode: while it runs, the ledger is cut back at the forge. Alerts and health ask for the code, so the view
// has to name it as the log does, and must not call what it shows new.
func TestADoubtIsToldByItsCode(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "ff", targets: []string{"files"}})
	for _, line := range []string{"seal dev/a=r1", "ledger remember early", "mr ann dev a=r2", "merge 1", "pass"} {
		w.do(strings.Fields(line))
	}
	before := w.r.View()
	w.do(strings.Fields("ledger to early"))
	if told := w.do([]string{"pass"}); !slices.Equal(told, []string{"exit 3 [log-rollback]"}) {
		t.Fatalf("got %q, want the rollback to be found", told)
	}
	v := w.r.View()
	if !slices.Equal(v.ProblemCodes, []schema.Code{"log-rollback"}) {
		t.Errorf("got codes %v, want log-rollback", v.ProblemCodes)
	}
	if len(v.Problems) != 1 || !strings.HasSuffix(v.Problems[0], "[log-rollback]") {
		t.Errorf("got problems %q, want the code in brackets", v.Problems)
	}
	if v.Ledger != before.Ledger || v.Looked != before.Looked {
		t.Errorf("got the ledger %v looked at %s, want what was known before", v.Ledger, v.Looked)
	}
}
