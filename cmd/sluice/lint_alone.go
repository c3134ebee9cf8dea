package main

import (
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// lintAlone names apps of which a stage has its own files alone, while no stage before has the app: nothing would ever be delivered,
// and what is sealed is taken without a gate. In the branch layout the other stages are not in the checkout; lintBranches asks of them.
func lintAlone(root fs.FS, project schema.Project) (schema.Diagnostics, error) {
	if project.Layout == schema.BranchLayout {
		return nil, nil
	}
	has := map[schema.StageName]map[schema.App]bool{} // whether it has promoted files there
	for _, stage := range project.Stages {
		apps, err := filesByApp(root, stage.Place, project)
		if err != nil {
			return nil, err
		}
		has[stage.Name] = map[schema.App]bool{}
		for app, files := range apps {
			has[stage.Name][app] = slices.ContainsFunc(files, func(file string) bool { return !project.StageLocal.Match(file) })
		}
	}
	var found schema.Diagnostics
	for _, stage := range project.Stages {
		for _, app := range slices.Sorted(maps.Keys(has[stage.Name])) {
			if _, err := schema.ParseApp(string(app)); err != nil || awaited(project, has, stage.Name, app) {
				continue
			}
			args := map[string]string{"app": string(app), "stage": string(stage.Name)}
			found = append(found, schema.FindingIn(path.Join(stage.Place, string(app)), schema.LocalAlone, args))
		}
	}
	return found, nil
}

// awaited reports whether a stage, or one that leads to it, has promoted files of the app. Stages form no circle.
func awaited(project schema.Project, has map[schema.StageName]map[schema.App]bool, stage schema.StageName, app schema.App) bool {
	return has[stage][app] || slices.ContainsFunc(project.Edges, func(e schema.Edge) bool {
		return e.To == stage && awaited(project, has, e.From, app)
	})
}
