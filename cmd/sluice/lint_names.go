package main

import (
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// lintNames says which names in guards mean nothing in any stage: those of the project file, of the lists that whitelists name, and the apps
// that roles are limited to. In the branch layout places are those that [branchPlaces] shows.
func lintNames(root fs.FS, project schema.Project, source []byte) (schema.Diagnostics, error) {
	present, err := presentIn(root, project)
	if err != nil {
		return nil, err
	}
	found := schema.AdviceOnNames(schema.ProjectFile, source, present)
	for _, list := range whitelists(project) {
		if data, err := fs.ReadFile(root, list); err == nil { // one that is missing is told at the gate
			found = append(found, schema.AdviceOnList(list, data, present)...)
		}
	}
	people := schema.TrustDir + "/" + schema.PrincipalsFile
	if data, err := fs.ReadFile(root, people); err == nil {
		found = append(found, schema.AdviceOnRoles(people, data, present)...)
	}
	return found, nil
}

// whitelists are the lists of apps that gates name, each once.
func whitelists(project schema.Project) []string {
	lists := map[string]bool{}
	for _, stage := range project.Stages {
		for _, p := range slices.Concat(stage.Gates.Promote, stage.Gates.Rollback, stage.Gates.Retire).Leaves() {
			if spec, err := p.Whitelist(); err == nil {
				lists[spec.List] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(lists))
}

// presentIn collects what the stages hold together: a guard may stand before what it guards.
func presentIn(root fs.FS, project schema.Project) (schema.Present, error) {
	apps := map[schema.App]bool{}
	files := map[string][]string{} // the places of each path that files have in their apps
	for _, stage := range project.Stages {
		place := stage.Place
		below, err := filesByApp(root, place, project)
		if err != nil {
			return schema.Present{}, err
		}
		for app, names := range below {
			apps[app] = true
			for _, name := range names {
				files[name] = append(files[name], path.Join(place, string(app), name))
			}
		}
	}
	known := map[string]*shownLeaves{}
	return schema.Present{
		Apps: slices.Sorted(maps.Keys(apps)), Files: slices.Sorted(maps.Keys(files)),
		Leaves: func(file string) ([]string, bool) {
			if known[file] == nil {
				known[file] = readLeaves(root, files[file])
			}
			return known[file].pointers, known[file].known
		},
	}, nil
}

// shownLeaves are the places of values in files.
type shownLeaves struct {
	pointers []string
	known    bool
}

func readLeaves(root fs.FS, names []string) *shownLeaves {
	seen := map[string]bool{}
	for _, name := range names {
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return &shownLeaves{}
		}
		leaves, found := schema.Flatten(name, data)
		if leaves == nil || len(found) > 0 {
			return &shownLeaves{}
		}
		for pointer := range leaves {
			seen[pointer] = true
		}
	}
	return &shownLeaves{pointers: slices.Sorted(maps.Keys(seen)), known: true}
}
