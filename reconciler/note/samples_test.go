package note_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

func revision(of string) schema.Revision { return schema.Revision(schema.DigestOf([]byte(of))) }

func hash(of string) schema.Hash {
	h, err := schema.ParseHash(schema.DigestOf([]byte(of)).Hex()[:40])
	if err != nil {
		panic(err)
	}
	return h
}

func yes(policy string, args ...string) schema.Verdict { return is(policy, schema.Allow, "", args...) }

func is(policy string, o schema.Outcome, code schema.Code, args ...string) schema.Verdict {
	v := schema.Verdict{Policy: policy, Outcome: o, Code: code, Args: map[string]string{}}
	for i := 0; i < len(args); i += 2 {
		v.Args[args[i]] = args[i+1]
	}
	return v
}

func until(v schema.Verdict, at time.Time) schema.Verdict {
	v.Earliest = &at
	return v
}

func gate(parts ...schema.Verdict) schema.Verdict {
	all := append([]schema.Verdict{yes("trust"), yes("merge-request"), yes("signed", "signers", "ann"), yes("provenance"), yes("content")}, parts...)
	return schema.All("gate", all...)
}

var soaked = time.Date(2026, 11, 24, 5, 20, 0, 0, time.UTC)

// approvals leaves out of those who may approve who did, as the policy does.
func approvals(have, need, by string) schema.Verdict {
	left := slices.DeleteFunc(strings.Split(approvers, ", "), func(who string) bool { return slices.Contains(strings.Split(by, ", "), who) })
	return is("approvals", schema.Hold, "approvals-missing", "have", have, "need", need, "by", by, "eligible", strings.Join(left, ", "))
}

// approvers may approve the samples' changes, which ann wrote.
const approvers = "bob, carol, dan"

func promotion(verdict schema.Verdict) note.Cell {
	return note.Cell{
		Cell: schema.Cell{Stage: "production", App: "payments/ledger"}, Path: "stages/production/payments/ledger", Verdict: verdict,
		Change: schema.Change{
			Kind: schema.Promote, From: schema.Side{Revision: revision("1")}, To: schema.Side{Revision: revision("2")}, Source: &schema.Source{Stage: "gray"},
		},
		Edits: []diff.Edit{
			{Op: "replace", File: "app.yaml", Key: "limits.maxTransfer", From: "5000", To: "8000"},
			{Op: "add", File: "app.yaml", Key: "limits.retries", To: "3"},
			{Op: "remove", File: "app.yaml", Key: "limits.burst", From: `"high"`},
		},
		Files: []note.File{{Op: "replace", Path: "stages/production/payments/ledger/app.yaml"}},
	}
}

func about(cells ...note.Cell) note.Subject {
	return note.Subject{ProjectID: 7, IID: 12, Head: hash("head"), Cells: cells, Page: "https://sluice.example.com/"}
}

// samples are what merge requests come to, by the name of the file with their note.
func samples() map[string]note.Subject {
	held := gate(approvals("1", "2", "bob"), until(is("soak", schema.Hold, "soak", "in", "gray", "need", "24h"), soaked))
	both := approvals("0", "2", "")
	both.Parts = []schema.Verdict{
		is("approvals", schema.Hold, "self-approval", "by", "ann"),
		is("approvals", schema.Hold, "signed-approvals-missing", "have_signed", "0", "need_signed", "1", "signed_by", "", "eligible_signed", approvers),
	}
	merged := about(promotion(held))
	merged.Merged = true
	admitted := about(promotion(gate(yes("approvals", "by", "bob, carol"))))
	admitted.Merged, admitted.Cells[0].Admitted, admitted.Cells[0].Live = true, 42, true
	denied := promotion(gate(
		is("secrets", schema.Deny, "literal-secret", "field", "db.password"),
		is("schema", schema.Deny, "schema", "path", "app.yaml", "at", "/db/password", "detail", `"hunter2" is too short`),
	))
	secrets := promotion(gate(yes("approvals", "by", "bob")))
	secrets.Edits = append(secrets.Edits, diff.Edit{Op: "replace", File: "app.yaml", Key: "db.password", From: `"hunter2"`, To: `"hunter3"`},
		diff.Edit{Op: "add", File: "app.yaml", Key: "db.url", To: `"postgres://app:pw@db/x"`})
	rollback := promotion(gate(both))
	rollback.Change.Kind, rollback.Change.Source, rollback.Change.Tune = schema.Rollback, nil, true
	many := promotion(gate(approvals("0", "1", "")))
	many.Edits = nil
	for i := range 180 {
		many.Edits = append(many.Edits, diff.Edit{Op: "replace", File: "app.yaml", Key: fmt.Sprintf("limits.shard%03d", i), From: fmt.Sprint(i), To: fmt.Sprint(i + 1)})
	}
	var apps []note.Cell
	for i, v := range []schema.Verdict{gate(yes("approvals", "by", "bob, dan")), gate(both), gate(is("limits", schema.Deny, "blast-radius", "count", "40", "limit", "20")), held} {
		c := promotion(v)
		c.Cell.App = schema.App(fmt.Sprintf("app-%d", i))
		apps = append(apps, c)
	}
	choice := is("any", schema.Hold, "choice", "have", "0", "need", "1", "of", "2")
	choice.Parts = []schema.Verdict{approvals("0", "2", ""), schema.All("all", until(is("soak", schema.Hold, "soak", "in", "gray", "need", "24h"), soaked), yes("window"))}
	lost := about(promotion(schema.All("gate", yes("trust"), is("signed", schema.Hold, "unsigned", "commit", "1a2b3c4d"), approvals("0", "1", ""))))
	lost.Merged = true
	replaced := about(promotion(schema.Verdict{}))
	replaced.Merged, replaced.Cells[0].Replaced = true, true
	same := promotion(gate())
	same.Cell.App, same.Settled = "app-9", true
	pending := promotion(gate())
	pending.Pending = true
	onRefused := pending
	onRefused.Below = note.Below{IID: 42, Refused: true}
	passedOver := note.Subject{Merged: true, Cells: []note.Cell{pending}}
	passedOver.Cells[0].Below, passedOver.Cells[0].Pending = note.Below{Commit: schema.Hash{0x1a}, Merged: true}, false
	control := about()
	control.Control = &note.Control{Changed: []string{"sluice.yaml", ".sluice"}, Verdict: schema.All("gate", yes("signed", "signers", "ann"),
		is("admins", schema.Hold, "control-unsigned", "have", "1", "need", "2", "by", "ann", "eligible", "rolf"))}
	return map[string]note.Subject{
		"held": about(promotion(held)), "allowed": about(promotion(gate(yes("approvals", "by", "bob, carol")))), "denied": about(denied),
		"merged": merged, "admitted": admitted, "control": control, "rollback": about(rollback), "many_keys": about(many), "secrets": about(secrets),
		"multi_app": about(append(apps, same)...), "pending": about(pending), "pending_on_refused": about(onRefused), "passed_over": passedOver, "nothing_left": about(),
		"choice": about(promotion(gate(choice))), "merged_unsigned": lost, "replaced": replaced,
		"unsigned": about(promotion(schema.All("gate", yes("trust"), is("signed", schema.Hold, "unsigned", "commit", "1a2b3c4d"), approvals("0", "1", "")))),
	}
}
