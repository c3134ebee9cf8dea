package lifecycle_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

const sixLines = `version: 1
layout: directory
targets:
  etcd: {}
stages: default
stage_local: [local.yaml]
`

const twoEnds = `version: 1
targets: {etcd: {}}
stages:
  - name: development
  - name: europe
    after: [development]
  - name: asia
    after: [development]
`

func TestDefaultLifecycleHasSevenNodes(t *testing.T) {
	d := lifecycle.Of(project(t, sixLines))
	want := []schema.StageName{"draft", "development", "testing", "staging", "gray", "production", "archived"}
	if diff := cmp.Diff(want, d.States); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if _, err := compile(d); err != nil {
		t.Errorf("it does not hold together: %v", err)
	}
}

// TestDefaultLifecycleStepByStep asks for every pair of nodes and every event whether the step is there.
func TestDefaultLifecycleStepByStep(t *testing.T) {
	d := lifecycle.Of(project(t, sixLines))
	allowed := map[string]bool{
		"draft edit development": true, "development promote testing": true, "testing promote staging": true, "staging promote gray": true,
		"gray promote production": true, "production retire archived": true, "production archive archived": true,
		"development rollback draft": true, "testing rollback development": true, "staging rollback testing": true, "gray rollback staging": true, "production rollback gray": true,
	}
	m, err := compile(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range d.States {
		for _, to := range d.States {
			for _, event := range []lifecycle.Event{lifecycle.Edit, lifecycle.Promote, lifecycle.Rollback, lifecycle.Retire, lifecycle.Archive} {
				cause := m.Cause(noon, "alice", "walk")
				in, err := m.Restore(from, cause)
				if err != nil {
					t.Fatal(err)
				}
				err = in.Move(from, lifecycle.On{Event: event, To: to}, struct{}{}, cause)
				if name := fmt.Sprintf("%s %s %s", from, event, to); allowed[name] != (err == nil) {
					t.Errorf("%s: allowed %v, got %v", name, allowed[name], err)
				}
			}
		}
	}
}

// TestWhateverLoadsHoldsTogether writes random stages after random others: what the reader of project files lets pass has no node
// that nothing leads to, none that leads to no end, and no step without a guard. The rest it refuses, with line and column.
func TestWhateverLoadsHoldsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e"}[:rapid.IntRange(1, 5).Draw(t, "stages")]
		text := "version: 1\ntargets: {etcd: {}}\nstages:\n"
		for i, name := range names {
			text += "  - name: " + name + "\n"
			if i > 0 || rapid.Bool().Draw(t, "first after") {
				after := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID[string]).Draw(t, "after")
				text += "    after: [" + strings.Join(after, ", ") + "]\n"
			}
		}
		p, found := schema.LoadProject("sluice.yaml", []byte(text))
		for _, f := range found {
			if f.Position.Line < 3 || f.Position.Column == 0 {
				t.Errorf("a finding without its place: %v", f)
			}
		}
		if len(found) > 0 {
			return
		}
		if _, err := compile(lifecycle.Of(p)); err != nil {
			t.Errorf("it loads and does not hold together: %v\n%s", err, text)
		}
		for s := range lifecycle.Steps(p) {
			if len(s.Guards) == 0 {
				t.Errorf("%s is open to everybody", s)
			}
		}
	})
}

func TestEveryGuardIsAGate(t *testing.T) {
	for _, s := range lifecycle.Of(project(t, sixLines)).Steps {
		if len(s.Guards) == 0 {
			t.Errorf("step %s is open to everybody", s)
		}
	}
}

func TestDrawings(t *testing.T) {
	for name, text := range map[string]string{"default": sixLines, "two_ends": twoEnds} {
		d := lifecycle.Of(project(t, text))
		if _, err := compile(d); err != nil {
			t.Errorf("%s does not hold together: %v", name, err)
		}
		drawn := lifecycle.Drawn(project(t, text))
		golden(t, name+".mmd", drawn.Mermaid())
		golden(t, name+".dot", drawn.DOT())
	}
}

func TestADrawnGateSaysWhereItHoldsNothing(t *testing.T) {
	p := project(t, "version: 1\nlayout: directory\ntargets: {etcd: {}}\nstages: [{name: a, gates: {promote: []}}, {name: b, gates: {promote: [approvals: 0], rollback: [freeze: {weekly: Sat, zone: UTC}]}}, {name: c, mode: warn, gates: {promote: [approvals: 1]}}, {name: d, gates: {promote: [any: [approvals: 0, {soak: 1h}]]}}]\n")
	var got []string
	for _, s := range lifecycle.Drawn(p).Steps {
		got = append(got, s.Guards...)
	}
	want := []string{
		"promote gate of a, which asks nothing more", "promote gate of b, which asks nothing more", "rollback gate of a, which asks nothing more",
		"promote gate of c, not enforced: mode warn", "rollback gate of b", "promote gate of d", "rollback gate of c, not enforced: mode warn",
	}
	if !slices.Equal(got[:len(want)], want) {
		t.Errorf("got %q", got)
	}
	for _, s := range lifecycle.Of(p).Steps {
		if strings.Contains(strings.Join(s.Guards, ""), ",") {
			t.Errorf("what is asked has another name: %q", s.Guards)
		}
	}
}

func TestDrawingsOfHostileNames(t *testing.T) {
	hostile := "a\"; end #{}<script>\n%%{init: x}%%"
	d := definition{
		Initial: hostile, States: []string{hostile, "b"}, Final: []string{"b"},
		Steps: []step{{From: hostile, On: hostile, To: "b", Guards: []string{hostile}}},
	}
	for kind, text := range map[string]string{"mermaid": d.Mermaid(), "dot": d.DOT()} {
		if strings.Contains(text, "<script") || strings.Contains(text, `a";`) {
			t.Errorf("%s:\n%s", kind, text)
		}
		for _, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "%%") || strings.Count(line, `"`)%2 != 0 {
				t.Errorf("%s: line %q", kind, line)
			}
		}
	}
}

func project(t *testing.T, text string) schema.Project {
	t.Helper()
	p, found := schema.LoadProject("sluice.yaml", []byte(text))
	if len(found) > 0 {
		t.Fatal(found)
	}
	return p
}

// compile binds every guard to one that lets everything through.
func compile(d lifecycle.Definition[schema.StageName, lifecycle.On]) (*lifecycle.Machine[schema.StageName, lifecycle.On, struct{}], error) {
	guards := map[string]lifecycle.Guard[schema.StageName, lifecycle.On, struct{}]{}
	for _, s := range d.Steps {
		for _, name := range s.Guards {
			guards[name] = func(lifecycle.Transition[schema.StageName, lifecycle.On], struct{}) error { return nil }
		}
	}
	return lifecycle.Compile(d, guards)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
