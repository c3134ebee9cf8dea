package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// lintFits names apps that a target of their stage cannot hold: what is sealed is admitted without a gate, so that this is the
// only look before it fails there. In the branch layout the checkout may be of any stage, so it is held against all targets.
func lintFits(root fs.FS, project schema.Project, op *schema.Operator) (schema.Diagnostics, error) {
	var found schema.Diagnostics
	for _, stage := range project.Stages {
		place := stage.Place
		if project.Layout == schema.BranchLayout {
			place = "."
		}
		apps, err := filesByApp(root, place, project)
		if err != nil {
			return nil, err
		}
		rules := importRules{project: project, stage: stage, operator: op}
		for _, app := range slices.Sorted(maps.Keys(apps)) {
			for _, d := range fitOf(root, rules, place, app, apps[app]) {
				if d.Code != "target-unconfigured" { // which is of no app
					d.Position.File = path.Join(place, string(app))
				}
				if !slices.ContainsFunc(found, func(other schema.Diagnostic) bool {
					return other.Position == d.Position && other.Code == d.Code && other.Message == d.Message
				}) {
					found = append(found, d)
				}
			}
		}
	}
	return found, nil
}

// filesByApp lists the regular files below a place, each inside its app.
func filesByApp(root fs.FS, place string, project schema.Project) (map[schema.App][]string, error) {
	out := map[schema.App][]string{}
	err := fs.WalkDir(root, place, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == place:
			return fs.SkipAll
		case err != nil:
			return err
		case d.IsDir() && place == "." && strings.HasPrefix(d.Name(), ".") && name != ".":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		inside := name
		if place != "." {
			inside = strings.TrimPrefix(name, place+"/")
		}
		if app, ok := project.Apps.AppOf(inside); ok {
			out[app] = append(out[app], strings.TrimPrefix(inside, string(app)+"/"))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", place, err)
	}
	return out, nil
}

// fitOf holds one app against the targets of a stage. What cannot be read or understood is a finding of its own already.
func fitOf(root fs.FS, rules importRules, place string, app schema.App, names []string) schema.Diagnostics {
	if _, err := schema.ParseApp(string(app)); err != nil {
		return nil
	}
	var files []importFile
	for _, name := range names {
		data, err := fs.ReadFile(root, path.Join(place, string(app), name))
		if err != nil {
			return nil
		}
		files = append(files, importFile{App: app, Path: name, Mode: schema.Regular, Data: data})
	}
	document, problems := schema.NewDocument(documentFiles(files))
	if len(problems) > 0 {
		return nil
	}
	return misfits(rules, releaseOf(rules, app, files, document))
}
