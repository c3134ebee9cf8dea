package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// refuseOwn refuses a directory that holds what is the project's own already, or lies in it: its rules, trust and stages would become an app.
func (i *importInto) refuseOwn(source importSource) error {
	s, ok := source.(dirSource)
	if !ok {
		return nil
	}
	top, err := realPath(i.root.Name())
	if err != nil {
		return usageError(fmt.Errorf("find the checkout: %w", err))
	}
	dir, err := realPath(s.dir)
	if err != nil {
		return usageError(fmt.Errorf("read the directory: %w", err))
	}
	own := []string{schema.ProjectFile, filepath.Dir(schema.TrustDir)}
	for _, stage := range i.rules.project.Stages {
		if stage.Place != "" && i.rules.project.Layout != schema.BranchLayout {
			own = append(own, filepath.FromSlash(stage.Place))
		}
	}
	for _, name := range own {
		if at := filepath.Join(top, name); within(at, dir) || within(dir, at) {
			return &failure{code: exitUsage, err: fmt.Errorf("%s is no configuration to take over: %s of this project is in it, or it in that", s.dir, name),
				hint: "name the directory that holds the app alone; what a stage has gets into another by promotion"}
		}
	}
	return nil
}

// realPath is where a path leads, from the root.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// within reports whether a path is a directory or lies below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
