package reconciler

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// lifecycles are projects with the default nodes, with shortcuts, and with two ends.
var lifecycles = map[string]string{
	"the default": "version: 1\ntargets: {etcd: {}}\n",
	"a hotfix straight from development, and one from staging": `version: 1
targets: {etcd: {}}
stages:
  - name: development
  - name: testing
  - name: staging
  - name: gray
  - name: production
    after: [gray, development, staging]
`,
	"files promoted alone": "version: 1\ntargets: {etcd: {}}\nprovenance: {unit: file}\n",
	"testing only warns": `version: 1
targets: {etcd: {}}
stages:
  - name: development
  - name: testing
    mode: warn
  - name: staging
  - name: production
`,
	"the first stage only warns": `version: 1
targets: {etcd: {}}
stages:
  - name: development
    mode: warn
  - name: testing
  - name: production
`,
	"two ends":  "version: 1\ntargets: {etcd: {}}\nstages:\n  - name: dev\n  - name: europe\n    after: [dev]\n  - name: asia\n    after: [dev]\n",
	"one stage": "version: 1\ntargets: {etcd: {}}\nstages:\n  - name: production\n",
}

type machine = lifecycle.Machine[schema.StageName, lifecycle.On, policies.Facts]

func loaded(t *testing.T, text string) schema.Project {
	t.Helper()
	project, found := schema.LoadProject("sluice.yaml", []byte(text))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return project
}

// open compiles the project's lifecycle with guards that let everything pass: what it then refuses is no step.
func open(t *testing.T, project schema.Project) *machine {
	t.Helper()
	d, guards := lifecycle.Of(project), map[string]lifecycle.Guard[schema.StageName, lifecycle.On, policies.Facts]{}
	for _, s := range d.Steps {
		for _, name := range s.Guards {
			guards[name] = func(lifecycle.Transition[schema.StageName, lifecycle.On], policies.Facts) error { return nil }
		}
	}
	m, err := lifecycle.Compile(d, guards)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// has asks the compiled machine for a step.
func has(t *testing.T, m *machine, from schema.StageName, on lifecycle.Event, to schema.StageName) bool {
	t.Helper()
	cause := m.Cause(monday, "ann", "!1")
	in, err := m.Restore(from, cause)
	if err != nil {
		t.Fatal(err)
	}
	return in.Move(from, lifecycle.On{Event: on, To: to}, policies.Facts{}, cause) == nil
}

// TestTheEngineAllowsWhatTheLifecycleDeclares asks both for every pair of nodes: what the engine takes a change for has to be a
// step of the machine that the project declares, and the other way round.
func TestTheEngineAllowsWhatTheLifecycleDeclares(t *testing.T) {
	for sentence, text := range lifecycles {
		t.Run(sentence, func(t *testing.T) {
			project := loaded(t, text)
			m := open(t, project)
			for _, to := range project.Stages {
				for _, from := range project.Stages {
					if from.Name == to.Name {
						continue
					}
					h := history{project: project, cell: schema.Cell{Stage: to.Name, App: "pay"}, own: past(full("r1")), now: monday.Add(time.Hour)}
					h.others = map[schema.StageName]ledger.State{from.Name: past(full("r1"), full("r2"))}
					agree(t, m, from.Name, lifecycle.Promote, to.Name, h.classify(side("r1"), side("r2"), false).Kind == schema.Promote)
					h.others[from.Name] = past(full("r1"), absent())
					leaves := h.classify(side("r1"), nothing(), false)
					if retires := leaves.Kind == schema.Retire && leaves.Source != nil; retires != (has(t, m, from.Name, lifecycle.Promote, to.Name) && has(t, m, to.Name, lifecycle.Retire, lifecycle.Archived)) {
						t.Errorf("absence from %s to %s is %s", from.Name, to.Name, leaves.Kind)
					}
				}
				h := history{project: project, cell: schema.Cell{Stage: to.Name, App: "pay"}, own: past(full("r1"), full("r2")), now: monday}
				agree(t, m, lifecycle.Draft, lifecycle.Edit, to.Name, h.classify(side("r2"), side("r3"), false).Kind == schema.Edit)
				back := false
				for _, node := range lifecycle.Nodes(project) {
					back = back || has(t, m, to.Name, lifecycle.Rollback, node)
				}
				if got := h.classify(side("r2"), side("r1"), false).Kind; (got == schema.Rollback) != back {
					t.Errorf("back in %s is %s, the lifecycle has such a step: %t", to.Name, got, back)
				}
			}
		})
	}
}

func agree(t *testing.T, m *machine, from schema.StageName, on lifecycle.Event, to schema.StageName, engine bool) {
	t.Helper()
	if declared := has(t, m, from, on, to); declared != engine {
		t.Errorf("%s %s %s: the lifecycle has the step: %t, the engine takes it: %t", from, on, to, declared, engine)
	}
}

// TestEveryStepHasAGateInForce binds every guard of the lifecycle to the gate that the engine asks: none is left without policies,
// and each step asks what always holds.
func TestEveryStepHasAGateInForce(t *testing.T) {
	for sentence, text := range lifecycles {
		t.Run(sentence, func(t *testing.T) {
			project := loaded(t, text)
			r := &rules{project: project, gates: map[gateKey]gate{}}
			for _, stage := range project.Stages {
				if err := r.compile(stage); err != nil {
					t.Fatal(err)
				}
			}
			for s := range lifecycle.Steps(project) {
				stage, kind := s.To, schema.Kind(s.On.Event)
				switch s.On.Event {
				case lifecycle.Archive:
					continue // guarded by the rollback window: TestWhatIsArchived
				case lifecycle.Rollback, lifecycle.Retire:
					stage = s.From
				}
				if v := r.gate(stage, kind).policy.Evaluate(policies.Facts{Change: schema.Change{Kind: kind}}); v.Outcome == schema.Allow || v.Code == "nothing-judged" {
					t.Errorf("%s asks nothing: %v", s, v)
				}
			}
		})
	}
}
