package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) fixCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use: "fix [PATH...]", Short: "Mend what needs no judgement",
		Long: `fix mends in the project's YAML and JSON files what changes no value: byte order marks, Windows line ends, tabs that indent, blanks at the
end of lines, a missing last newline, an executable bit. A file whose values would not be the same after is left as it is.
Without paths it mends sluice.yaml and the apps of the first stage: other stages get the same bytes by promotion. With paths it mends
what is below these. Signed files, as in the trust directory, are never touched.
It ends with 0 when all is mended or nothing was to do, and with --dry-run with 1 when something would be.`,
		Example: `  sluice fix --dry-run
  sluice fix stages/development/shop`,
		RunE: func(c *cobra.Command, args []string) error { return a.fix(c.Context(), args, dry) },
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would be mended, and write nothing")
	return c
}

// mended is a file with what is mended in it.
type mended struct {
	File    string   `json:"file"`
	Mended  []string `json:"mended"`
	Written bool     `json:"written"`
	was, is []byte
	mode    fs.FileMode
}

func (a *app) fix(ctx context.Context, paths []string, dry bool) error {
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return usageError(fmt.Errorf("open the checkout: %w", err))
	}
	defer root.Close()
	if err := a.checkPaths(paths); err != nil {
		return err
	}
	files, err := a.fixable(ctx, root, paths)
	if err != nil {
		return err
	}
	all := []mended{}
	for _, file := range files {
		m, err := mend(root, file)
		if err != nil {
			return err
		}
		if len(m.Mended) == 0 {
			continue
		}
		if !dry {
			if err := writeWhole(root, file, m.is, m.mode.Perm()); err != nil {
				return fmt.Errorf("write %s: %w", file, err)
			}
			m.Written = true
		}
		all = append(all, m)
	}
	if a.json() {
		if err := a.encode(all); err != nil {
			return err
		}
	} else {
		a.printMended(all, dry)
	}
	if dry && len(all) > 0 {
		return answer{exitNo}
	}
	return nil
}

// mend reads a file and decides.
func mend(root *os.Root, file string) (mended, error) {
	m := mended{File: file}
	info, err := root.Lstat(file)
	if err != nil {
		return m, fmt.Errorf("read %s: %w", file, err)
	}
	m.mode = info.Mode()
	if m.was, err = root.ReadFile(file); err != nil {
		return m, fmt.Errorf("read %s: %w", file, err)
	}
	m.is, m.Mended = tidy(file, m.was)
	_, readable := valuesOf(file, m.is)
	if m.mode&0o111 != 0 && readable && !strings.HasPrefix(string(m.is), "#!") {
		m.mode, m.Mended = m.mode&^0o111, append(m.Mended, mendMode)
	}
	return m, nil
}

// fixable lists the files that may be mended, sorted.
func (a *app) fixable(ctx context.Context, root *os.Root, paths []string) ([]string, error) {
	source, err := root.ReadFile(schema.ProjectFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("no sluice.yaml in %s", a.dir), hint: "sluice init writes one"}
	}
	if err != nil {
		return nil, fmt.Errorf("read sluice.yaml: %w", err)
	}
	source, _ = tidy(schema.ProjectFile, source)
	project, found := policies.LoadProject(schema.ProjectFile, source)
	files := []string{schema.ProjectFile}
	if len(found) == 0 {
		more, err := a.filesToMend(ctx, root, project, len(paths) > 0)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	var out []string
	for _, file := range files {
		d := schema.Diagnostics{{Position: schema.Position{File: file}}}
		if info, err := root.Lstat(file); err == nil && info.Mode().IsRegular() && len(below(d, paths)) > 0 {
			out = append(out, file)
		}
	}
	return out, nil
}

// filesToMend are the apps' files: of the first stage, or of all.
func (a *app) filesToMend(ctx context.Context, root *os.Root, project schema.Project, all bool) ([]string, error) {
	if project.Layout == schema.BranchLayout {
		on, err := a.git(ctx, "symbolic-ref", "--short", "HEAD")
		if !all && (err != nil || len(project.Stages) == 0 || on != project.Stages[0].Branch) {
			return nil, nil
		}
		return stageFiles(root, project, ".")
	}
	var out []string
	for i, stage := range project.Stages {
		if i > 0 && !all {
			break
		}
		more, err := stageFiles(root, project, stage.Place)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// stageFiles are the YAML and JSON files of apps in a stage's place. Links are not followed, and what is hidden at the top is not ours.
func stageFiles(root *os.Root, project schema.Project, place string) ([]string, error) {
	var out []string
	err := fs.WalkDir(root.FS(), place, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == place:
			return fs.SkipAll
		case err != nil:
			return err
		case d.IsDir() && path != place && strings.HasPrefix(d.Name(), ".git"), d.IsDir() && place == "." && path != "." && strings.HasPrefix(path, "."):
			return fs.SkipDir
		}
		inside, err := filepath.Rel(place, path)
		if err != nil {
			return err
		}
		app, ok := project.Apps.AppOf(filepath.ToSlash(inside))
		if _, bad := schema.ParseApp(string(app)); ok && bad == nil && d.Type().IsRegular() && mendable(path) {
			out = append(out, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", place, err)
	}
	return out, nil
}
