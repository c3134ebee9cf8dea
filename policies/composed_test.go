package policies_test

import (
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
	both := gatePolicy(t, "all", list("soak", "12h", "approvals", 1))
	two := gatePolicy(t, "at_least", map[string]any{"n": 2, "of": list("soak", "12h", "approvals", 1, "soak", "96h")})
	missing := []schema.Code{"choice", "soak", "approvals-missing"}
	edit := func(f *policies.Facts) { f.Change.Kind, f.Change.Source = schema.Edit, nil }
	for _, r := range []row{
		{"one of two ways is open", either, approvedBy(2, 3), schema.Allow, nil},
		{"none of two ways is open", either, approvedBy(2), schema.Hold, missing},
		{"the other way is open", either, edit, schema.Allow, nil},
		{"all that is asked for is there", both, approvedBy(2), schema.Allow, nil},
		{"one of all is missing", both, func(*policies.Facts) {}, schema.Hold, []schema.Code{"approvals-missing"}},
		{"two of three", two, approvedBy(2), schema.Allow, nil},
		{"one of three where two are asked", two, func(*policies.Facts) {}, schema.Hold, []schema.Code{"choice", "approvals-missing", "soak"}},
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
