package policies_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// runs are so many instances in staging that run a content.
func runs(n int, content schema.Content) (out []schema.Consumer) {
	for i := range n {
		out = append(out, schema.Consumer{Instance: fmt.Sprintf("%s-%d", schema.DigestOf([]byte(content)).Hex()[:4], i), Seq: 7, Content: content, At: noon.Add(-time.Minute)})
	}
	return out
}

// seen puts instances into the facts, as the target etcd showed them just now.
func seen(more func(*policies.Facts), groups ...[]schema.Consumer) func(*policies.Facts) {
	return func(f *policies.Facts) {
		f.Change.Source.Content = c(2)
		f.Health = &schema.Consumers{Cell: schema.Cell{Stage: "staging", App: "payments"}, At: noon}
		for _, g := range groups {
			f.Health.Add("etcd", g, 0, false)
		}
		f.Health.Asked = []string{"etcd"}
		if more != nil {
			more(f)
		}
	}
}

func TestHealth(t *testing.T) {
	every := gatePolicy(t, "health", map[string]any{})
	most := gatePolicy(t, "health", map[string]any{"instances": 3, "share": 75})
	here := gatePolicy(t, "health", map[string]any{"in": "testing"})
	old := func(cs []schema.Consumer) []schema.Consumer {
		for i := range cs {
			cs[i].At = noon.Add(-16 * time.Minute)
		}
		return cs
	}
	refusing := schema.Consumer{Instance: "x", Seq: 5, Content: c(1), Refused: 7, Why: "rejected", At: noon}
	newer := schema.Consumer{Instance: "x", Seq: 7, Content: c(2), Refused: 9, Why: "rejected", At: noon}
	unknown := []schema.Code{"health-unknown"}
	few := []schema.Code{"health"}
	for _, r := range []row{
		{"every one runs it", every, seen(nil, runs(12, c(2))), schema.Allow, nil},
		{"one runs what was before", every, seen(nil, runs(12, c(2)), runs(1, c(1))), schema.Hold, few},
		{"one does not take it", every, seen(nil, runs(12, c(2)), []schema.Consumer{refusing}), schema.Hold, few},
		{"one runs it, and does not take what came after", every, seen(nil, []schema.Consumer{newer}), schema.Allow, nil},
		{"three of four, where three quarters are asked", most, seen(nil, runs(3, c(2)), runs(1, c(1))), schema.Allow, nil},
		{"three of five, where three quarters are asked", most, seen(nil, runs(3, c(2)), runs(2, c(1))), schema.Hold, few},
		{"all of two, where three are asked", most, seen(nil, runs(2, c(2))), schema.Hold, few},
		{"those not heard of for long count as others", most, seen(nil, runs(3, c(2)), old(runs(2, c(1)))), schema.Hold, few},
		{"one that runs it was not heard of for long", every, seen(nil, old(runs(1, c(2)))), schema.Hold, few},
		{"a report that cannot be read is one of another", every, seen(func(f *policies.Facts) { f.Health.Unread = 1 }, runs(12, c(2))), schema.Hold, few},
		{"none reports", every, seen(nil), schema.Hold, unknown},
		{"nobody looked", every, seen(func(f *policies.Facts) { f.Health = nil }), schema.Hold, unknown},
		{"a target does not answer", every, seen(func(f *policies.Facts) { f.Health.Silent = []string{"etcd"} }, runs(12, c(2))), schema.Hold, unknown},
		{"no target keeps reports", every, seen(func(f *policies.Facts) { f.Health.Asked = nil }, runs(12, c(2))), schema.Hold, unknown},
		{"there are more than are read", every, seen(func(f *policies.Facts) { f.Health.More = true }, runs(12, c(2))), schema.Hold, unknown},
		{"they are another app's", every, seen(func(f *policies.Facts) { f.Health.Cell.App = "search" }, runs(12, c(2))), schema.Hold, unknown},
		{"they are the next stage's", every, seen(func(f *policies.Facts) { f.Health.Cell.Stage = "gray" }, runs(12, c(2))), schema.Hold, unknown},
		{"they were read an hour ago", every, seen(func(f *policies.Facts) { f.Health.At = noon.Add(-time.Hour) }, runs(12, c(2))), schema.Hold, unknown},
		{"they will be read in an hour", every, seen(func(f *policies.Facts) { f.Health.At = noon.Add(time.Hour) }, runs(12, c(2))), schema.Hold, unknown},
		{"the content there is not known", every, seen(func(f *policies.Facts) { f.Change.Source.Content = "" }, runs(12, "")), schema.Hold, few},
		{"it comes from another stage than the one that is asked", here, seen(nil, runs(12, c(2))), schema.Hold, []schema.Code{"came-past"}},
		{"no source", every, seen(func(f *policies.Facts) { f.Change.Source = nil }, runs(12, c(2))), schema.Hold, []schema.Code{"not-live"}},
		{"an absence runs nowhere", every, seen(func(f *policies.Facts) { f.Change.To.Revision = schema.None }), schema.Allow, nil},
		{"a rollback has nothing before it", every, func(f *policies.Facts) { f.Change.Kind = schema.Rollback }, schema.Allow, nil},
		{"no facts but the kind", every, func(f *policies.Facts) { *f = policies.Facts{Change: schema.Change{Kind: schema.Promote}} }, schema.Hold, []schema.Code{"not-live"}},
		{"the zero policy", policies.Health{}, seen(nil, runs(12, c(2))), schema.Hold, unknown},
	} {
		r.run(t)
	}
}

func TestHealthLasts(t *testing.T) {
	hour := gatePolicy(t, "health", map[string]any{"for": "1h"})
	at := func(d time.Duration) func(*policies.Facts) {
		return func(f *policies.Facts) { // a look, and what it recorded
			g := promotion()
			seen(nil, runs(3, c(2)))(&g)
			g.Now, g.Health.At = noon.Add(-d), noon.Add(-d)
			for i := range g.Health.Instances {
				g.Health.Instances[i].At = noon.Add(-d)
			}
			v := schema.All("gate", schema.All("any", hour.Evaluate(g), schema.Verdict{Policy: "soak", Outcome: schema.Hold, Code: "soak"}))
			f.Held = &v
		}
	}
	waits := []schema.Code{"health-time"}
	for _, r := range []row{
		{"from the first look on", hour, seen(nil, runs(3, c(2))), schema.Hold, waits},
		{"an hour after it was recorded", hour, seen(at(time.Hour), runs(3, c(2))), schema.Allow, nil},
		{"a second short", hour, seen(at(time.Hour-time.Second), runs(3, c(2))), schema.Hold, waits},
		{"an hour, and now one is missing", hour, seen(at(time.Hour), runs(3, c(2)), runs(1, c(1))), schema.Hold, []schema.Code{"health"}},
		{"a look between saw otherwise", hour, seen(func(f *policies.Facts) {
			g := promotion()
			seen(nil, runs(3, c(1)))(&g)
			v := hour.Evaluate(g)
			f.Held = &v
		}, runs(3, c(2))), schema.Hold, waits},
		{"another question was answered", hour, seen(func(f *policies.Facts) {
			at(time.Hour)(f)
			f.Held.Parts[0].Parts[0].Args["need"] = "5 % of the instances"
		}, runs(3, c(2))), schema.Hold, waits},
		{"it was recorded before the revision was live there", hour, seen(func(f *policies.Facts) {
			at(time.Hour)(f)
			f.Change.Source.LiveAt = noon.Add(-time.Minute)
		}, runs(3, c(2))), schema.Hold, waits},
		{"it was recorded in the future", hour, seen(at(-time.Minute), runs(3, c(2))), schema.Hold, waits},
		{"the clock cannot be trusted", hour, seen(func(f *policies.Facts) {
			at(time.Hour)(f)
			f.ClockSkew = time.Hour
		}, runs(3, c(2))), schema.Hold, []schema.Code{"clock"}},
	} {
		r.run(t)
	}
	f := promotion()
	seen(nil, runs(3, c(2)))(&f)
	if v := hour.Evaluate(f); v.Earliest == nil || !v.Earliest.Equal(noon.Add(time.Hour)) {
		t.Errorf("earliest %v, want an hour from now", v.Earliest)
	}
	f.Held = nil
	first := hour.Evaluate(f)
	f.Held, f.Now = &first, noon.Add(time.Minute)
	if again := hour.Evaluate(f); !again.Equal(first) {
		t.Errorf("a minute later it says %+v, before %+v: it would be recorded again", again, first)
	}
}
