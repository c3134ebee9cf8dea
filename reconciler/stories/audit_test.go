package stories_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditDecidesAgain writes the ledger anew with the log key: what its entries say has to come out again, and whatever
// does not is found at the entry that says it.
func TestTheAuditDecidesAgain(t *testing.T) {
	th := plundered(t)
	decided := func(seq int64, change func(d *ledger.Decision)) rewriting {
		return func(e *ledger.Entry, _ func([]byte) schema.Digest) {
			if e.Seq == seq {
				change(e.Decision)
			}
		}
	}
	for _, r := range []struct {
		sentence string
		change   rewriting
		want     string // a finding, and the entry; empty: proven
		says     string // in the finding's detail
	}{
		{sentence: "written anew as it was", change: func(*ledger.Entry, func([]byte) schema.Digest) {}},
		{"a commit that nobody signed is let in", letIn(9), "decision-mismatch#9", "judged again it is hold [unsigned]"},
		{"an approver is another one", decided(7, func(d *ledger.Decision) { d.Counted[0].Principal = "carol" }), "decision-mismatch#7", `approvals[0].principal is "carol", again "bob"`},
		{"an approval is left out", decided(7, func(d *ledger.Decision) { d.Counted = nil }), "decision-mismatch#7", "approvals"},
		{"a verdict says more", decided(5, func(d *ledger.Decision) { d.Verdict.Parts[0].Policy = "another" }), "decision-mismatch#5", "verdict.parts[0]"},
		{"a signer is another one", decided(3, func(d *ledger.Decision) { d.Commits[0].Principal = "ann" }), "decision-mismatch#3", "commits[0].principal"},
		{"an author is left out, so that he may approve", decided(3, func(d *ledger.Decision) { d.Authors = nil }), "decision-mismatch#3", "authors"},
		{"another gate was asked", decided(7, func(d *ledger.Decision) { d.Gate = schema.DigestOf(nil) }), "decision-mismatch#7", "gate"},
		{"another trust version was in force", decided(7, func(d *ledger.Decision) { d.Trust = 2 }), "decision-mismatch#7", "trust"},
		{"other control files were in force", decided(7, func(d *ledger.Decision) { d.Control = 5 }), "decision-mismatch#7", "judged by the control files of entry #5"},
		{"targets are left out, so that it is live at once", decided(7, func(d *ledger.Decision) { d.Required = nil }), "decision-mismatch#7", "required"},
		{"the source is another entry", decided(7, func(d *ledger.Decision) { d.Change.Source.Seq = 3 }), "decision-mismatch#7", "change.source.seq"},
		{"commits are counted from a later position", decided(3, func(d *ledger.Decision) { d.Landing.Base = d.Landing.Tip }), "decision-mismatch#3", "did not hold what was admitted"},
		{"a position that is none", decided(3, func(d *ledger.Decision) { d.Landing.Base = schema.Hash{7} }), "decision-mismatch#3", ""},
		{"a landing that the clone does not have", decided(3, func(d *ledger.Decision) { d.Landing.Tip = schema.Hash{7} }), "evidence-missing#3", ""},
		{"files of another revision", otherFiles(7), "lineage-broken#7", "is not what entry #5 has there"},
		{"the source is a stage that does not lead there", decided(7, func(d *ledger.Decision) { d.Change.Source.Stage, d.Change.Source.Seq = "development", 3 }), "lineage-broken#7", "is not what anything admitted before has there"},
		{"the forge's answer says that carol approved too", th.answered(7, "approved"), "decision-mismatch#7", "raw answers"},
		{"the merge request's raw answer is another", th.answered(7, "raw"), "decision-mismatch#7", "raw answers"},
		{"the forge's answer is not named", decided(7, func(d *ledger.Decision) { d.MergeRequest.Answers = "" }), "evidence-missing#7", "names no answers"},
		{"the forge's answer has a field that nobody knows", th.answered(7, "unknown"), "unknown-format#7", ""},
		{"the bytes of the judged commits are not named", th.nothingKept(5), "evidence-missing#5", "does not name evidence that the decision rests on"},
		{"the commits that a squash replaced are not named", th.nothingKept(3), "evidence-missing#3", "object missing"},
		{"a ref moved from where it never was", func(e *ledger.Entry, _ func([]byte) schema.Digest) {
			if e.Seq == 7 {
				e.Old = schema.Hash{9}
			}
		}, "decision-mismatch#7", "the ledger saw it last at"},
		{"a rollback that there was none to make moot", decided(7, func(d *ledger.Decision) { d.Superseded = 5 }), "decision-mismatch#7", "makes moot"},
		{"the genesis was asked for by nobody", func(e *ledger.Entry, _ func([]byte) schema.Digest) {
			if e.Seq == 1 {
				e.Seal.Request = nil
			}
		}, "decision-mismatch#1", "did not sign what it seals"},
		{"the genesis seals what was not there", func(e *ledger.Entry, keep func([]byte) schema.Digest) {
			if e.Seq == 1 {
				e.Seal.Cells = keep(nil)
			}
		}, "decision-mismatch#1", "other cells"},
		{"something is archived that runs", func(e *ledger.Entry, _ func([]byte) schema.Digest) {
			if e.Seq == 9 {
				*e = ledger.Entry{Kind: ledger.Archive, Stage: "staging", App: "a", At: e.At, Order: &ledger.Order{Revision: schema.None, Snapshot: "v1"}}
			}
		}, "decision-mismatch#9", "was not to be archived then"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			report := th.audit(th.rewrite(r.change))
			if r.want == "" {
				if !report.Proven() || len(report.Findings) > 0 {
					t.Errorf("findings %v, want none", report.Findings)
				}
				return
			}
			found := slices.IndexFunc(report.Findings, func(f ledger.Finding) bool {
				return codeOf(f) == r.want && strings.Contains(f.Detail, r.says)
			})
			if found < 0 || report.Proven() {
				t.Errorf("findings %v, want %s that says %q", report.Findings, r.want, r.says)
			}
		})
	}
}

// letIn makes an admission of a hold: every policy says yes.
func letIn(seq int64) rewriting {
	return func(e *ledger.Entry, keep func([]byte) schema.Digest) {
		if e.Seq != seq {
			return
		}
		e.Kind = ledger.Admit
		d := e.Decision
		d.Verdict = schema.All("gate", schema.Verdict{Policy: "signed", Outcome: schema.Allow})
		d.Manifest = keep([]byte(schema.DigestOf([]byte("revision: r3\n")).Hex() + "  100644  app.yaml\n"))
		d.Required = []string{"files"}
	}
}

// otherFiles lets in other files than those of the revision.
func otherFiles(seq int64) rewriting {
	return func(e *ledger.Entry, keep func([]byte) schema.Digest) {
		if e.Seq == seq {
			e.Decision.Manifest = keep([]byte(schema.DigestOf([]byte("another\n")).Hex() + "  100644  app.yaml\n"))
		}
	}
}

// nothingKept names no evidence but what the forge said.
func (th *thief) nothingKept(seq int64) rewriting {
	return only(seq, func(e *ledger.Entry) {
		e.Evidence = slices.DeleteFunc(slices.Clone(e.Evidence), func(d schema.Digest) bool {
			data, err := th.honest.Evidence(th.ctx, d)
			th.must(err)
			return !bytes.HasPrefix(data, []byte("{")) && !bytes.HasPrefix(data, []byte("["))
		})
	})
}

// answered changes what the forge is said to have said.
func (th *thief) answered(seq int64, how string) rewriting {
	return func(e *ledger.Entry, keep func([]byte) schema.Digest) {
		if e.Seq != seq {
			return
		}
		d := e.Decision
		said, err := th.honest.Evidence(th.ctx, d.MergeRequest.Answers)
		th.must(err)
		switch how {
		case "approved":
			said = bytes.Replace(said, []byte(`"approvals":[`), []byte(`"approvals":[{"by":{"id":4,"username":"carol","state":"active","access_level":40},"at":"2026-11-23T09:09:30Z"},`), 1)
		case "unknown":
			said = bytes.Replace(said, []byte(`{"v":1,`), []byte(`{"v":1,"more":1,`), 1)
		case "raw":
			raw := keep([]byte(`{"iid":3,"state":"merged","target_branch":"main"}`))
			at := bytes.Index(said, []byte(`"raw":[`))
			rest := said[at:]
			from := bytes.Index(rest, []byte(`"sha256:`))
			said = slices.Concat(said[:at+from], []byte(`"`+string(raw)+`"`), rest[from+len(`"sha256:`)+65:])
			e.Evidence = append(e.Evidence, raw)
		}
		e.Evidence = slices.DeleteFunc(slices.Clone(e.Evidence), func(x schema.Digest) bool { return x == d.MergeRequest.Answers })
		d.MergeRequest.Answers = keep(said)
		e.Evidence = append(e.Evidence, d.MergeRequest.Answers)
	}
}
