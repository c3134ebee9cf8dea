package stories_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditDecidesAgainByJobs writes anew what a decision says of the jobs that ran on the head. The last change is let in by one.
func TestTheAuditDecidesAgainByJobs(t *testing.T) {
	th := plundered(t, "rules ann edits=pipeline:_[check]", "merge 5", "pass", "mr eve dev b=r2", "job 6 check success", "merge 6", "pass")
	seq := th.newest(ledger.Admit)
	for _, r := range []struct {
		sentence, from, to, says string
	}{
		{"written anew as it was", "", "", ""},
		{"it failed", `"state":"success"`, `"state":"failed"`, "raw answers"},
		{"it ran on another commit", `"name":"check","state"`, `"name":"other","state"`, "raw answers"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			report := th.audit(th.rewrite(th.answers(seq, r.from, r.to)))
			if r.from == "" {
				if !report.Proven() || len(report.Findings) > 0 {
					t.Errorf("findings %v, want none", report.Findings)
				}
				return
			}
			found := slices.ContainsFunc(report.Findings, func(f ledger.Finding) bool { return f.Seq == seq && strings.Contains(f.Detail, r.says) })
			if !found || report.Proven() {
				t.Errorf("findings %v, want one at #%d that says %q", report.Findings, seq, r.says)
			}
		})
	}
}

func (th *thief) newest(kind ledger.Kind) int64 {
	th.t.Helper()
	var seq int64
	for e, err := range th.honest.Entries(th.ctx, 1) {
		th.must(err)
		if e.Kind == kind {
			seq = e.Seq
		}
	}
	return seq
}

// answers changes what the forge is said to have answered about the merge request.
func (th *thief) answers(seq int64, from, to string) rewriting {
	return func(e *ledger.Entry, keep func([]byte) schema.Digest) {
		if e.Seq != seq || from == "" {
			return
		}
		old := e.Decision.MergeRequest.Answers
		said, err := th.honest.Evidence(th.ctx, old)
		th.must(err)
		if !bytes.Contains(said, []byte(from)) {
			th.t.Fatalf("%s does not occur in %s", from, said)
		}
		mr := *e.Decision.MergeRequest
		mr.Answers = keep(bytes.ReplaceAll(said, []byte(from), []byte(to)))
		e.Decision.MergeRequest = &mr
		e.Evidence = append(slices.DeleteFunc(slices.Clone(e.Evidence), func(d schema.Digest) bool { return d == old }), mr.Answers)
	}
}
