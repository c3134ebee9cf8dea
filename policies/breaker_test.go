package policies_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// The rollbacks of these tests: one that worked, and the ways in which one does not.
func worked(ago time.Duration) policies.Rollback {
	at := noon.Add(-ago)
	return policies.Rollback{Stage: gray.Stage, At: at, LiveAt: at.Add(time.Minute)}
}

func unfinished(ago time.Duration) policies.Rollback {
	return policies.Rollback{Stage: gray.Stage, At: noon.Add(-ago)}
}

func late(ago time.Duration) policies.Rollback {
	at := noon.Add(-ago)
	return policies.Rollback{Stage: "staging", At: at, LiveAt: at.Add(61 * time.Minute)}
}

func left(ago time.Duration) policies.Rollback {
	r := worked(ago)
	r.Left = true
	return r
}

const day = 24 * time.Hour

// goes makes the change one between files, after these rollbacks.
func goes(t testing.TB, before, after tree, approvers []int64, rollbacks ...policies.Rollback) func(*policies.Facts) {
	return func(f *policies.Facts) {
		compares(t, before, after, approvers...)(f)
		f.Rollbacks = &policies.Rollbacks{Of: rollbacks}
		f.Rollbacks.Sort()
	}
}

func TestBreaker(t *testing.T) {
	fields := map[string]any{"fields": []string{"limits.yaml#max*", "app.yaml#db"}, "durations": []string{"*.yaml#db.*Timeout"}, "sets": []string{"app.yaml#db.hosts"}}
	and := func(name string, value any) policies.Policy {
		more := map[string]any{name: value}
		for k, v := range fields {
			more[k] = v
		}
		return gatePolicy(t, "breaker", more)
	}
	p, holds, risky := gatePolicy(t, "breaker", fields), and("trip", "hold"), and("risk", 70)
	base := tree{"limits.yaml": "max: 5\nmin: 1\n", "app.yaml": "db: {hosts: [a, b], readTimeout: 90m}\n", "notes.txt": "x\n"}
	with := func(path, data string) tree {
		out := tree{}
		for name, text := range base {
			out[name] = text
		}
		out[path] = data
		return out
	}
	quiet, loud := with("limits.yaml", "max: 5\nmin: 2\n"), with("limits.yaml", "max: 6\nmin: 1\n")
	field, tripped := []schema.Code{"critical-field", "approvals-missing"}, []schema.Code{"breaker-tripped", "approvals-missing"}
	missing := []schema.Code{"evidence-missing"}
	five := []policies.Rollback{worked(day), worked(2 * day), worked(3 * day), worked(4 * day), worked(5 * day)}
	for _, r := range []row{
		{"nothing critical changes, and nothing was rolled back", p, goes(t, base, quiet, nil), schema.Allow, nil},
		{"every rollback restored", p, goes(t, base, quiet, nil, five...), schema.Allow, nil},
		{"a critical value changes", p, goes(t, base, loud, nil, five...), schema.Hold, field},
		{"somebody with the role confirms it", p, goes(t, base, loud, []int64{8}, five...), schema.Allow, nil},
		{"somebody without it does not", p, goes(t, base, loud, []int64{2}), schema.Hold, append(field[:2:2], "approver-ineligible")},
		{"the file of a critical value goes", p, goes(t, base, tree{"app.yaml": base["app.yaml"]}, nil), schema.Hold, field},
		{"it does not parse any more", p, goes(t, base, with("limits.yaml", "max: [\n"), nil), schema.Hold, append([]schema.Code{"critical-field"}, field...)},

		{"a number written otherwise", p, goes(t, base, with("limits.yaml", "max: 5.0\nmin: 1\n"), nil), schema.Allow, nil},
		{"a number that becomes text", p, goes(t, base, with("limits.yaml", "max: \"5\"\nmin: 1\n"), nil), schema.Hold, field},
		{"a duration written otherwise", p, goes(t, base, with("app.yaml", "db: {hosts: [a, b], readTimeout: 1h30m}\n"), nil), schema.Allow, nil},
		{"a longer one", p, goes(t, base, with("app.yaml", "db: {hosts: [a, b], readTimeout: 91m}\n"), nil), schema.Hold, field},
		{"a set in another order", p, goes(t, base, with("app.yaml", "db: {hosts: [b, a, a], readTimeout: 90m}\n"), nil), schema.Allow, nil},
		{"another set", p, goes(t, base, with("app.yaml", "db: {hosts: [b, c], readTimeout: 90m}\n"), nil), schema.Hold, field},
		{"a set with a number for text", p, goes(t, with("app.yaml", "db: {hosts: [5]}\n"), with("app.yaml", "db: {hosts: [\"5\"]}\n"), nil), schema.Hold, field},

		{"a rollback that did not arrive", p, goes(t, base, quiet, nil, append(five, unfinished(6*day))...), schema.Hold, tripped},
		{"one that did not arrive yet", p, goes(t, base, quiet, nil, unfinished(time.Minute)), schema.Hold, tripped},
		{"one that took too long", p, goes(t, base, quiet, nil, late(day)), schema.Hold, tripped},
		{"one that was rolled back from", p, goes(t, base, quiet, nil, left(day)), schema.Hold, tripped},
		{"a release manager goes on all the same", p, goes(t, base, quiet, []int64{8}, left(day)), schema.Allow, nil},
		{"one failure of seven is enough success", p, goes(t, base, quiet, nil, append(five, worked(6*day), left(day))...), schema.Allow, nil},
		{"it left the window", p, goes(t, base, quiet, nil, left(7*day)), schema.Allow, nil},
		{"a second before it does", p, goes(t, base, quiet, nil, left(7*day-time.Second)), schema.Hold, tripped},
		{"the queue is held", holds, goes(t, base, quiet, []int64{8}, left(day)), schema.Hold, []schema.Code{"breaker-tripped"}},
		{"the queue is held, and a critical value changes", holds, goes(t, base, loud, []int64{8}, left(day)), schema.Hold, []schema.Code{"breaker-tripped"}},
		{"the queue is held, and nobody confirms", holds, goes(t, base, loud, nil, left(day)), schema.Hold, append(field[:2:2], "breaker-tripped")},

		{"a risk below the limit", risky, goes(t, base, quiet, nil), schema.Allow, nil},
		{"a risk above it", risky, goes(t, base, with("limits.yaml", "max: {a: 1, b: 2, c: 3}\n"), []int64{2}), schema.Hold, []schema.Code{"critical-field", "critical-field", "critical-field", "critical-field", "risk-high", "approvals-missing", "approver-ineligible"}},

		{"nobody read the rollbacks", p, compares(t, base, quiet, 8), schema.Hold, missing},
		{"nobody says what the files were", p, func(f *policies.Facts) {
			goes(t, base, quiet, []int64{8})(f)
			f.Was = nil
		}, schema.Hold, missing},
		{"a clock that is wrong", p, func(f *policies.Facts) {
			goes(t, base, quiet, []int64{8})(f)
			f.ClockSkew = time.Hour
		}, schema.Hold, []schema.Code{"clock"}},
		{"no facts", p, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, missing},
		{"the zero policy lets nothing through", policies.Breaker{}, goes(t, base, quiet, []int64{8}), schema.Deny, []schema.Code{"nothing-judged"}},
	} {
		r.run(t)
	}
}

// TestBreakerSaysItsArithmetic: a person can do the sum again.
func TestBreakerSaysItsArithmetic(t *testing.T) {
	p := gatePolicy(t, "breaker", map[string]any{"fields": []string{"a.yaml#max*"}, "trip": "hold"})
	f := promotion()
	goes(t, tree{"a.yaml": "max1: 1\nmax2: 1\nmax3: 1\n"}, tree{"a.yaml": "max1: 1\nmax2: 2\nmax3: 1\n"}, []int64{8}, worked(3*day), left(2*day), left(day))(&f)
	v := p.Evaluate(f)
	want := map[string]string{
		"fields": "1 of 3", "restored": "1", "rollbacks": "3", "rate": "33", "threshold": "85", "window": "168h", "weight": "60",
		"risk": "46.7", // 60 * 1/3 + 40 * 2/3, which is 46.66…
	}
	if d := cmp.Diff(want, v.Args); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if at := f.Rollbacks.Of[2].At.Add(7 * day); v.Earliest == nil || !v.Earliest.Equal(at) {
		t.Errorf("recovers at %v, want %v: when the last one that failed is over", v.Earliest, at)
	}
	goes(t, tree{"a.yaml": "max1: 1\n"}, tree{"a.yaml": "max1: 2\n"}, []int64{8})(&f)
	if v := p.Evaluate(f); v.Outcome != schema.Allow || v.Args["rate"] != "unknown" || v.Args["risk"] != "100.0" {
		t.Errorf("without a rollback: %+v, want an unknown rate that counts as none in the risk", v)
	}
}

// FuzzNumbers: equal by value is what exact arithmetic says.
func FuzzNumbers(f *testing.F) {
	for _, pair := range [][2]string{{"5", "5.0"}, {"50e-1", "5"}, {"-0", "0"}, {"1e3", "1000"}, {"0.10", "0.1"}, {"10", "1"}, {"-1", "1"}, {"1E+2", "100"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		_, badA := schema.Flatten("a.json", []byte(`{"a": `+a+`}`))
		_, badB := schema.Flatten("a.json", []byte(`{"a": `+b+`}`))
		if !okX || !okY || len(a)+len(b) > 100 || len(badA)+len(badB) > 0 || strings.ContainsAny(a+b, " \t\r\n,_/xobXOBpP") {
			return
		}
		p := gatePolicy(t, "breaker", map[string]any{"fields": []string{"a.json#a"}})
		facts := promotion()
		goes(t, tree{"a.json": `{"a": ` + a + `}`}, tree{"a.json": `{"a": ` + b + `}`}, nil)(&facts)
		if got := p.Evaluate(facts).Outcome == schema.Allow; got != (x.Cmp(y) == 0) {
			t.Errorf("%s and %s: equal is %t", a, b, got)
		}
	})
}
