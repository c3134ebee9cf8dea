package stories_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditDecidesAgainHowItWidened writes anew what a ledger says of a revision that widened from half of the instances to
// three quarters. The thief has the log key.
func TestTheAuditDecidesAgainHowItWidened(t *testing.T) {
	th := plundered(t, "rules ann gray=steps:_[{percent:_50,_for:_1h},_{percent:_75,_for:_1h}]", "merge 5", "clock +25h", "pass",
		"mr ann gray a=r2", "approve 6 bob", "merge 6", "pass", "mr ann gray a=r2+l1", "approve 7 bob", "merge 7", "pass", "report gray/a r2+l1*8", "clock +61m", "pass")
	var seq, admission int64
	for e, err := range th.honest.Entries(th.ctx, 1) {
		th.must(err)
		if e.Kind == ledger.Widen {
			seq, admission = e.Seq, e.Step.Admission
		}
	}
	if seq == 0 {
		t.Fatal("nothing widened")
	}
	step := func(change func(*ledger.Step)) rewriting {
		return only(seq, func(e *ledger.Entry) { s := *e.Step; change(&s); e.Step = &s })
	}
	for _, r := range []struct {
		sentence string
		at       int64
		change   rewriting
		want     string
		says     string
	}{
		{sentence: "written anew as it was", change: func(*ledger.Entry, func([]byte) schema.Digest) {}},
		{"it went to all at once", seq, step(func(s *ledger.Step) { s.Rule = nil }), "decision-mismatch", "rule"},
		{"it went to more than the next step", seq, step(func(s *ledger.Step) { s.Rule = &schema.GrayRule{Permyriad: 9000} }), "decision-mismatch", "permyriad"},
		{"nobody said anything", seq, step(func(s *ledger.Step) { s.Health = "" }), "decision-mismatch", "[health-unknown]"},
		{"it widens what was admitted before", seq, step(func(s *ledger.Step) { s.Admission-- }), "decision-mismatch", "admission"},
		{"other rules were in force", seq, step(func(s *ledger.Step) { s.Control = 1 }), "decision-mismatch", "control files"},
		{"those that have it ran something else", seq, func(e *ledger.Entry, keep func([]byte) schema.Digest) {
			if e.Seq != seq {
				return
			}
			said, err := th.honest.Evidence(th.ctx, e.Step.Health)
			th.must(err)
			s := *e.Step
			s.Health = keep(bytes.ReplaceAll(said, []byte(`"content":"sha256:`), []byte(`"content":"sha256:0`)))
			e.Step, e.Evidence = &s, []schema.Digest{s.Health}
		}, "decision-mismatch", "[health]"},
		{"it went to all from the beginning", admission, only(admission, func(e *ledger.Entry) { d := *e.Decision; d.Gray = nil; e.Decision = &d }), "decision-mismatch", "gray"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			report := th.audit(th.rewrite(r.change))
			if r.want == "" {
				if !report.Proven() || len(report.Findings) > 0 {
					t.Errorf("findings %v, want none", report.Findings)
				}
				return
			}
			found := slices.ContainsFunc(report.Findings, func(f ledger.Finding) bool {
				return f.Seq == r.at && string(f.Code) == r.want && strings.Contains(f.Detail, r.says)
			})
			if !found || report.Proven() {
				t.Errorf("findings %v, want %s at #%d that says %q", report.Findings, r.want, r.at, r.says)
			}
		})
	}
}
