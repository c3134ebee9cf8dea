package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// caseFacts holds what examples say against what there can be in their project: an answer about anything else shows nothing.
type caseFacts struct {
	project schema.Project
	people  []string     // of the trust directory; nil is that nobody knows them
	present []schema.App // in the stages; nil is that nobody looked, or that there is none yet
	file    string
	lines   []string
	path    string // of the facts that are looked at
	found   schema.Diagnostics
}

// judge names, each at its place, the stages, ways, apps and people of a file of examples that there are not.
func (c *caseFacts) judge(cases schema.PolicyCases) schema.Diagnostics {
	c.stage(cases.StageAt, cases.Stage)
	_, known := c.project.Stage(cases.Stage)
	for i, one := range cases.Cases {
		c.path = fmt.Sprintf("cases[%d].facts.", i)
		c.app(one.Facts)
		c.persons(one.Facts)
		if from := one.Facts.Source; from != "" {
			c.stage(one.Facts.Where["source"], from)
		}
		if known {
			c.ways(cases.Stage, one.Facts)
		}
	}
	slices.SortStableFunc(c.found, func(a, b schema.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Position.Line, b.Position.Line), cmp.Compare(a.Position.Column, b.Position.Column))
	})
	return c.found
}

func (c *caseFacts) add(at schema.Position, width int, code schema.Code, hint string, args map[string]string) {
	d := schema.FindingIn(c.file, code, args)
	d.Position, d.Width, d.Hint = at, max(width, 1), hint
	if at.Line > 0 && at.Line <= len(c.lines) {
		d.Source = strings.TrimRight(c.lines[at.Line-1], "\r")
	}
	c.found = append(c.found, d)
}

func (c *caseFacts) bad(facts schema.CaseFacts, field, value, hint, why string) {
	c.add(facts.Where[field], len(value), "bad-value", hint, map[string]string{"field": c.path + field, "why": why})
}

func (c *caseFacts) stage(at schema.Position, name schema.StageName) {
	if _, ok := c.project.Stage(name); !ok {
		hint := schema.DidYouMean(string(name), words(stageNames(c.project)))
		c.add(at, len(name), "unknown-stage", hint, map[string]string{"stage": string(name)})
	}
}

// app says of a name that no directory of a stage can be an app of that name.
func (c *caseFacts) app(facts schema.CaseFacts) {
	if app, ok := c.project.Apps.AppOf(string(facts.App) + "/file"); !ok || app != facts.App {
		c.bad(facts, "app", string(facts.App), "", fmt.Sprintf("%q is no name of an app by apps: in sluice.yaml", facts.App))
	} else if len(c.present) > 0 && !slices.Contains(c.present, facts.App) {
		c.add(facts.Where["app"], len(facts.App), "names-nothing", schema.DidYouMean(string(facts.App), words(c.present)),
			map[string]string{"field": c.path + "app", "name": string(facts.App), "what": "app"})
	}
}

func (c *caseFacts) persons(facts schema.CaseFacts) {
	if c.people == nil {
		return
	}
	one := func(field, id string) {
		if id != "" && !slices.Contains(c.people, id) {
			c.bad(facts, field, id, schema.DidYouMean(id, c.people), fmt.Sprintf("there is no %q in the trust directory", id))
		}
	}
	for field, ids := range map[string][]string{"authors": facts.Authors, "approvers": facts.Approvers, "signed": facts.Signed} {
		for i, id := range ids {
			one(fmt.Sprintf("%s[%d]", field, i), id)
		}
	}
	one("merged_by", facts.MergedBy)
}

// ways asks that such a change can come into the stage from there.
func (c *caseFacts) ways(stage schema.StageName, facts schema.CaseFacts) {
	kind := string(facts.Kind)
	switch {
	case facts.Kind == schema.Edit && !lifecycle.Enters(c.project, stage):
		c.bad(facts, "kind", kind, "", fmt.Sprintf("edits enter the first stage, %s, and are promoted from there to %s", c.project.Stages[0].Name, stage))
	case facts.Kind == schema.Retire && !lifecycle.Leaves(c.project, stage, lifecycle.Retire):
		c.bad(facts, "kind", kind, "", fmt.Sprintf("an app retires from the last stage, %s; into %s its absence is promoted", c.project.Stages[len(c.project.Stages)-1].Name, stage))
	}
	if _, ok := c.project.Stage(facts.Source); !ok || facts.Source == "" {
		return
	}
	if before := lifecycle.Sources(c.project, lifecycle.Promote, stage); !slices.Contains(before, facts.Source) {
		why := fmt.Sprintf("%s does not lead to %s; ", facts.Source, stage)
		if len(before) == 0 {
			why += "no stage does"
		} else {
			why += strings.Join(words(before), ", ") + " does"
		}
		c.bad(facts, "source", string(facts.Source), "", why)
	}
}

// casePeople are the ids of a trust directory that loads; of any other they are not known.
func casePeople(root fs.FS) []string {
	files, err := readTree(root, schema.TrustDir)
	if err != nil {
		return nil
	}
	trust, found := schema.LoadTrust(files)
	if len(found) > 0 {
		return nil
	}
	return peopleOf(trust)
}

func peopleOf(trust schema.Trust) []string {
	out := []string{}
	for _, p := range trust.Principals {
		out = append(out, p.ID)
	}
	return out
}
