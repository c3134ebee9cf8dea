package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) lintCommand() *cobra.Command {
	var f traceFlags
	command := &cobra.Command{
		Use: "lint [PATH...]", Short: "Check the project's files where they lie",
		Long: `lint reads sluice.yaml, the trust directory and every app's files in the checkout and reports each finding with file,
line and column. It asks the gate of each stage about the files that stand in it, as far as files answer by themselves: schemas, tags, lists,
secrets, the limits of a file. It needs no network and no key. With paths it reports findings below these only.`,
		RunE: func(c *cobra.Command, args []string) error {
			op, err := f.operator()
			if err != nil {
				return err
			}
			if err := a.checkPaths(args); err != nil {
				return err
			}
			anchor, err := a.checkoutAnchor(a.dir)
			if err != nil {
				return err
			}
			found, err := a.lint(c.Context(), ofProject(op, anchor))
			if err != nil {
				return err
			}
			found = below(found, args)
			for i := range found {
				found[i].Source = hideLine(found[i].Source)
			}
			if a.json() {
				if found == nil {
					found = schema.Diagnostics{}
				}
				if err := a.encode(found); err != nil {
					return err
				}
			} else {
				a.printFindings(found)
			}
			if slices.ContainsFunc(found, func(d schema.Diagnostic) bool { return !wanted(d.Code) }) {
				return answer{exitNo}
			}
			return nil
		},
	}
	command.Flags().StringVar(&f.config, "config", "", "the operator's `FILE`, which says of what kind each target is")
	return command
}

// wanted reports whether what a finding tells is what somebody may well have written on purpose: it is said, and no lint fails for it.
func wanted(code schema.Code) bool {
	return slices.Contains([]schema.Code{"weak-mode", "approvals-not-enforced", "trust-lockout", "names-nothing"}, code)
}

func (a *app) printFindings(found schema.Diagnostics) {
	for i, d := range found {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		d.Render(a.out, a.colored())
	}
	if len(found) == 0 {
		fmt.Fprintln(a.out, "no findings")
		return
	}
	fmt.Fprintf(a.out, "\n%s\n", count(int64(len(found)), "finding", "findings"))
}

// lint reads the checkout. What git ignores is not known here, so only the project's own places are read.
func (a *app) lint(ctx context.Context, op *schema.Operator) (schema.Diagnostics, error) {
	root := os.DirFS(a.dir)
	source, err := fs.ReadFile(root, schema.ProjectFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("no sluice.yaml in %s", a.dir), hint: "sluice init writes one"}
	}
	if err != nil {
		return nil, fmt.Errorf("read sluice.yaml: %w", err)
	}
	project, found := policies.LoadProject(schema.ProjectFile, source)
	sealed := a.lintSealed(ctx)
	found = append(found, lintTrust(root, sealed && project.Layout != schema.BranchLayout)...)
	a.noteUnsealed(ctx, root, project, sealed)
	found = append(found, lintRetirements(root)...)
	if len(project.Stages) == 0 {
		return found, nil
	}
	more, err := lintStages(root, project)
	if err != nil {
		return nil, err
	}
	fits, err := lintFits(root, project, op)
	if err != nil {
		return nil, err
	}
	gates, err := lintGates(root, project)
	if err != nil {
		return nil, err
	}
	var names schema.Diagnostics
	if project.Layout == schema.BranchLayout {
		onBranches, err := a.lintBranches(ctx, root, project, op, source)
		if err != nil {
			return nil, err
		}
		more = append(more, onBranches...)
	} else if names, err = lintNames(root, project, source); err != nil {
		return nil, err
	}
	cases, err := lintCases(root, project)
	if err != nil {
		return nil, err
	}
	control, err := lintControl(root)
	if err != nil {
		return nil, err
	}
	found = slices.Concat(found, weakModes(project), project.AdviceOnGates(now(), policies.Holds), names, lintPeople(root, project), more, fits, gates, cases, control)
	found = a.lintSubmodules(ctx, project, found)
	slices.SortStableFunc(found, func(x, y schema.Diagnostic) int { return strings.Compare(x.Position.File, y.Position.File) })
	return found, nil
}

// weakModes names the stages that do not enforce their gates.
func weakModes(project schema.Project) schema.Diagnostics {
	var out schema.Diagnostics
	for _, s := range project.Stages {
		if s.Mode.Weak() {
			d := schema.FindingIn(s.ModeAt.File, "weak-mode", map[string]string{"stage": string(s.Name), "mode": string(s.Mode)})
			d.Position = s.ModeAt
			out = append(out, d)
		}
	}
	return out
}

// lintPeople says what is probably not meant about people: written gates that ask for more than there are, or for nobody, and roles without
// effect. A trust directory with findings of its own says nothing of it, and a gate that nobody wrote has no place to show.
func lintPeople(root fs.FS, project schema.Project) schema.Diagnostics {
	files, err := readTree(root, schema.TrustDir)
	if err != nil {
		return nil
	}
	trust, found := schema.LoadTrust(files)
	if len(found) > 0 {
		return nil
	}
	return slices.DeleteFunc(project.Advice(trust), func(d schema.Diagnostic) bool {
		return d.Position.Line == 0 && d.Position.File == schema.ProjectFile
	})
}

// lintStages reads every stage's directory; in the branch layout the checkout is of one stage, its apps at the top.
func lintStages(root fs.FS, project schema.Project) (schema.Diagnostics, error) {
	if project.Layout == schema.BranchLayout {
		return lintStage(root, ".", project)
	}
	found, err := lintPlaces(root, project)
	if err != nil {
		return nil, err
	}
	for _, folder := range project.StageFolders() {
		entries, err := fs.ReadDir(root, folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if x, ok := project.Beside(folder + "/" + e.Name()); ok {
				found = append(found, x)
			}
		}
	}
	alone, err := lintAlone(root, project)
	return append(found, alone...), err
}

// lintPlaces reads what lies in the place of each stage.
func lintPlaces(root fs.FS, project schema.Project) (schema.Diagnostics, error) {
	var found schema.Diagnostics
	for _, stage := range project.Stages {
		more, err := lintStage(root, stage.Place, project)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// nameProblem is what is wrong with an app's name, beside which it stands already.
func nameProblem(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return err.Error()
}

func lintStage(root fs.FS, place string, project schema.Project) (schema.Diagnostics, error) {
	var found schema.Diagnostics
	err := fs.WalkDir(root, place, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == place {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		inside := strings.TrimPrefix(strings.TrimPrefix(path, place), "/")
		if place == "." {
			inside = strings.TrimPrefix(path, "./")
		}
		if d.IsDir() {
			if place == "." && strings.HasPrefix(d.Name(), ".") && path != "." {
				return fs.SkipDir
			}
			more, err := lintDirectory(root, project, path, inside)
			found = append(found, more...)
			return err
		}
		found = append(found, lintFile(root, project, path, inside, d)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", place, err)
	}
	return found, nil
}

func lintFile(root fs.FS, project schema.Project, path, inside string, d fs.DirEntry) schema.Diagnostics {
	app, ok := project.Apps.AppOf(inside)
	if !ok {
		if whole, isApp := project.Apps.AppOf(inside + "/file"); isApp && string(whole) == inside && d.Type()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
			return schema.Diagnostics{unsupported(path, d.Type())}
		}
		if schema.Ignored(path) {
			return nil
		}
		return schema.Diagnostics{schema.FindingIn(path, "no-app", map[string]string{"path": path})}
	}
	if _, err := schema.ParseApp(string(app)); err != nil {
		return schema.Diagnostics{schema.FindingIn(path, "name", map[string]string{"name": string(app), "why": nameProblem(err)})}
	}
	if !d.Type().IsRegular() {
		return schema.Diagnostics{unsupported(path, d.Type())}
	}
	data, err := fs.ReadFile(root, path)
	if err != nil {
		return schema.Diagnostics{{Position: schema.Position{File: path}, Code: "unreadable", Message: err.Error()}}
	}
	return schema.LintFile(path, data)
}

// checkPaths refuses a path that does not exist or lies elsewhere: nothing is found below it, and that would read as nothing wrong.
func (a *app) checkPaths(paths []string) error {
	for _, path := range paths {
		clean := filepath.Clean(path)
		if !filepath.IsLocal(clean) {
			return usageError(fmt.Errorf("%s: want a path inside of the checkout, relative to it", path))
		}
		if _, err := os.Lstat(filepath.Join(a.dir, clean)); err != nil {
			return usageError(fmt.Errorf("%s: %w", path, reason(err)))
		}
	}
	return nil
}

// below keeps the findings in the files or directories that were named.
func below(found schema.Diagnostics, paths []string) schema.Diagnostics {
	if len(paths) == 0 {
		return found
	}
	var out schema.Diagnostics
	for _, d := range found {
		for _, path := range paths {
			clean := filepath.ToSlash(filepath.Clean(path))
			if clean == "." || d.Position.File == clean || strings.HasPrefix(d.Position.File, clean+"/") {
				out = append(out, d)
				break
			}
		}
	}
	return out
}
