package schema_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

const sixLines = `version: 1
layout: directory
targets:
  etcd: {}
stages: default
stage_local: [local.yaml]
`

func loaded(t *testing.T, text string) schema.Project {
	t.Helper()
	p, ds := schema.LoadProject("sluice.yaml", []byte(text))
	if err := ds.Err(); err != nil {
		t.Fatalf("LoadProject: %v\n%s", err, text)
	}
	return p
}

func need(t *testing.T, g schema.Gate) int {
	t.Helper()
	if len(g) == 0 {
		return -1
	}
	spec, err := g[0].Approvals()
	if err != nil {
		t.Fatalf("approvals: %v", err)
	}
	return spec.Observed
}

func TestSixLinesAreComplete(t *testing.T) {
	p := loaded(t, sixLines)
	if p.Branch != "main" || p.Apps.Depth != 1 || p.Provenance != schema.ByRevision || p.Atomic {
		t.Errorf("defaults: got %+v", p)
	}
	want := []struct {
		name                      schema.StageName
		promote, rollback, retire int
	}{
		{"development", -1, -1, -1},
		{"testing", -1, -1, -1},
		{"staging", 1, 1, -1},
		{"gray", 1, 1, -1},
		{"production", 2, 1, 2},
	}
	if len(p.Stages) != len(want) {
		t.Fatalf("got %d stages, want %d", len(p.Stages), len(want))
	}
	for i, w := range want {
		s := p.Stages[i]
		if s.Name != w.name || s.Place != "stages/"+string(w.name) {
			t.Errorf("stage %d: got %s in %s, want %s", i, s.Name, s.Place, w.name)
		}
		if got := need(t, s.Gates.Promote); got != w.promote {
			t.Errorf("%s promote: got %d approvals, want %d", s.Name, got, w.promote)
		}
		if got := need(t, s.Gates.Rollback); got != w.rollback {
			t.Errorf("%s rollback: got %d approvals, want %d", s.Name, got, w.rollback)
		}
		if got := need(t, s.Gates.Retire); got != w.retire {
			t.Errorf("%s retire: got %d approvals, want %d", s.Name, got, w.retire)
		}
		if len(s.Targets) != 1 || s.Targets[0].Name != "etcd" || !s.Targets[0].Required {
			t.Errorf("%s targets: got %+v, want etcd, required", s.Name, s.Targets)
		}
		if got := before(p, w.name); i > 0 && (len(got) != 1 || got[0] != want[i-1].name) {
			t.Errorf("%s comes after %v, want %s", w.name, got, want[i-1].name)
		}
	}
}

// before are the stages that lead to one.
func before(p schema.Project, to schema.StageName) []schema.StageName {
	var out []schema.StageName
	for _, e := range p.Edges {
		if e.To == to {
			out = append(out, e.From)
		}
	}
	return out
}

func TestOneLineLetsAPersonWorkAlone(t *testing.T) {
	p := loaded(t, sixLines+"approvals: 0\n")
	for _, s := range p.Stages {
		if n := need(t, s.Gates.Promote); n > 0 {
			t.Errorf("%s: got %d approvals, want none", s.Name, n)
		}
		if n := need(t, s.Gates.Retire); n > 0 {
			t.Errorf("%s retire: got %d approvals, want none", s.Name, n)
		}
		if s.Gates.Rollback != nil {
			t.Errorf("%s rollback: got %v, want nothing", s.Name, s.Gates.Rollback)
		}
	}
}

func TestBranchLayoutWithOwnStages(t *testing.T) {
	p := loaded(t, `version: 1
layout: branch
apps: {patterns: ["*/*"]}
targets:
  etcd: {root: /config}
  web: {required: false, drift: report, namespace: shop}
rollback_window: 90d
stages:
  - name: dev
    targets: []
  - name: eu
    branch: prod-eu
    targets: {web: {namespace: shop-eu, required: true, drift: heal, foreign: prune}}
    gates:
      promote:
        - approvals: {observed: 2, roles: [release, approver], bind: head, after: any}
        - soak: {for: 24h, in: dev, reset: true}
        - schema: {"*.yaml": app.json, "limits/*.json": limits.json}
  - name: us
    after: [dev]
    targets: [etcd]
`)
	eu, _ := p.Stage("eu")
	if got := p.Ref(eu); got != "refs/heads/prod-eu" {
		t.Errorf("Ref(eu): got %s", got)
	}
	if got := eu.Targets; len(got) != 1 || got[0].Settings["namespace"] != "shop-eu" || !got[0].Required || got[0].Report || !got[0].Prune {
		t.Errorf("eu targets: got %+v", got)
	}
	dev, _ := p.Stage("dev")
	if len(dev.Targets) != 0 {
		t.Errorf("dev targets: got %+v, want none", dev.Targets)
	}
	us, _ := p.Stage("us")
	if len(us.Targets) != 1 || us.Targets[0].Settings["root"] != "/config" || us.Branch != "stage/us" {
		t.Errorf("us: got %+v", us)
	}
	if p.RollbackWindow != 90*24*time.Hour {
		t.Errorf("rollback window: got %v", p.RollbackWindow)
	}
	approvals, err := eu.Gates.Promote[0].Approvals()
	if err != nil || approvals.Observed != 2 || approvals.Bind != schema.BindHead || approvals.After != schema.AfterAny || len(approvals.Roles) != 2 {
		t.Errorf("approvals: got %+v, %v", approvals, err)
	}
	soak, err := eu.Gates.Promote[1].Soak()
	if err != nil || soak.For != 24*time.Hour || soak.In != "dev" || !soak.Reset {
		t.Errorf("soak: got %+v, %v", soak, err)
	}
	rules, err := eu.Gates.Promote[2].Schema()
	if err != nil || len(rules.Rules) != 2 || rules.Rules[0] != (schema.SchemaRule{Files: "*.yaml", Schema: ".sluice/schemas/app.json"}) {
		t.Errorf("schema: got %+v, %v", rules, err)
	}
}

// TestWhoseAnAppIs: all that match hold, and the later where two say different things.
func TestWhoseAnAppIs(t *testing.T) {
	p := loaded(t, `version: 1
layout: directory
apps:
  about:
    - {match: "**", owner: platform, labels: {tier: "3"}}
    - {match: payments/*, owner: "@cfg/team-core", labels: {tier: "1", area: pay}}
    - {match: payments/ledger, labels: {tier: "0"}}
stages: default
`)
	if p.Apps.Depth != 1 {
		t.Errorf("what is said about apps changes which directories are apps: %+v", p.Apps)
	}
	for app, want := range map[schema.App]string{
		"catalog": "platform map[tier:3]", "payments/api": "@cfg/team-core map[area:pay tier:1]", "payments/ledger": "@cfg/team-core map[area:pay tier:0]", "payments/x/y": "platform map[tier:3]",
	} {
		owner, labels := p.Whose(app)
		if got := fmt.Sprint(owner, " ", labels); got != want {
			t.Errorf("%s: %s, want %s", app, got, want)
		}
	}
	if owner, labels := (schema.Project{}).Whose("catalog"); owner != "" || labels != nil {
		t.Errorf("nobody says whose it is: %q %v", owner, labels)
	}
}

// A new parameter that is not written changes no digest: signed approvals would be stale, and audits of older ledgers would not agree.
func TestGatesFromBeforeKeepTheirDigests(t *testing.T) {
	spans := map[string]any{"weekly": "Sat-Sun", "zone": "UTC"}
	for name, row := range map[string]struct {
		value  any
		before schema.Digest
	}{
		"limits":    {map[string]any{}, "sha256:1fcaf7d9ba5d3b34eb68f6f14620c6188c46e6785782c41bd20244efdfa23fdd"},
		"approvals": {2, "sha256:80fcb688f58049c699f26bbf467b692a62a280aa6081a1b0545d3b6d32810d89"},
		"critical":  {map[string]any{"fields": []string{"a.yaml#b"}}, "sha256:a07cb0e62d234909e0f33bac4f6ca96aeb236fbd875589b22bd7ee0ae0ba4045"},
		"breaker":   {map[string]any{}, "sha256:bf3063e25d5c8d1679cb9d22da1f759a936953accd6748cb0cd3aea976f55d07"},
		"duties":    {map[string]any{}, "sha256:68f96046765ae045f5bad862c9263dad1edd7f4c07a69d18c6160db086a3375f"},
		"window":    {spans, "sha256:ee8216675634574bbe1c3d0c7e61884551d266629755dd20443ab561934a1d10"},
		"freeze":    {spans, "sha256:616e8af7d25557b341818049dc50ddb05a361615421d8e454ba9c548f9bab114"},
	} {
		if d := (schema.Gate{{Name: name, Value: row.value}}).Digest(nil); d != row.before {
			t.Errorf("%s has the digest %s, and had %s", name, d, row.before)
		}
	}
}

func TestGateDigestFollowsTheMeaning(t *testing.T) {
	gate := func(specs ...schema.PolicySpec) schema.Gate { return specs }
	two := schema.PolicySpec{Name: "approvals", Value: 2}
	day := schema.PolicySpec{Name: "soak", Value: "24h"}
	app := schema.PolicySpec{Name: "schema", Value: "app.json"}
	files := map[string]schema.Digest{".sluice/schemas/app.json": schema.DigestOf([]byte("{}"))}
	same := []struct {
		name string
		a, b schema.Gate
	}{
		{"a number and a map with it", gate(two), gate(schema.PolicySpec{Name: "approvals", Value: map[string]any{"observed": 2.0, "bind": "content"}})},
		{"another order", gate(two, day), gate(day, two)},
		{"another unit", gate(day), gate(schema.PolicySpec{Name: "soak", Value: "1d"})},
		{"no gate and an empty one", nil, gate()},
	}
	for _, row := range same {
		if row.a.Digest(nil) != row.b.Digest(nil) {
			t.Errorf("%s: digests differ", row.name)
		}
	}
	digests := map[schema.Digest]string{}
	for name, d := range map[string]schema.Digest{
		"nothing":           gate().Digest(nil),
		"two":               gate(two).Digest(nil),
		"two and a day":     gate(two, day).Digest(nil),
		"schema":            gate(app).Digest(files),
		"schema is missing": gate(app).Digest(nil),
	} {
		if other, taken := digests[d]; taken {
			t.Errorf("%s and %s have one digest", name, other)
		}
		digests[d] = name
	}
}
