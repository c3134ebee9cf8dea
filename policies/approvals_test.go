package policies_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestApprovals(t *testing.T) {
	change := func(edit func(*policies.Facts)) func(*policies.Facts) { return edit }
	given := func(g schema.GivenApproval, edit func(*schema.GivenApproval)) schema.GivenApproval {
		edit(&g)
		return g
	}
	for _, row := range []struct {
		sentence string
		policy   policies.Approvals
		given    []schema.GivenApproval
		facts    func(*policies.Facts)
		want     schema.Outcome
		codes    []schema.Code
	}{
		{"nobody approved", policies.Approvals{Observed: 1}, nil, nil, schema.Hold, []schema.Code{"approvals-missing"}},
		{"one of one", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(2)}, nil, schema.Allow, nil},
		{"one of two", policies.Approvals{Observed: 2}, []schema.GivenApproval{by(2)}, nil, schema.Hold, []schema.Code{"approvals-missing"}},
		{"two of two", policies.Approvals{Observed: 2}, []schema.GivenApproval{by(2), by(3)}, nil, schema.Allow, nil},
		{"none asked for", policies.Approvals{}, nil, nil, schema.Allow, nil},
		{"a person counts once", policies.Approvals{Observed: 2}, []schema.GivenApproval{by(2), by(2)}, nil, schema.Hold, []schema.Code{"approvals-missing"}},
		{"the author alone", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(1)}, nil, schema.Hold, []schema.Code{"approvals-missing", "self-approval"}},
		{"a co-author", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(2)}, change(func(f *policies.Facts) {
			f.Commits[0].CoAuthors = []schema.Identity{{Email: "BOB@example.com"}}
		}), schema.Hold, []schema.Code{"approvals-missing", "self-approval"}},
		{"a committer who did not sign", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(2)}, change(func(f *policies.Facts) {
			f.Commits[0].Committer = schema.Identity{Email: "bob@example.com"}
		}), schema.Hold, []schema.Code{"approvals-missing", "self-approval"}},
		{"somebody who edited what is promoted, stages before", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(2)}, change(func(f *policies.Facts) {
			f.Excluded = []string{"bob"}
		}), schema.Hold, []schema.Code{"approvals-missing", "self-approval"}},
		{"an account that is nobody's", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(99)}, nil, schema.Hold, []schema.Code{"approvals-missing", "unmapped-approver"}},
		{"somebody without the role", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(7)}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"an approver of another stage", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(6)}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"an approver of another app", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(5)}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"a bot of the trust", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(4)}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"a bot of the forge", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.By.Bot = true })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"a blocked account", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.By.State = "blocked" })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"somebody who is no member any more", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.By.AccessLevel = 0 })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"an approval without a time", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.At = time.Time{} })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approval-unbound"}},
		{"an approval that no version is older than", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.Version = 0 })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approval-stale"}},
		{"an approval of other content", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.To = c(3) })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approval-stale"}},
		{"an approval over another base", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.From = c(3) })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approval-stale"}},
		{"another head with the same content", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.Head = id(7) })}, nil, schema.Allow, nil},
		{"another head where the gate binds the head", policies.Approvals{Observed: 1, BindHead: true}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.Head = id(7) })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approval-stale"}},
		{"an approval after the merge", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.At = noon.Add(-time.Minute) })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approval-late"}},
		{"an approval before it was live in the stage before", policies.Approvals{Observed: 1, AfterLive: true}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.At = noon.Add(-25 * time.Hour) })}, nil, schema.Hold, []schema.Code{"approvals-missing", "approval-too-early"}},
		{"an approval after it was live in the stage before", policies.Approvals{Observed: 1, AfterLive: true}, []schema.GivenApproval{by(2)}, nil, schema.Allow, nil},
		{"a promotion from nowhere", policies.Approvals{Observed: 1, AfterLive: true}, []schema.GivenApproval{by(2)}, change(func(f *policies.Facts) { f.Change.Source = nil }), schema.Hold, []schema.Code{"approvals-missing", "approval-too-early"}},
		{"an early approval of a rollback", policies.Approvals{Observed: 1, AfterLive: true}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.At = noon.Add(-25 * time.Hour) })}, change(func(f *policies.Facts) { f.Change.Kind = schema.Rollback }), schema.Allow, nil},
		{"a merge request that is not merged yet", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(2)}, change(func(f *policies.Facts) { f.MergeRequest.MergedAt = time.Time{} }), schema.Allow, nil},
		{"the same head where the gate binds the head", policies.Approvals{Observed: 1, BindHead: true}, []schema.GivenApproval{by(2)}, nil, schema.Allow, nil},
		{"a robot that calls itself approver", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(9)}, change(func(f *policies.Facts) {
			f.Trust.Principals = append(f.Trust.Principals, person("mix", 9, schema.RoleApprover, schema.RoleBot))
		}), schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
		{"the same where any time will do", policies.Approvals{Observed: 1}, []schema.GivenApproval{given(by(2), func(g *schema.GivenApproval) { g.At = noon.Add(-25 * time.Hour) })}, nil, schema.Allow, nil},
		{"a direct push, whatever was approved", policies.Approvals{Observed: 1}, []schema.GivenApproval{by(2)}, change(func(f *policies.Facts) { f.MergeRequest = nil }), schema.Hold, []schema.Code{"approvals-missing", "unmapped-approver"}},
		{"an observed approval where a signed one is asked for as well", policies.Approvals{Observed: 1, Signed: 1}, []schema.GivenApproval{by(2)}, nil, schema.Hold, []schema.Code{"signed-approvals-missing"}},
		{"a release manager where the gate asks for that role", policies.Approvals{Observed: 1, Roles: []schema.RoleName{schema.RoleRelease}}, []schema.GivenApproval{by(8)}, nil, schema.Allow, nil},
		{"an approver where the gate asks for release", policies.Approvals{Observed: 1, Roles: []schema.RoleName{schema.RoleRelease}}, []schema.GivenApproval{by(2)}, nil, schema.Hold, []schema.Code{"approvals-missing", "approver-ineligible"}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			f := promotion()
			f.Approvals = row.given
			if row.facts != nil {
				row.facts(&f)
			}
			v := row.policy.Evaluate(f)
			if v.Outcome != row.want {
				t.Errorf("%+v: got %s, want %s", v, v.Outcome, row.want)
			}
			if d := cmp.Diff(row.codes, codes(v)); d != "" {
				t.Errorf("codes (-want +got):\n%s", d)
			}
		})
	}
}

func TestApprovalsAreAskedAboutPaths(t *testing.T) {
	one := gatePolicy(t, "approvals", map[string]any{"observed": 1, "paths": []string{"db/*.yaml", "limits.yaml"}})
	missing := []schema.Code{"approvals-missing"}
	was, db, app := tree{"db/a.yaml": "1\n", "app.yaml": "1\n"}, tree{"db/a.yaml": "2\n", "app.yaml": "1\n"}, tree{"db/a.yaml": "1\n", "app.yaml": "2\n"}
	given := func(change func(*policies.Facts), by ...int64) func(*policies.Facts) {
		return func(f *policies.Facts) { change(f); f.Approvals = toAll(f, by...) }
	}
	for _, r := range []row{
		{"no such file changes", one, turns(t, was, app), schema.Allow, nil},
		{"one changes", one, turns(t, was, db), schema.Hold, missing},
		{"one changes, and somebody approved", one, given(turns(t, was, db), 2), schema.Allow, nil},
		{"one is deleted", one, turns(t, was, tree{"app.yaml": "1\n"}), schema.Hold, missing},
		{"one is added", one, turns(t, was, tree{"db/a.yaml": "1\n", "app.yaml": "1\n", "conf/limits.yaml": "1\n"}), schema.Hold, missing},
		{"one moves away", one, turns(t, was, tree{"a.yaml": "1\n", "app.yaml": "1\n"}), schema.Hold, missing},
		{"nobody says which files change", one, func(f *policies.Facts) { turns(t, was, app)(f); f.Before = nil }, schema.Hold, missing},
	} {
		r.run(t)
	}
}

func TestApprovalsOfOwners(t *testing.T) {
	one := gatePolicy(t, "approvals", map[string]any{"observed": 1, "owners": []string{"ann", "carol", "vis"}})
	ineligible := []schema.Code{"approvals-missing", "approver-ineligible"}
	for _, r := range []row{
		{"an owner", one, approvedBy(3), schema.Allow, nil},
		{"somebody else with the role", one, approvedBy(2), schema.Hold, ineligible},
		{"an owner without the role", one, approvedBy(7), schema.Hold, ineligible},
		{"an owner who wrote it", one, approvedBy(1), schema.Hold, []schema.Code{"approvals-missing", "self-approval"}},
		{"an owner by signature", one, func(f *policies.Facts) { *f = signable(); f.Signed = []schema.SignedApproval{signs("carol")} }, schema.Allow, nil},
		{"somebody else by signature", one, func(f *policies.Facts) { *f = signable(); f.Signed = []schema.SignedApproval{signs("bob")} }, schema.Hold, ineligible},
	} {
		r.run(t)
	}
	f := promotion()
	if v := one.Evaluate(f); v.Args["eligible"] != "carol" {
		t.Errorf("may still approve: %q, want carol alone", v.Args["eligible"])
	}
}

func TestApprovalsNameWhoMayStillApprove(t *testing.T) {
	f := promotion()
	f.Approvals = []schema.GivenApproval{by(2)}
	f.Trust.Principals = append(f.Trust.Principals, person("mix", 9, schema.RoleApprover, schema.RoleBot))
	v := policies.Approvals{Observed: 2}.Evaluate(f)
	if got, want := v.Args["eligible"], "carol"; got != want {
		t.Errorf("eligible: got %q, want %q (ann wrote it, bob approved, the others have not the role)", got, want)
	}
	if got, want := v.Args["have"]+" of "+v.Args["need"], "1 of 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
