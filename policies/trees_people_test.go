package policies_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// peopleTrees are those of policies about people and time.
func peopleTrees(t *testing.T) []shown {
	two := policies.Approvals{Observed: 2, AfterLive: true}
	one := policies.Approvals{Signed: 1}
	given := func(more ...schema.GivenApproval) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Approvals = more }
	}
	changed := func(account int64, edit func(*schema.GivenApproval)) schema.GivenApproval {
		g := by(account)
		edit(&g)
		return g
	}
	sign := func(edits ...func(*schema.SignedApproval)) func(*policies.Facts) {
		return func(f *policies.Facts) {
			*f = signable()
			f.Signed = []schema.SignedApproval{signs("bob", edits...)}
		}
	}
	merged := func(account int64) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.MergeRequest.MergedBy = schema.Account{ID: account, State: "active", AccessLevel: 40}
		}
	}
	owned := gatePolicy(t, "approvals", map[string]any{"observed": 1, "paths": []string{"limits.yaml"}, "owners": []string{"carol"}})
	limits := turns(t, tree{"limits.yaml": "max: 5\n"}, tree{"limits.yaml": "max: 6\n"})
	owners := func(by ...int64) func(*policies.Facts) {
		return func(f *policies.Facts) { limits(f); f.Approvals = toAll(f, by...) }
	}
	levels := gatePolicy(t, "all", []any{map[string]any{"approvals": 2}, map[string]any{"approvals": map[string]any{"observed": 1, "roles": []string{"release"}}}})
	soak, duties := policies.Soak{For: 24 * time.Hour}, gatePolicy(t, "duties", map[string]any{})
	frozenFridays := gatePolicy(t, "freeze", map[string]any{"weekly": "Fri 18:00 - Mon 06:00", "zone": "Europe/Berlin"})
	hours := gatePolicy(t, "window", map[string]any{"weekly": "Mon-Thu 09:00-16:00", "zone": "Europe/Berlin"})
	apart := asking(t, "duties", exclusive, "approvals", 1, "approvals", map[string]any{"observed": 1, "roles": []any{"release"}})
	override := map[string]any{"observed": 2, "roles": []string{"approver", "release"}}
	passing := gatePolicy(t, "freeze", map[string]any{"weekly": "Fri 18:00 - Mon 06:00", "zone": "Europe/Berlin", "override": override})
	opening := gatePolicy(t, "window", map[string]any{"weekly": "Mon-Thu 09:00-16:00", "zone": "Europe/Berlin", "override": override})
	signing := gatePolicy(t, "freeze", map[string]any{"weekly": "Fri 18:00 - Mon 06:00", "zone": "Europe/Berlin", "override": map[string]any{"signed": 1}})
	asSunday := func(more ...schema.GivenApproval) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.Now, f.Approvals = noon.Add(-24*time.Hour), more
			f.Change.Source.LiveAt = noon.Add(-48 * time.Hour)
		}
	}
	return []shown{
		{"approvals", "allow", "two people approved exactly this", two, given(by(2), by(3))},
		{"approvals", "allow", "one signed exactly this", one, sign()},
		{"approvals", "hold", "one of two, and one by the author", two, given(by(2), by(1))},
		{"approvals", "hold", "an account that is nobody's, and one without the role", two, given(by(99), by(7))},
		{"approvals", "hold", "of other content, and after the merge", two, given(
			changed(2, func(g *schema.GivenApproval) { g.To = c(3) }), changed(3, func(g *schema.GivenApproval) { g.At = noon.Add(-time.Minute) }))},
		{"approvals", "hold", "before it was live, and at a time that nobody knows", two, given(
			changed(2, func(g *schema.GivenApproval) { g.At = noon.Add(-25 * time.Hour) }), changed(3, func(g *schema.GivenApproval) { g.At = time.Time{} }))},
		{"approvals", "hold", "nobody signed", one, nil},
		{"approvals", "hold", "a signature that does not verify", one, sign(func(a *schema.SignedApproval) { a.Code = "bad-signature" })},
		{"approvals", "hold", "a signature for another app", one, sign(func(a *schema.SignedApproval) { a.Statement.Cells = a.Statement.Cells[1:] })},
		{"approvals", "hold", "a signature for an earlier step", one, sign(func(a *schema.SignedApproval) { a.Statement.Seen.Size = 29 })},
		{"approvals", "allow", "none of the files that it is about changes", owned, turns(t, tree{"app.yaml": "1\n"}, tree{"app.yaml": "2\n"})},
		{"approvals", "allow", "an owner of what changes approved", owned, owners(3)},
		{"approvals", "hold", "somebody else did", owned, owners(2)},
		{"approvals", "hold", "nobody says which files change", owned, func(f *policies.Facts) { limits(f); f.Before = nil }},
		{"approvals", "allow", "two levels, each with its people", levels, given(by(2), by(3), by(8))},
		{"approvals", "hold", "two levels, of which the second waits", levels, given(by(2), by(3))},
		{"approvals", "missing", "nothing is known", two, func(f *policies.Facts) { *f = policies.Facts{Change: schema.Change{Kind: schema.Promote}} }},

		{"soak", "allow", "a day", soak, nil},
		{"soak", "allow", "an edit has nothing to soak", soak, func(f *policies.Facts) { f.Change.Kind, f.Change.Source = schema.Edit, nil }},
		{"soak", "hold", "an hour of a day", soak, func(f *policies.Facts) {
			f.Change.Source.Soaked, f.Change.Source.SoakingSince = time.Hour, noon.Add(-time.Hour)
		}},
		{"soak", "hold", "no time is running", soak, func(f *policies.Facts) {
			f.Change.Source.Soaked, f.Change.Source.SoakingSince = time.Hour, time.Time{}
		}},
		{"soak", "hold", "it came past the stage that is asked", gatePolicy(t, "soak", map[string]any{"for": "1h", "in": "testing"}), nil},
		{"soak", "missing", "two clocks differ", soak, func(f *policies.Facts) { f.ClockSkew = 72 * time.Hour }},
		{"soak", "missing", "it is live nowhere", soak, func(f *policies.Facts) { f.Change.Source = nil }},

		{"freeze", "allow", "on Monday", frozenFridays, nil},
		{"freeze", "hold", "on Sunday", frozenFridays, at("2026-11-29T12:00:00Z")},
		{"freeze", "allow", "on Sunday, passed over by two", passing, asSunday(by(2), by(8))},
		{"freeze", "hold", "on Sunday, and one of two approved", passing, asSunday(by(8), by(1))},
		{"freeze", "hold", "on Sunday, and nobody signed", signing, asSunday()},
		{"freeze", "missing", "nobody knows the time", frozenFridays, func(f *policies.Facts) { f.Now = time.Time{} }},
		{"window", "allow", "on Monday", hours, nil},
		{"window", "hold", "on Sunday", hours, at("2026-11-29T12:00:00Z")},
		{"window", "allow", "on Sunday, passed over by two", opening, asSunday(by(2), by(8))},
		{"window", "hold", "on Sunday, and nobody approved", opening, asSunday()},
		{"window", "missing", "two clocks differ", hours, func(f *policies.Facts) { f.ClockSkew = time.Hour }},

		{"duties", "allow", "somebody else merged", duties, merged(3)},
		{"duties", "allow", "who has two roles that exclude each other counts where it helps", apart, both(given(by(2), by(3)), "bob")},
		{"duties", "hold", "one person alone, with both roles", apart, both(given(by(2)), "bob")},
		{"duties", "missing", "nobody looked in which roles people act", gatePolicy(t, "duties", exclusive), given(by(2), by(3))},
		{"duties", "deny", "the author merged", duties, merged(1)},
		{"duties", "hold", "an account that is nobody's merged", duties, merged(77)},
		{"duties", "missing", "the forge does not say who merged", duties, nil},
	}
}
