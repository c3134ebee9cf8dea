package policies_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestDuties(t *testing.T) {
	p := gatePolicy(t, "duties", map[string]any{})
	apart := func(from ...any) policies.Policy { return gatePolicy(t, "duties", map[string]any{"merger": from}) }
	merged := func(by int64, more ...func(*policies.Facts)) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.MergeRequest.MergedBy = account(by)
			for _, change := range more {
				change(f)
			}
		}
	}
	approved := func(given schema.GivenApproval) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Approvals = append(f.Approvals, given) }
	}
	stale, unbound := by(3), by(3)
	stale.To, unbound.To, unbound.Version = c(9), "", 0
	conflict := []schema.Code{"duty-conflict"}
	for _, r := range []row{
		{"somebody who did nothing else merged", p, merged(3, approved(by(2))), schema.Allow, nil},
		{"the author merged", p, merged(1), schema.Deny, conflict},
		{"who worked on the edit in the first stage merged", p, merged(3, func(f *policies.Facts) { f.Excluded = []string{"carol"} }), schema.Deny, conflict},
		{"an approver merged", p, merged(3, approved(by(3))), schema.Deny, conflict},
		{"who approved something else merged", p, merged(3, approved(stale)), schema.Allow, nil},
		{"an approval of nobody knows what", p, merged(3, approved(unbound)), schema.Deny, conflict},
		{"the author approved and merged", p, merged(1, approved(by(1))), schema.Deny, []schema.Code{"duty-conflict", "duty-conflict"}},
		{"an approver merged where that may be", apart("author"), merged(3, approved(by(3))), schema.Allow, nil},
		{"the author merged where that may be", apart("approver"), merged(1), schema.Allow, nil},
		{"an account that is nobody's merged", p, merged(77), schema.Hold, []schema.Code{"merger-unknown"}},
		{"the forge does not say who merged", p, nil, schema.Hold, []schema.Code{"evidence-missing"}},
		{"no merge request", p, func(f *policies.Facts) { f.MergeRequest = nil }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"no facts", p, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"the zero policy", policies.Duties{}, merged(3), schema.Hold, []schema.Code{"evidence-missing"}},
	} {
		r.run(t)
	}
}
