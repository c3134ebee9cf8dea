package policies_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWidening(t *testing.T) {
	at := func(percent int, d time.Duration) schema.GrayStep {
		return schema.GrayStep{Permyriad: percent * 100, For: d}
	}
	spec := func() *schema.GraySpec {
		return &schema.GraySpec{
			Services: []string{"checkout"}, Steps: []schema.GrayStep{at(5, time.Hour), at(25, 2*time.Hour)}, Health: schema.HealthSpec{Instances: 2, Share: 100},
		}
	}
	of := func(service string, n int, content schema.Content) []schema.Consumer {
		out := runs(n, content)
		for i := range out {
			out[i].Service, out[i].Instance = service, service+out[i].Instance
		}
		return out
	}
	seen := func(groups ...[]schema.Consumer) *schema.Consumers {
		c := &schema.Consumers{Cell: gray, At: noon, Asked: []string{}}
		for _, g := range groups {
			c.Add("etcd", g, 0, false)
		}
		return c
	}
	well := policies.Widening{
		Now: noon, Cell: gray, Spec: spec(), Rule: spec().Rule(schema.GrayStep{}), Revision: r(2), Content: c(2), Live: noon.Add(-time.Hour),
		Instances: seen(of("checkout", 2, c(2)), of("search", 5, c(1))),
	}
	well.Rule.Permyriad = 0 // the listed service alone, so that the draw has no part in it
	well.Spec.Steps[0].Permyriad = 0
	for _, row := range []struct {
		sentence string
		change   func(*policies.Widening)
		want     schema.Outcome
		code     schema.Code
	}{
		{"those that have it run it, and the time is over", func(*policies.Widening) {}, schema.Allow, ""},
		{"a second short", func(w *policies.Widening) { w.Live = w.Live.Add(time.Second) }, schema.Hold, "gray-time"},
		{"one that has it runs what was before", func(w *policies.Widening) {
			w.Instances = seen(of("checkout", 2, c(2)), of("checkout", 1, c(1)))
		}, schema.Hold, "health"},
		{"fewer than are asked", func(w *policies.Widening) { w.Instances = seen(of("checkout", 1, c(2))) }, schema.Hold, "health"},
		{"none that has it reports", func(w *policies.Widening) { w.Instances = seen(of("search", 5, c(1))) }, schema.Hold, "health-unknown"},
		{"others run it, those that have it do not", func(w *policies.Widening) {
			w.Instances = seen(of("search", 5, c(2)), of("checkout", 2, c(1)))
		}, schema.Hold, "health"},
		{"none reports", func(w *policies.Widening) { w.Instances = seen(nil) }, schema.Hold, "health-unknown"},
		{"nobody looked", func(w *policies.Widening) { w.Instances = nil }, schema.Hold, "health-unknown"},
		{"a target does not answer", func(w *policies.Widening) { w.Instances.Silent = []string{"etcd"} }, schema.Hold, "health-unknown"},
		{"a target does not have the step", func(w *policies.Widening) { w.Live = time.Time{} }, schema.Hold, "gray-live"},
		{"the stage is pinned", func(w *policies.Widening) { w.Suspended = &policies.Suspension{Until: noon.Add(time.Hour)} }, schema.Hold, "suspended"},
		{"the stage widens no more", func(w *policies.Widening) { w.Spec, w.Instances = nil, nil }, schema.Allow, ""},
		{"nothing at all", func(w *policies.Widening) { *w = policies.Widening{Spec: &schema.GraySpec{}} }, schema.Hold, "gray-live"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			w := well
			w.Instances = seen(of("checkout", 2, c(2)), of("search", 5, c(1)))
			row.change(&w)
			if v := w.Evaluate(); v.Outcome != row.want || v.Code != row.code {
				t.Errorf("got %s %s, want %s %s", v.Outcome, v.Code, row.want, row.code)
			}
		})
	}
	next := well
	var shares []int
	for rule := next.Next(); rule != nil; rule = next.Next() {
		shares = append(shares, rule.Permyriad)
		next.Rule = *rule
	}
	if !slices.Equal(shares, []int{2500}) {
		t.Errorf("after 0 come %v, want 2500 and then all", shares)
	}
	next.Spec.Steps = []schema.GrayStep{at(10, time.Hour)} // the admins changed them meanwhile
	if rule := next.Next(); rule != nil {
		t.Errorf("after 25 %% comes %+v, want all", rule)
	}
}
