package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// lintCases reads the examples of what gates answer, as sluice policy test does, without trying them.
func lintCases(root fs.FS, project schema.Project) (schema.Diagnostics, error) {
	files, err := readTree(root, schema.CasesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", schema.CasesDir, reason(err))
	}
	var found schema.Diagnostics
	people := casePeople(root)
	present, err := presentIn(root, project)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := schema.CasesDir + "/" + name
		switch {
		case isCases(name):
			found = append(found, lintCasesFile(file, files[name], project, people, present.Apps)...)
		case likeCases(name):
			found = append(found, schema.FindingIn(file, "bad-value", map[string]string{"field": "the name", "why": untriedName}))
		}
	}
	return found, nil
}

const untriedName = "it ends in neither .yaml nor .yml, so sluice policy test would not try it"

// isCases reports whether sluice policy test tries a file; likeCases, whether who named it so meant that.
func isCases(name string) bool { return slices.Contains([]string{".yaml", ".yml"}, path.Ext(name)) }

func likeCases(name string) bool { return !isCases(name) && isCases(strings.ToLower(name)) }

func lintCasesFile(file string, data []byte, project schema.Project, people []string, present []schema.App) schema.Diagnostics {
	cases, found := schema.LoadPolicyCases(file, data)
	if len(found) > 0 {
		return found
	}
	facts := caseFacts{project: project, people: people, file: file, lines: strings.Split(string(data), "\n")}
	if project.Layout != schema.BranchLayout { // where the checkout is of one stage
		facts.present = present
	}
	return facts.judge(cases)
}

// namedGate is a gate of a stage by its name in sluice.yaml, and where it is written.
type namedGate struct {
	name string
	asks schema.Gate
	at   schema.Position
}

// gatesOf are the gates of a stage that a change can be asked about. A retire gate is one only where the lifecycle lets apps
// retire: elsewhere what is written there answers nothing, and lint says so.
func gatesOf(project schema.Project, s schema.Stage) []namedGate {
	gates := []namedGate{{"promote", s.Gates.Promote, s.Gates.PromoteAt}, {"rollback", s.Gates.Rollback, s.Gates.RollbackAt}}
	if lifecycle.Leaves(project, s.Name, lifecycle.Retire) {
		gates = append(gates, namedGate{"retire", s.Gates.Retire, s.Gates.RetireAt})
	}
	return gates
}

// unasked names the gates that are written and that no example asks, though one could: nothing shows what they answer.
func unasked(project schema.Project, tried []triedCase) []string {
	asked := map[schema.StageName]map[string]bool{}
	for _, t := range tried {
		if asked[t.stage] == nil {
			asked[t.stage] = map[string]bool{}
		}
		asked[t.stage][t.gate] = true
	}
	var out []string
	for _, s := range project.Stages {
		for _, g := range gatesOf(project, s) {
			if g.at.Line > 0 && g.asks.Asks() && !asked[s.Name][g.name] {
				out = append(out, fmt.Sprintf("%s of %s (%s)", g.name, s.Name, g.at))
			}
		}
	}
	return out
}

// gateOf is the gate that a kind of change asks.
func gateOf(kind schema.Kind) string {
	switch kind {
	case schema.Rollback:
		return "rollback"
	case schema.Retire:
		return "retire"
	}
	return "promote"
}
