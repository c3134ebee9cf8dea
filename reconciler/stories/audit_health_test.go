package stories_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditDecidesAgainByHealth writes anew what instances are said to have run. The last change was let in by all of them,
// after an hour.
func TestTheAuditDecidesAgainByHealth(t *testing.T) {
	th := plundered(t, "rules ann gate=health:_{for:_1h}", "merge 5", "clock +25h", "pass",
		"mr ann gray a=r2", "approve 6 bob", "merge 6", "pass", "report gray/a r2*3",
		"mr ann prod a=r2", "approve 7 bob", "sign carol 7 prod/a", "merge 7", "pass", "clock +61m", "pass")
	seq := th.healthy()
	for _, r := range []struct {
		sentence string
		change   rewriting
		want     string
		says     string
	}{
		{sentence: "written anew as it was", change: func(*ledger.Entry, func([]byte) schema.Digest) {}},
		{"it is not named", only(seq, func(e *ledger.Entry) { e.Decision.Health = "" }), "decision-mismatch", "[health-unknown]"},
		{"one ran something else", th.health(seq, `"content":"sha256:`, `"content":"sha256:0`), "decision-mismatch", "[health]"},
		{"they were read hours before", th.health(seq, `"at":"2026-11-24T1`, `"at":"2026-11-24T0`), "decision-mismatch", "[health-unknown]"},
		{"they are another app's", th.health(seq, `"app":"a"`, `"app":"b"`), "decision-mismatch", "[health-unknown]"},
		{"a target did not answer", th.health(seq, `"asked":["files"]`, `"asked":["files"],"silent":["more"]`), "decision-mismatch", "[health-unknown]"},
		{"it has a field that nobody knows", th.health(seq, `{"v":1,`, `{"v":1,"more":1,`), "unknown-format", ""},
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

// healthy is the entry that was let in by what instances run.
func (th *thief) healthy() int64 {
	th.t.Helper()
	var seq int64
	for e, err := range th.honest.Entries(th.ctx, 1) {
		th.must(err)
		if e.Kind == ledger.Admit && e.Decision.Health != "" {
			seq = e.Seq
		}
	}
	if seq == 0 {
		th.t.Fatal("no entry was let in by what instances run")
	}
	return seq
}

// health changes the first that instances are said to have said.
func (th *thief) health(seq int64, from, to string) rewriting {
	return func(e *ledger.Entry, keep func([]byte) schema.Digest) {
		if e.Seq != seq {
			return
		}
		said, err := th.honest.Evidence(th.ctx, e.Decision.Health)
		th.must(err)
		if !bytes.Contains(said, []byte(from)) {
			th.t.Fatalf("%s does not occur in %s", from, said)
		}
		old := e.Decision.Health
		e.Decision.Health = keep(bytes.Replace(said, []byte(from), []byte(to), 1))
		e.Evidence = append(slices.DeleteFunc(slices.Clone(e.Evidence), func(d schema.Digest) bool { return d == old }), e.Decision.Health)
	}
}
