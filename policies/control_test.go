package policies_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// admins is a trust with three admins of whom two have to sign.
func admins() schema.Trust {
	t := people()
	t.Root = schema.Root{Version: 3, Project: "3f2a9c1e", Admin: 2, ExpiresAt: noon.AddDate(1, 0, 0)}
	t.RootDigest = schema.DigestOf([]byte("root.yaml"))
	for _, name := range []string{"ada", "abe", "amy"} {
		t.Principals = append(t.Principals, person(name, 0, schema.RoleAdmin))
	}
	t.Principals = append(t.Principals, person("mix", 0, schema.RoleAdmin, schema.RoleBot))
	return t
}

// newRules is a change of sluice.yaml that ada signed.
func newRules() policies.ControlFacts {
	return policies.ControlFacts{
		Now: noon, Ref: "refs/heads/main", From: c(1), To: c(2), Trust: admins(), Admitted: 30, Others: true,
		Commits: []policies.ControlCommit{controlCommit("ada")},
	}
}

func controlCommit(by string) policies.ControlCommit {
	return policies.ControlCommit{CommitVerdict: signed(by), From: c(1), To: c(2)}
}

// agreed is a signed approval of the change.
func agreed(by string, edit func(*schema.SignedApproval)) schema.SignedApproval {
	a := schema.SignedApproval{
		Principal: by, Code: "ok", Entry: schema.DigestOf([]byte("entry 40")),
		Statement: schema.ApprovalStatement{
			Project: "3f2a9c1e", Made: noon.Add(-time.Minute), Trust: 3, Seen: schema.Seen{Size: 40, Entry: schema.DigestOf([]byte("entry 40"))},
			Cells: []schema.ApprovedCell{{
				Cell: schema.Control, Ref: "refs/heads/main", From: c(1), To: c(2), Gate: schema.DigestOf([]byte("root.yaml")),
			}},
		},
	}
	if edit != nil {
		edit(&a)
	}
	return a
}

func TestControl(t *testing.T) {
	type edit = func(*policies.ControlFacts)
	alone := func(e edit) edit {
		return func(f *policies.ControlFacts) {
			f.Trust.Root.Admin = 1
			e(f)
		}
	}
	commit := func(e func(*policies.ControlCommit)) edit {
		return alone(func(f *policies.ControlFacts) { e(&f.Commits[0]) })
	}
	trustOnly := func(u policies.TrustUpdate) edit {
		return func(f *policies.ControlFacts) { f.Trusted, f.Others, f.Update = true, false, u }
	}
	with := func(list ...schema.SignedApproval) edit {
		return func(f *policies.ControlFacts) { f.Signed = list }
	}
	for _, row := range []struct {
		sentence string
		facts    edit
		want     schema.Outcome
		codes    []schema.Code
	}{
		{"one admin where one is enough", alone(func(*policies.ControlFacts) {}), schema.Allow, nil},
		{"one admin of two", func(*policies.ControlFacts) {}, schema.Hold, []schema.Code{"control-unsigned"}},
		{"an admin's commit, and another's approval", with(agreed("abe", nil)), schema.Allow, nil},
		{"an admin's commit, and his own approval", with(agreed("ada", nil)), schema.Hold, []schema.Code{"control-unsigned"}},
		{"an admin's commit, and another's approval twice", with(agreed("abe", nil), agreed("abe", nil)), schema.Allow, nil},
		{"an author wrote it, two admins approved", func(f *policies.ControlFacts) {
			f.Commits[0] = controlCommit("ann")
			f.Signed = []schema.SignedApproval{agreed("abe", nil), agreed("amy", nil)}
		}, schema.Allow, nil},
		{"an author wrote it, one admin approved twice", func(f *policies.ControlFacts) {
			f.Commits[0] = controlCommit("ann")
			f.Signed = []schema.SignedApproval{agreed("abe", nil), agreed("abe", nil)}
		}, schema.Hold, []schema.Code{"control-unsigned"}},
		{"an approval by somebody who is no admin", with(agreed("bob", nil)), schema.Hold, []schema.Code{"control-unsigned", "approver-ineligible"}},
		{"an approval by a robot that calls itself admin", with(agreed("mix", nil)), schema.Hold, []schema.Code{"control-unsigned", "approver-ineligible"}},
		{"an approval of an app", with(agreed("abe", func(a *schema.SignedApproval) { a.Statement.Cells[0].Cell = gray })), schema.Hold, []schema.Code{"control-unsigned", "evidence-context"}},
		{"an approval of other rules", with(agreed("abe", func(a *schema.SignedApproval) { a.Statement.Cells[0].To = c(3) })), schema.Hold, []schema.Code{"control-unsigned", "approval-stale"}},
		{"an approval from before other rules", with(agreed("abe", func(a *schema.SignedApproval) { a.Statement.Cells[0].From = c(3) })), schema.Hold, []schema.Code{"control-unsigned", "approval-stale"}},
		{"an approval under an older trust root", with(agreed("abe", func(a *schema.SignedApproval) { a.Statement.Cells[0].Gate = schema.DigestOf([]byte("old")) })), schema.Hold, []schema.Code{"control-unsigned", "approval-stale"}},
		{"an approval from before the rules in force", with(agreed("abe", func(a *schema.SignedApproval) { a.Statement.Seen.Size = 29 })), schema.Hold, []schema.Code{"control-unsigned", "evidence-replayed"}},
		{"an approval with a bad signature", with(agreed("abe", func(a *schema.SignedApproval) { a.Code = "bad-signature" })), schema.Hold, []schema.Code{"control-unsigned", "approval-signature"}},

		{"no commit is known", alone(func(f *policies.ControlFacts) { f.Commits = nil }), schema.Hold, []schema.Code{"control-unsigned"}},
		{"an admin signed only part of it", commit(func(c2 *policies.ControlCommit) { c2.To = c(3) }), schema.Hold, []schema.Code{"control-unsigned"}},
		{"an admin signed it on top of older rules", commit(func(c2 *policies.ControlCommit) { c2.From = c(3) }), schema.Hold, []schema.Code{"control-unsigned"}},
		{"an author signed it", commit(func(c2 *policies.ControlCommit) { c2.Principal = "ann" }), schema.Hold, []schema.Code{"control-unsigned"}},
		{"nobody signed it", commit(func(c2 *policies.ControlCommit) { c2.Code, c2.Principal = "unsigned", "" }), schema.Hold, []schema.Code{"control-unsigned", "unsigned"}},
		{"an admin's key was revoked", commit(func(c2 *policies.ControlCommit) { c2.Code = "key-revoked" }), schema.Deny, []schema.Code{"control-unsigned", "key-revoked"}},
		{"one commit before the last is unsigned", alone(func(f *policies.ControlFacts) {
			f.Commits = append([]policies.ControlCommit{{CommitVerdict: schema.CommitVerdict{Code: "unsigned"}, From: c(1), To: c(3)}}, f.Commits...)
		}), schema.Hold, []schema.Code{"unsigned"}},

		{"files that cannot be read", alone(func(f *policies.ControlFacts) { f.Problem = "config" }), schema.Deny, []schema.Code{"config"}},
		{"apps changed with it", alone(func(f *policies.ControlFacts) { f.Mixed = true }), schema.Deny, []schema.Code{"policy-mixed"}},
		{"nobody says what changed", alone(func(f *policies.ControlFacts) { f.Others = false }), schema.Deny, []schema.Code{"nothing-judged"}},
		{"nobody says what changed, and an app is held", alone(func(f *policies.ControlFacts) { f.Others, f.Held = false, []schema.Cell{gray} }), schema.Deny, []schema.Code{"nothing-judged"}},
		{"an app is held that it would name anew", alone(func(f *policies.ControlFacts) { f.Held = []schema.Cell{gray} }), schema.Hold, []schema.Code{"control-held"}},
		{"an app would lose what was admitted", alone(func(f *policies.ControlFacts) {
			f.Lost = []string{"payments in gray holds files that were never admitted"}
		}), schema.Hold, []schema.Code{"control-loses"}},
		{"apps are named anew, none of them held", alone(func(f *policies.ControlFacts) { f.Altered = []schema.Cell{gray} }), schema.Allow, nil},
		{"the trust root ran out", alone(func(f *policies.ControlFacts) { f.Now = noon.AddDate(2, 0, 0) }), schema.Hold, []schema.Code{"root-expired"}},

		{"the roots changed the trust directory, no admin did", trustOnly(policies.TrustUpdate{OK: true, By: []string{"rut"}}), schema.Allow, nil},
		{"the same, after the root ran out", func(f *policies.ControlFacts) {
			trustOnly(policies.TrustUpdate{OK: true})(f)
			f.Now = noon.AddDate(2, 0, 0)
		}, schema.Allow, nil},
		{"too few roots", trustOnly(policies.TrustUpdate{Code: "trust-threshold", Detail: "1 of 2"}), schema.Hold, []schema.Code{"trust-threshold"}},
		{"an older trust directory", trustOnly(policies.TrustUpdate{Code: "trust-rollback"}), schema.Deny, []schema.Code{"trust-rollback"}},
		{"a trust directory that nobody checked", trustOnly(policies.TrustUpdate{}), schema.Deny, []schema.Code{"trust-unreadable"}},
		{"a check that said no and ok", trustOnly(policies.TrustUpdate{Code: "ok"}), schema.Deny, []schema.Code{"trust-unreadable"}},
		{"the roots agreed to both, the admins to neither", func(f *policies.ControlFacts) {
			f.Trusted, f.Update = true, policies.TrustUpdate{OK: true}
		}, schema.Hold, []schema.Code{"control-unsigned"}},
		{"the admins agreed to both, the roots to neither", func(f *policies.ControlFacts) {
			f.Trusted, f.Update = true, policies.TrustUpdate{Code: "trust-threshold"}
			f.Signed = []schema.SignedApproval{agreed("abe", nil)}
		}, schema.Hold, []schema.Code{"trust-threshold"}},
		{"both agreed to both", func(f *policies.ControlFacts) {
			f.Trusted, f.Update = true, policies.TrustUpdate{OK: true}
			f.Signed = []schema.SignedApproval{agreed("abe", nil)}
		}, schema.Allow, nil},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			f := newRules()
			row.facts(&f)
			v := policies.Control{}.Evaluate(f)
			if v.Outcome != row.want {
				t.Errorf("%+v: got %s, want %s", v, v.Outcome, row.want)
			}
			if d := cmp.Diff(row.codes, codes(v)); d != "" {
				t.Errorf("codes (-want +got):\n%s", d)
			}
		})
	}
}

func TestControlVerdictsAreExplained(t *testing.T) {
	f := newRules()
	f.Trusted, f.Update = true, policies.TrustUpdate{Code: "trust-threshold", Detail: "1 of 2 roots of the new version signed: rut"}
	for range 12 {
		f.Held = append(f.Held, gray)
	}
	var got []string
	for _, m := range (policies.Control{}).Evaluate(f).Missing() {
		got = append(got, m.Code.Message(m.Args))
	}
	held := strings.Repeat("payments in gray, ", 9) + "payments in gray and 2 more"
	want := []string{
		"too few roots signed: 1 of 2 roots of the new version signed: rut",
		"the control files changed with too few admins' signatures: 1 of 2 (ada); may sign: abe, amy",
		"the change of the control files is held: it would change " + held,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	f.Update = policies.TrustUpdate{OK: true, By: []string{"rut", "ada"}}
	if got := (policies.Control{}).Evaluate(f).Parts[0]; got.Args["by"] != "ada, rut" {
		t.Errorf("got %+v, want the roots named", got)
	}
	f.Update = policies.TrustUpdate{Code: "trust-rollback"}
	if got := (policies.Control{}).Evaluate(f).Parts[0]; len(got.Args) > 0 {
		t.Errorf("got %+v, want no arguments", got)
	}
}

func TestTheZeroControlFactsAreDenied(t *testing.T) {
	if v := (policies.Control{}).Evaluate(policies.ControlFacts{}); v.Outcome != schema.Deny {
		t.Errorf("got %+v", v)
	}
	f := newRules()
	f.Trust.Root.Admin, f.To, f.From = 0, "", ""
	f.Commits[0].To, f.Commits[0].From = "", ""
	if v := (policies.Control{}).Evaluate(f); v.Outcome == schema.Allow {
		t.Errorf("a change that nobody named: got %+v", v)
	}
}
