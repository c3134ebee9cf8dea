package policies_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// gateOf is what a stage's gate adds, asked as a whole: roles are kept apart among all that it asks.
type gateOf struct {
	t     testing.TB
	gates schema.Gates
}

func asking(t testing.TB, specs ...any) gateOf {
	var gate schema.Gate
	for i := 0; i < len(specs); i += 2 {
		gate = append(gate, schema.PolicySpec{Name: specs[i].(string), Value: specs[i+1]})
	}
	return gateOf{t, schema.Gates{Promote: gate}}
}

func (g gateOf) Evaluate(f policies.Facts) schema.Verdict {
	gate, err := policies.ForGate(g.gates, schema.Promote)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.without(gate.Evaluate(f))
}

// without leaves out what always holds.
func (gateOf) without(v schema.Verdict) schema.Verdict {
	v.Parts = slices.DeleteFunc(v.Parts, func(p schema.Verdict) bool {
		return slices.Contains([]string{"trust", "merge-request", "signed", "provenance", "content"}, p.Policy)
	})
	return schema.All("gate", v.Parts...)
}

// both makes some of the people hold two roles that exclude each other in these tests.
func both(change func(*policies.Facts), ids ...string) func(*policies.Facts) {
	return func(f *policies.Facts) {
		for i, p := range f.Trust.Principals {
			if slices.Contains(ids, p.ID) {
				f.Trust.Principals[i].Roles = append(slices.Clone(p.Roles), schema.Role{Name: schema.RoleRelease})
			}
		}
		if change != nil {
			change(f)
		}
	}
}

var exclusive = map[string]any{"merger": []string{}, "exclusive": []any{[]any{"release", "approver"}}}

func TestRolesApart(t *testing.T) {
	release := map[string]any{"observed": 1, "roles": []string{"release"}}
	levels := asking(t, "duties", exclusive, "approvals", 1, "approvals", release)
	loose := asking(t, "approvals", 1, "approvals", release)
	given := func(by1 ...int64) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.Approvals = nil
			for _, who := range by1 {
				f.Approvals = append(f.Approvals, by(who))
			}
		}
	}
	elsewhere := []schema.Code{"approvals-missing", "role-exclusive"}
	for _, r := range []row{
		{"one person on two levels, where no role excludes another", loose, both(given(2), "bob"), schema.Allow, nil},
		{"one person on two levels", levels, both(given(2), "bob"), schema.Hold, elsewhere},
		{"two people, one with each role", levels, given(2, 8), schema.Allow, []schema.Code(nil)},
		{"somebody with both, and one who is an approver alone", levels, both(given(2, 3), "bob"), schema.Allow, nil},
		{"the other way round", levels, both(given(2, 3), "carol"), schema.Allow, nil},
		{"somebody with both, and one who is release alone", levels, both(given(2, 8), "bob"), schema.Allow, nil},
		{"two with both", levels, both(given(2, 3), "bob", "carol"), schema.Allow, nil},
		{"one with both who wrote it", levels, both(given(1, 8), "ann"), schema.Hold, []schema.Code{"approvals-missing", "self-approval", "approver-ineligible"}},
		{"an override is an act as well", asking(t, "duties", exclusive, "approvals", 1, "window", map[string]any{"weekly": "Sun", "zone": "UTC", "override": release}),
			both(given(2), "bob"), schema.Hold, append([]schema.Code{"window-closed"}, elsewhere...)},
		{"kept apart within a when that is for the change", asking(t, "when", map[string]any{"apps": []string{"pay*"}, "then": list("duties", exclusive)}, "approvals", 1, "approvals", release),
			both(given(2), "bob"), schema.Hold, elsewhere},
		{"within a when that is not", asking(t, "when", map[string]any{"apps": []string{"search"}, "then": list("duties", exclusive)}, "approvals", 1, "approvals", release),
			both(given(2), "bob"), schema.Allow, nil},
		{"within any way of several", asking(t, "any", list("approvals", 9, "duties", exclusive), "approvals", 1, "approvals", release), both(given(2), "bob"), schema.Hold, elsewhere},
		{"by signature", asking(t, "duties", exclusive, "approvals", map[string]any{"signed": 1}, "approvals", map[string]any{"signed": 1, "roles": []string{"release"}}),
			func(f *policies.Facts) {
				*f = signable()
				both(nil, "bob")(f)
				f.Signed = []schema.SignedApproval{signs("bob")}
			},
			schema.Hold, []schema.Code{"signed-approvals-missing", "role-exclusive"}},
		{"asked by itself", gatePolicy(t, "duties", exclusive), nil, schema.Hold, []schema.Code{"evidence-missing"}},
	} {
		r.run(t)
	}
}

// A rollback that tunes passes two gates, and nobody acts in one role at the one and in another at the other.
func TestRolesApartAtTwoGates(t *testing.T) {
	release := schema.PolicySpec{Name: "approvals", Value: map[string]any{"observed": 1, "roles": []any{"release"}, "after": "any"}}
	approver := schema.PolicySpec{Name: "approvals", Value: 1}
	apart := schema.PolicySpec{Name: "duties", Value: exclusive}
	added := func(v schema.Verdict) schema.Verdict {
		return gateOf{}.without(v)
	}
	for _, row := range []struct {
		sentence      string
		first, second schema.Gate
		approved      []int64
		want          schema.Outcome
	}{
		{"one person at both", schema.Gate{release}, schema.Gate{approver, apart}, []int64{2}, schema.Hold},
		{"the same where the first gate keeps them apart", schema.Gate{release, apart}, schema.Gate{approver}, []int64{2}, schema.Hold},
		{"one person at both, where no role excludes another", schema.Gate{release}, schema.Gate{approver}, []int64{2}, schema.Allow},
		{"two people", schema.Gate{release}, schema.Gate{approver, apart}, []int64{2, 3}, schema.Allow},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			f := promotion()
			both(approvedBy(row.approved...), "bob")(&f)
			var halves []policies.Half
			for _, gate := range []schema.Gate{row.first, row.second} {
				g, err := policies.ForGate(schema.Gates{Promote: gate}, schema.Promote)
				if err != nil {
					t.Fatal(err)
				}
				halves = append(halves, policies.Half{Gate: g, Facts: f})
			}
			got := policies.Together(halves...)
			if o := schema.All("change", added(got[0]), added(got[1])).Outcome; o != row.want {
				t.Errorf("%s, want %s: %v", o, row.want, got)
			}
		})
	}
}

// However many may act in several roles, the gate is asked a bounded number of times, and nobody acts in two.
func TestManyWhoMayActInSeveralRoles(t *testing.T) {
	levels := asking(t, "duties", exclusive, "approvals", 20, "approvals", map[string]any{"observed": 1, "roles": []string{"release"}})
	f := promotion()
	for i := range int64(20) {
		p := person("p"+strings.Repeat("x", int(i)), 100+i, schema.RoleApprover, schema.RoleRelease)
		f.Trust.Principals = append(f.Trust.Principals, p)
		f.Approvals = append(f.Approvals, by(100+i))
	}
	if v := levels.Evaluate(f); v.Outcome != schema.Hold {
		t.Errorf("20 people met 21 approvals: %s", v.Outcome)
	}
	f.Approvals = append(f.Approvals, by(8))
	if v := levels.Evaluate(f); v.Outcome != schema.Allow {
		t.Errorf("20 approvers and a release manager: %s %v", v.Outcome, codes(v))
	}
}
