package policies_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// list makes a gate's list of {name: value} of names and values in turn.
func list(pairs ...any) []any {
	var out []any
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, map[string]any{pairs[i].(string): pairs[i+1]})
	}
	return out
}

func approvedBy(accounts ...int64) func(*policies.Facts) {
	return func(f *policies.Facts) {
		for _, a := range accounts {
			f.Approvals = append(f.Approvals, by(a))
		}
	}
}

func TestComposed(t *testing.T) {
	either := gatePolicy(t, "any", list("soak", "48h", "approvals", 2))
	every := gatePolicy(t, "all", list("soak", "12h", "approvals", 1))
	two := gatePolicy(t, "at_least", map[string]any{"n": 2, "of": list("soak", "12h", "approvals", 1, "soak", "96h")})
	roles := list("approvals", 1, "approvals", map[string]any{"observed": 1, "roles": []string{"release"}})
	twice := gatePolicy(t, "at_least", map[string]any{"n": 2, "of": append(list("soak", "96h"), roles...)})
	missing := []schema.Code{"choice", "soak", "approvals-missing"}
	for _, r := range []row{
		{"one of two ways is open", either, approvedBy(2, 3), schema.Allow, nil},
		{"none of two ways is open", either, approvedBy(2), schema.Hold, missing},
		{"all that is asked for is there", every, approvedBy(2), schema.Allow, nil},
		{"one of all is missing", every, func(*policies.Facts) {}, schema.Hold, []schema.Code{"approvals-missing"}},
		{"two of three", two, approvedBy(2), schema.Allow, nil},
		{"one of three where two are asked", two, func(*policies.Facts) {}, schema.Hold, []schema.Code{"choice", "approvals-missing", "soak"}},
		{"two of three with one person in both", twice, both(approvedBy(2), "bob"), schema.Hold, []schema.Code{"counted-twice", "soak"}},
		{"two of three with one in both and one in the first", twice, both(approvedBy(2, 3), "bob"), schema.Allow, nil},
		{"two of three with one in both and one in the second", twice, both(approvedBy(2, 8), "bob"), schema.Allow, nil},
		{"two of two with one person in both", gatePolicy(t, "at_least", map[string]any{"n": 2, "of": roles}), both(approvedBy(2), "bob"), schema.Hold, []schema.Code{"counted-twice"}},
		{"all of two with one person in both", gatePolicy(t, "all", roles), both(approvedBy(2), "bob"), schema.Allow, nil},
		{"one person, and what needs nobody", gatePolicy(t, "at_least", map[string]any{"n": 2, "of": append(list("soak", "12h"), roles...)}), both(approvedBy(2), "bob"), schema.Allow, nil},
		{"one person again within another policy", gatePolicy(t, "at_least", map[string]any{"n": 2, "of": append(roles[:1:1], list("all", roles[1:])...)}),
			both(approvedBy(2), "bob"), schema.Hold, []schema.Code{"counted-twice"}},
		{"one person again as an override", gatePolicy(t, "at_least", map[string]any{"n": 2, "of": append(roles[:1:1], list("window", map[string]any{"weekly": "Sun", "zone": "UTC",
			"override": map[string]any{"observed": 1}})...)}), approvedBy(2), schema.Hold, []schema.Code{"counted-twice"}},
		{"no facts", either, func(f *policies.Facts) { *f = policies.Facts{Change: schema.Change{Kind: schema.Promote}} }, schema.Hold, []schema.Code{"choice", "not-live", "approvals-missing"}},
		{"the zero policy lets nothing through", policies.Composed{}, approvedBy(2, 3), schema.Deny, []schema.Code{"nothing-judged"}},
		{"more than there are", policies.Composed{Name: "at_least", Need: 2, Of: []policies.Policy{fixed(schema.Allow)}}, approvedBy(), schema.Deny, []schema.Code{"nothing-judged"}},
		{"all deny", policies.Composed{Name: "any", Need: 1, Of: []policies.Policy{fixed(schema.Deny), fixed(schema.Deny)}}, approvedBy(), schema.Deny, []schema.Code{"choice", "override", "override"}},
		{"what denies cannot be reached, the other can", policies.Composed{Name: "any", Need: 1, Of: []policies.Policy{fixed(schema.Deny), fixed(schema.Hold)}}, approvedBy(), schema.Hold, []schema.Code{"choice", "override", "draft"}},
		{"so many deny that too few are left", policies.Composed{Name: "at_least", Need: 2, Of: []policies.Policy{fixed(schema.Deny), fixed(schema.Deny), fixed(schema.Allow)}}, approvedBy(), schema.Deny, []schema.Code{"choice", "override", "override"}},
	} {
		r.run(t)
	}
}

// TestAWayThatAsksNothingIsNone: what is not about a change lets nothing in, and is not asked for either.
func TestAWayThatAsksNothingIsNone(t *testing.T) {
	edit := func(f *policies.Facts) { f.Change.Kind, f.Change.Source = schema.Edit, nil }
	release := map[string]any{"observed": 1, "roles": []string{"release"}}
	two := gatePolicy(t, "at_least", map[string]any{"n": 2, "of": list("approvals", 2, "soak", "72h", "approvals", release)})
	files := map[string]any{"files": []string{"limits.yaml"}, "then": list("approvals", 1)}
	fits := gatePolicy(t, "any", list("approvals", 2, "when", files))
	owned := gatePolicy(t, "any", list("approvals", 2, "approvals", map[string]any{"observed": 1, "paths": []string{"limits.yaml"}}))
	made := gatePolicy(t, "any", list("approvals", 2, "all", list("soak", "48h", "when", files), "any", list("health", map[string]any{})))
	small := turns(t, tree{"app.yaml": "1\n", "limits.yaml": "1\n"}, tree{"app.yaml": "2\n", "limits.yaml": "1\n"})
	touched := turns(t, tree{"app.yaml": "1\n", "limits.yaml": "1\n"}, tree{"app.yaml": "1\n", "limits.yaml": "2\n"})
	by := func(change func(*policies.Facts), accounts ...int64) func(*policies.Facts) {
		return func(f *policies.Facts) { change(f); f.Approvals = toAll(f, accounts...) }
	}
	edited := func(accounts ...int64) func(*policies.Facts) {
		return func(f *policies.Facts) { edit(f); approvedBy(accounts...)(f) }
	}
	either := gatePolicy(t, "any", list("soak", "48h", "approvals", 2))
	missing := []schema.Code{"choice", "approvals-missing"}
	for _, r := range []row{
		{"one person, or soak that an edit has not", either, edited(2), schema.Hold, missing},
		{"two people, or soak that an edit has not", either, edited(2, 3), schema.Allow, nil},
		{"two people, and soak that an edit has not", two, edited(2, 3), schema.Hold, append(missing, "approver-ineligible", "approver-ineligible")},
		{"two people in both of what is left", two, both(edited(2, 3), "bob"), schema.Hold, []schema.Code{"counted-twice"}},
		{"three people in what is left", two, edited(2, 3, 8), schema.Allow, nil},
		{"nothing is left", gatePolicy(t, "any", list("soak", "48h", "health", map[string]any{})), edit, schema.Allow, nil},
		{"a when that is for another change", fits, small, schema.Hold, missing},
		{"a when that is for another change, and two people", fits, by(small, 2, 3), schema.Allow, nil},
		{"a when that is for the change", fits, by(touched, 2), schema.Allow, nil},
		{"a when of which nobody knows whether it is", fits, func(f *policies.Facts) { small(f); f.Before = nil }, schema.Hold, []schema.Code{"choice", "approvals-missing", "approvals-missing"}},
		{"approvals for files that do not change", owned, by(small, 2), schema.Hold, missing},
		{"approvals for files that change", owned, by(touched, 2), schema.Allow, nil},
		{"what is made of such alone", made, func(f *policies.Facts) { small(f); edit(f) }, schema.Hold, missing},
		{"every one of all, of which one asks nothing", gatePolicy(t, "all", list("soak", "48h", "approvals", 1)), edited(2), schema.Allow, nil},
	} {
		r.run(t)
	}
}

func TestChoiceSaysWhenTimeAloneIsEnough(t *testing.T) {
	day := 24 * time.Hour
	at := func(d time.Duration) policies.Policy { return waits(noon.Add(d)) }
	for _, row := range []struct {
		sentence string
		need     int
		of       []policies.Policy
		want     time.Duration // after noon; 0: time alone is not enough
	}{
		{"the sooner of two", 1, []policies.Policy{at(2 * day), at(day)}, day},
		{"both of two, of three", 2, []policies.Policy{at(2 * day), at(day), at(3 * day)}, 2 * day},
		{"one more than allows already", 2, []policies.Policy{at(2 * day), fixed(schema.Allow), at(3 * day)}, 2 * day},
		{"people could be faster, but may not come", 1, []policies.Policy{at(2 * day), fixed(schema.Hold)}, 2 * day},
		{"too few that only wait", 2, []policies.Policy{at(2 * day), fixed(schema.Hold), fixed(schema.Hold)}, 0},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			v := policies.Composed{Name: "at_least", Need: row.need, Of: row.of}.Evaluate(promotion())
			switch {
			case v.Outcome != schema.Hold:
				t.Errorf("outcome %s", v.Outcome)
			case row.want == 0 && v.Earliest != nil:
				t.Errorf("says %s", v.Earliest)
			case row.want != 0 && (v.Earliest == nil || !v.Earliest.Equal(noon.Add(row.want))):
				t.Errorf("says %v, want %s", v.Earliest, noon.Add(row.want))
			}
		})
	}
}

// TestChoiceAgainstTheDumbTwin tries every way in which what holds could still become a yes.
func TestChoiceAgainstTheDumbTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outcomes := rapid.SliceOfN(rapid.SampledFrom([]schema.Outcome{schema.Deny, schema.Hold, schema.Allow}), 1, 5).Draw(t, "outcomes")
		need := rapid.IntRange(1, len(outcomes)).Draw(t, "need")
		var of []policies.Policy
		yes, could := 0, 0
		for _, o := range outcomes {
			of = append(of, fixed(o))
			if o == schema.Allow {
				yes++
			}
			if o != schema.Deny {
				could++
			}
		}
		want := schema.Deny
		switch {
		case yes >= need:
			want = schema.Allow
		case could >= need:
			want = schema.Hold
		}
		if got := (policies.Composed{Name: "at_least", Need: need, Of: of}).Evaluate(policies.Facts{}).Outcome; got != want {
			t.Fatalf("%d of %v: %s, want %s", need, outcomes, got, want)
		}
	})
}

// TestNobodyCountsTwiceAgainstTheDumbTwin puts each of those who approved into one policy or none, in every way that there is.
func TestNobodyCountsTwiceAgainstTheDumbTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"ann", "bob", "carol", "dan"}
		var of []policies.Policy
		var asked []peopleOf
		for range rapid.IntRange(2, 4).Draw(t, "policies") {
			p := peopleOf{rapid.IntRange(1, 2).Draw(t, "need"), rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "people")}
			of, asked = append(of, p), append(asked, p)
		}
		need := rapid.IntRange(2, len(of)).Draw(t, "n")
		want := false
		for way := range 5 * 5 * 5 * 5 { // of each person the policy it counts in; the last is none
			in := make([]int, len(of)+5)
			for i, who := range names {
				at := way / []int{1, 5, 25, 125}[i] % 5
				if at < len(of) && slices.Contains(asked[at].people, who) {
					in[at]++
				}
			}
			met := 0
			for i, p := range asked {
				if in[i] >= p.need {
					met++
				}
			}
			want = want || met >= need
		}
		v := policies.Composed{Name: "at_least", Need: need, Of: of}.Evaluate(policies.Facts{})
		if got := v.Outcome == schema.Allow; got != want {
			t.Fatalf("%d of %v: %s %s, want allow: %t", need, asked, v.Outcome, v.Code, want)
		}
	})
}

// peopleOf says what approvals would say.
type peopleOf struct {
	need   int
	people []string
}

func (p peopleOf) Evaluate(policies.Facts) schema.Verdict {
	v := schema.Verdict{Policy: "approvals", Outcome: schema.Allow, Args: map[string]string{"need": strconv.Itoa(p.need), "by": strings.Join(p.people, ", ")}}
	if len(p.people) < p.need {
		v.Outcome, v.Code = schema.Hold, "approvals-missing"
	}
	return v
}

func TestWhen(t *testing.T) {
	when := func(value map[string]any) policies.Policy {
		value["then"] = list("approvals", 2)
		return gatePolicy(t, "when", value)
	}
	limits := when(map[string]any{"files": []string{"limits.yaml"}})
	asked := []schema.Code{"approvals-missing"}
	small := turns(t, tree{"app.yaml": "1\n", "limits.yaml": "1\n"}, tree{"app.yaml": "2\n", "limits.yaml": "1\n"})
	touched := turns(t, tree{"app.yaml": "1\n", "limits.yaml": "1\n"}, tree{"app.yaml": "1\n", "limits.yaml": "2\n"})
	gone := turns(t, tree{"app.yaml": "1\n", "limits.yaml": "1\n"}, tree{"app.yaml": "1\n"})
	moved := turns(t, tree{"limits.yaml": "1\n"}, tree{"elsewhere.txt": "1\n"})
	for _, r := range []row{
		{"another file changes", limits, small, schema.Allow, nil},
		{"the file changes", limits, touched, schema.Hold, asked},
		{"the file changes, and people approved", limits, func(f *policies.Facts) { touched(f); f.Approvals = toAll(f, 2, 3) }, schema.Allow, nil},
		{"the file is deleted", limits, gone, schema.Hold, asked},
		{"the file moves away", limits, moved, schema.Hold, asked},
		{"nobody says what changes", limits, func(f *policies.Facts) { small(f); f.Before = nil }, schema.Hold, asked},
		{"another app", when(map[string]any{"apps": []string{"search", "ledger/*"}}), small, schema.Allow, nil},
		{"the app", when(map[string]any{"apps": []string{"pay*"}}), small, schema.Hold, asked},
		{"another kind", when(map[string]any{"kinds": []string{"rollback", "tune"}}), small, schema.Allow, nil},
		{"the kind", when(map[string]any{"kinds": []string{"promote"}}), small, schema.Hold, asked},
		{"a promotion that tunes as well", when(map[string]any{"kinds": []string{"tune"}}), func(f *policies.Facts) { small(f); f.Change.Tune = true }, schema.Hold, asked},
		{"the app, and another file", when(map[string]any{"apps": []string{"payments"}, "files": []string{"limits.yaml"}}), small, schema.Allow, nil},
		{"the app and the file", when(map[string]any{"apps": []string{"payments"}, "files": []string{"limits.yaml"}}), touched, schema.Hold, asked},
		{"the zero policy lets nothing through", policies.When{}, small, schema.Deny, []schema.Code{"nothing-judged"}},
	} {
		r.run(t)
	}
}

// toAll are approvals of exactly the change.
func toAll(f *policies.Facts, accounts ...int64) []schema.GivenApproval {
	var out []schema.GivenApproval
	for _, a := range accounts {
		given := by(a)
		given.From, given.To = f.Change.From.Content, f.Change.To.Content
		out = append(out, given)
	}
	return out
}

// fixed always answers the same.
type fixed schema.Outcome

func (o fixed) Evaluate(policies.Facts) schema.Verdict {
	codes := map[schema.Outcome]schema.Code{schema.Deny: "override", schema.Hold: "draft"}
	return schema.Verdict{Policy: "fixed", Outcome: schema.Outcome(o), Code: codes[schema.Outcome(o)]}
}

// waits holds until a time.
type waits time.Time

func (w waits) Evaluate(policies.Facts) schema.Verdict {
	at := time.Time(w)
	return schema.Verdict{Policy: "waits", Outcome: schema.Hold, Code: "soak", Earliest: &at}
}
