package stories_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditDecidesAgainByGuardrails writes anew what a decision says of the guard rails at the forge. The last change is let
// in while they are up.
func TestTheAuditDecidesAgainByGuardrails(t *testing.T) {
	th := plundered(t, "rules ann edits=guardrails:_[protected,_no-push]", "merge 5", "protect dev", "pass", "mr eve dev b=r2", "merge 6", "pass")
	seq := th.guarded()
	for _, r := range []struct {
		sentence string
		change   rewriting
		want     string
		says     string
	}{
		{sentence: "written anew as it was", change: func(*ledger.Entry, func([]byte) schema.Digest) {}},
		{"they are not named", only(seq, func(e *ledger.Entry) { e.Decision.Guards = "" }), "decision-mismatch", "judged again it is hold [guardrail-unknown]"},
		{"one was down", th.guards(seq, `"state":"ok"`, `"state":"fail"`), "decision-mismatch", "raw answers about guard rails"},
		{"they guard another branch", th.guards(seq, `refs/heads/main`, `refs/heads/other`), "decision-mismatch", "raw answers about guard rails"},
		{"they were read the day before", th.guards(seq, `"at":"2026-11-23`, `"at":"2026-11-22`), "decision-mismatch", "judged again it is hold [guardrail-unknown]"},
		{"they have a field that nobody knows", th.guards(seq, `{"v":1,`, `{"v":1,"more":1,`), "unknown-format", ""},
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
				return f.Seq == seq && string(f.Code) == r.want && strings.Contains(f.Detail, r.says)
			})
			if !found || report.Proven() {
				t.Errorf("findings %v, want %s at #%d that says %q", report.Findings, r.want, seq, r.says)
			}
		})
	}
}

// guarded is the entry that was let in by guard rails.
func (th *thief) guarded() int64 {
	th.t.Helper()
	var seq int64
	for e, err := range th.honest.Entries(th.ctx, 1) {
		th.must(err)
		if e.Kind == ledger.Admit && e.Decision.Guards != "" {
			seq = e.Seq
		}
	}
	if seq == 0 {
		th.t.Fatal("no entry was let in by guard rails")
	}
	return seq
}

// guards changes what the guard rails are said to have been, everywhere that it is said.
func (th *thief) guards(seq int64, from, to string) rewriting {
	return func(e *ledger.Entry, keep func([]byte) schema.Digest) {
		if e.Seq != seq {
			return
		}
		said, err := th.honest.Evidence(th.ctx, e.Decision.Guards)
		th.must(err)
		if !bytes.Contains(said, []byte(from)) {
			th.t.Fatalf("%s does not occur in %s", from, said)
		}
		old := e.Decision.Guards
		e.Decision.Guards = keep(bytes.ReplaceAll(said, []byte(from), []byte(to)))
		e.Evidence = append(slices.DeleteFunc(slices.Clone(e.Evidence), func(d schema.Digest) bool { return d == old }), e.Decision.Guards)
	}
}
