package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// sights looks whether the projects and stages that groups may see of the page are there: a group sees nothing of one that is
// written wrongly, and nothing else would ever say so. A rule that is for several projects may mean a stage of another.
func (d *doctorDesk) sights() {
	var repositories []string
	for _, p := range d.op.Projects {
		repositories = append(repositories, redacted(p.Repository))
	}
	if projects := pageNames(repositories); d.project.Repository == d.op.Projects[0].Repository {
		for _, rule := range d.op.Access.Visible {
			d.unseen(rule.Group, "project", rule.Projects, projects)
		}
	}
	if d.rules == nil || len(d.op.Projects) > 1 {
		return
	}
	var stages []schema.StageName
	for _, stage := range d.rules.Stages {
		stages = append(stages, stage.Name)
	}
	for _, rule := range d.op.Access.Visible {
		d.unseen(rule.Group, "stage", words(rule.Stages), words(stages))
	}
}

// unseen warns of each name that is none of the known ones.
func (d *doctorDesk) unseen(group, noun string, names, known []string) {
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		d.add(groupFiles, "access.visible", group, schema.GuardWarn, "", "there is no %s %s, so nothing of it is shown", noun, name)
		fix := fmt.Sprintf("correct the group's %ss in the operator's file; there are %s", noun, strings.Join(known, ", "))
		if hint := schema.DidYouMean(name, known); hint != "" {
			fix += ": " + hint
		}
		d.advise("%s", fix)
	}
}
