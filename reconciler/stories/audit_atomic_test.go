package stories_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditAsksForWholeMergeRequests writes the ledger anew so that one app of an atomic project's merge request came in alone.
func TestTheAuditAsksForWholeMergeRequests(t *testing.T) {
	th := plundered(t, "rules ann atomic=true", "merge 5", "pass", "mr eve dev c=r8 d=r8", "merge 6", "pass")
	whole := map[schema.App]int64{}
	for e, err := range th.honest.Entries(th.ctx, 1) {
		th.must(err)
		if e.Kind == ledger.Admit && e.Decision.MergeRequest != nil && e.Decision.MergeRequest.IID == 6 {
			whole[e.App] = e.Seq
		}
	}
	if len(whole) != 2 {
		t.Fatalf("merge request 6 brought in %v, want two apps", whole)
	}
	if report := th.audit(th.rewrite(func(*ledger.Entry, func([]byte) schema.Digest) {})); !report.Proven() {
		t.Errorf("written anew as it was: %v", report.Findings)
	}
	report := th.audit(th.rewrite(only(whole["d"], func(e *ledger.Entry) {
		d := *e.Decision
		d.Manifest, d.Authors, d.Required, d.Snapshot, d.Operator, d.Patch = "", nil, nil, "", "", nil
		e.Kind, e.Decision = ledger.Hold, &d
	})))
	if !slices.ContainsFunc(report.Findings, func(f ledger.Finding) bool {
		return f.Seq == whole["c"] && f.Code == "decision-mismatch" && strings.Contains(f.Detail, "did not come in with it")
	}) || report.Proven() {
		t.Errorf("findings %v, want decision-mismatch at #%d", report.Findings, whole["c"])
	}
}
