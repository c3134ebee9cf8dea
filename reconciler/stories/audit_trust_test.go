package stories_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditJudgesByTheTrustOfTheTime lets new versions of the trust come into force after the admissions: what was let in
// before stays right, whoever left since; what rests on a key that was stolen by then is named, and the proof still holds.
func TestTheAuditJudgesByTheTrustOfTheTime(t *testing.T) {
	for _, r := range []struct {
		sentence string
		trust    string
		want     []string
	}{
		{sentence: "an approver loses the role after the admission", trust: "trust ann limit=bob:stg:other"},
		{sentence: "an author's key is retired after the admission", trust: "trust ann revoke=eve:retired"},
		{"a key was stolen before it signed: what it let in, and what that brought further on", "trust ann revoke=eve:compromised:2", []string{"tainted#3", "tainted#5", "tainted#7"}},
		{sentence: "a key was stolen after all that", trust: "trust ann revoke=eve:compromised:8"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			t.Parallel()
			th := plundered(t, r.trust, "merge 5", "pass")
			report := th.audit(th.honest)
			if got := codes(report); !slices.Equal(got, r.want) {
				t.Errorf("findings %v, want %v:\n%v", got, r.want, report.Findings)
			}
			if !report.Proven() || report.Doubtful() != (len(r.want) > 0) {
				t.Errorf("proven %t and doubtful %t, want it proven, and doubtful %t", report.Proven(), report.Doubtful(), len(r.want) > 0)
			}
		})
	}
}

// TestTheAuditDecidesAgainAboutControlFiles writes anew how control files came into force.
func TestTheAuditDecidesAgainAboutControlFiles(t *testing.T) {
	th := plundered(t, "trust ann limit=bob:stg:other", "merge 5", "pass", "trust ann expires=+500h by=nobody", "merge 6", "pass")
	const put, waits = 10, 11 // the entries about the two versions
	for _, r := range []struct {
		sentence string
		change   rewriting
		want     string
		says     string
	}{
		{sentence: "written anew as it was", change: func(*ledger.Entry, func([]byte) schema.Digest) {}},
		{"a version that no root signed comes into force", th.putInForce(waits), "decision-mismatch#11", "judged again it is hold [trust-threshold]"},
		{"another trust version is told", only(put, func(e *ledger.Entry) { e.Seal.Trust = 3 }), "decision-mismatch#10", "seal.trust"},
		{"another commit is told", only(put, func(e *ledger.Entry) { e.Seal.Commit = e.Decision.Landing.Start }), "decision-mismatch#10", "seal.commit"},
		{"it is not told how it was decided", only(put, func(e *ledger.Entry) { e.Decision = nil }), "decision-mismatch#10", "no signed request asks for it"},
		{"a signer is another one", only(put, func(e *ledger.Entry) { e.Decision.Commits[0].Principal = "bob" }), "decision-mismatch#10", "commits[0].principal"},
		{"commits are counted from a later position", only(put, func(e *ledger.Entry) { e.Decision.Landing.Base = e.Decision.Landing.Tip }), "decision-mismatch#10", "the files were not those in force"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			report := th.audit(th.rewrite(r.change))
			if r.want == "" {
				if !report.Proven() || len(report.Findings) > 0 {
					t.Errorf("findings %v, want none", report.Findings)
				}
				return
			}
			found := slices.ContainsFunc(report.Findings, func(f ledger.Finding) bool { return codeOf(f) == r.want && strings.Contains(f.Detail, r.says) })
			if !found || report.Proven() {
				t.Errorf("findings %v, want %s that says %q", report.Findings, r.want, r.says)
			}
		})
	}
}

func only(seq int64, change func(*ledger.Entry)) rewriting {
	return func(e *ledger.Entry, _ func([]byte) schema.Digest) {
		if e.Seq == seq {
			change(e)
		}
	}
}

// putInForce makes a control entry of a hold: the files that wait come into force.
func (th *thief) putInForce(seq int64) rewriting {
	return func(e *ledger.Entry, keep func([]byte) schema.Digest) {
		if e.Seq != seq {
			return
		}
		manifest, files := th.controlAt(e.Decision.Landing.Tip)
		e.Kind = ledger.Control
		e.Decision.Verdict = schema.All("control", schema.Verdict{Policy: "trust", Outcome: schema.Allow})
		e.Seal = &ledger.Seal{Trust: 3, Commit: e.Decision.Landing.Tip, Before: 10, Control: keep(manifest.Encode())}
		for _, data := range files {
			e.Evidence = append(e.Evidence, keep(data))
		}
	}
}
