package policies_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestGuardrails(t *testing.T) {
	p := gatePolicy(t, "guardrails", []any{"protected", "no-push", "pipeline"})
	const ref = "refs/heads/main"
	// found puts the guard rails as they are all up, changed by what a row says.
	found := func(changes ...func(*schema.Guards)) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.MergeRequest.ProjectID = 4
			g := schema.Guards{Host: forge, ProjectID: 4, At: noon, Rails: []schema.GuardRail{
				{Name: "protected", Subject: ref, State: schema.GuardOK}, {Name: "no-push", Subject: ref, State: schema.GuardOK},
				{Name: "no-force-push", Subject: ref, State: schema.GuardOK}, {Name: "pipeline", State: schema.GuardOK},
			}}
			for _, change := range changes {
				change(&g)
			}
			f.Guards = &g
		}
	}
	state := func(i int, s schema.GuardState) func(*schema.Guards) {
		return func(g *schema.Guards) { g.Rails[i].State = s }
	}
	down, unknown := []schema.Code{"guardrail-down"}, []schema.Code{"guardrail-unknown"}
	for _, r := range []row{
		{"all are up", p, found(), schema.Allow, nil},
		{"one that the gate does not name is down", p, found(state(2, schema.GuardFail)), schema.Allow, nil},
		{"one is down", p, found(state(1, schema.GuardFail)), schema.Hold, down},
		{"one is there in part", p, found(state(1, schema.GuardWarn)), schema.Hold, down},
		{"two are down", p, found(state(0, schema.GuardFail), state(1, schema.GuardFail)), schema.Hold, []schema.Code{"guardrail-down", "guardrail-down"}},
		{"one is unknown", p, found(state(1, schema.GuardUnknown)), schema.Hold, unknown},
		{"one has no state", p, found(state(1, "")), schema.Hold, unknown},
		{"one has a state that nobody knows", p, found(state(1, "fine")), schema.Hold, unknown},
		{"one of the project is down", p, found(state(3, schema.GuardWarn)), schema.Hold, down},
		{"one was not told of", p, found(func(g *schema.Guards) { g.Rails = g.Rails[1:] }), schema.Hold, unknown},
		{"they guard another branch", p, found(func(g *schema.Guards) { g.Rails[0].Subject = "refs/heads/other" }), schema.Hold, unknown},
		{"nobody looked", p, nil, schema.Hold, unknown},
		{"they are an hour old", p, found(func(g *schema.Guards) { g.At = noon.Add(-time.Hour) }), schema.Hold, unknown},
		{"they are of ten minutes ago", p, found(func(g *schema.Guards) { g.At = noon.Add(-10 * time.Minute) }), schema.Allow, nil},
		{"they were read later", p, found(func(g *schema.Guards) { g.At = noon.Add(time.Hour) }), schema.Hold, unknown},
		{"they are another project's", p, found(func(g *schema.Guards) { g.ProjectID = 5 }), schema.Hold, unknown},
		{"they are another forge's", p, found(func(g *schema.Guards) { g.Host = "gitlab.example.org" }), schema.Hold, unknown},
		{"no facts", p, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, unknown},
		{"the zero policy", policies.Guardrails{}, found(), schema.Hold, unknown},
	} {
		r.run(t)
	}
}

// TestAGuardrailSaysHow names what was seen, so that whoever reads it knows what to set.
func TestAGuardrailSaysHow(t *testing.T) {
	f := promotion()
	f.Guards = &schema.Guards{Host: forge, At: noon, Rails: []schema.GuardRail{
		{Name: "no-push", Subject: f.Ref, State: schema.GuardWarn, Seen: "deploy key 9 may push past merge requests", Code: "branch-push-open"},
	}}
	v := gatePolicy(t, "guardrails", []any{"no-push"}).Evaluate(f).Missing()[0]
	if got, want := v.Code.Message(v.Args), "guard rail no-push of refs/heads/main is down: deploy key 9 may push past merge requests"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
