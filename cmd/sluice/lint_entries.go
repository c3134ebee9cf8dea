package main

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// lintDirectory finds what the entries of an app's directory are to each other and to other apps: names that are one in a file system or a
// target, and an app inside of another.
func lintDirectory(root fs.FS, project schema.Project, at, inside string) (schema.Diagnostics, error) {
	app, ok := project.Apps.AppOf(inside + "/file")
	if !ok || inside == "" || inside == "." {
		return nil, nil
	}
	var found schema.Diagnostics
	if dir, below := strings.CutPrefix(inside, string(app)+"/"); below {
		found = insideApp(project, at, app, dir)
	}
	entries, err := fs.ReadDir(root, at)
	if err != nil {
		return nil, err
	}
	seen := map[string]string{}
	for _, e := range entries {
		folded := gitrepo.Fold(e.Name())
		if other, ok := seen[folded]; ok {
			name := path.Join(at, e.Name())
			found = append(found, schema.FindingIn(name, "path-collision", map[string]string{"path": name, "other": path.Join(at, other)}))
			continue
		}
		seen[folded] = e.Name()
	}
	return found, nil
}

// insideApp says of a directory below an app that it would be an app as well.
func insideApp(project schema.Project, at string, app schema.App, dir string) schema.Diagnostics {
	inner, ok := project.Apps.Inside(app, dir)
	if !ok {
		return nil
	}
	return schema.Diagnostics{schema.FindingIn(at, "app-inside-app", map[string]string{"app": string(app), "inner": string(inner)})}
}

// unsupported says of a link, submodule or device that it is no file, in an app or in the place of one.
func unsupported(at string, mode fs.FileMode) schema.Diagnostic {
	detail := mode.String()
	switch {
	case mode&fs.ModeSymlink != 0:
		detail = "symbolic link: put the file itself here"
	case mode&fs.ModeIrregular != 0:
		detail = "submodule: put its files here"
	}
	return schema.FindingIn(at, "unsupported-entry", map[string]string{"path": at, "detail": detail})
}

// lintSubmodules finds what git takes for a submodule: in the checkout it is a directory like others. What is said of its files is
// said of another repository.
func (a *app) lintSubmodules(ctx context.Context, project schema.Project, found schema.Diagnostics) schema.Diagnostics {
	listed, err := a.git(ctx, "ls-files", "--stage", "-z")
	if err != nil || project.Layout == schema.BranchLayout {
		return found
	}
	for entry := range strings.SplitSeq(listed, "\x00") {
		info, at, _ := strings.Cut(entry, "\t")
		if !strings.HasPrefix(info, string(gitrepo.ModeGitlink)+" ") || !inStage(project, at) {
			continue
		}
		found = slices.DeleteFunc(found, func(d schema.Diagnostic) bool { return strings.HasPrefix(d.Position.File, at+"/") })
		found = append(found, unsupported(at, fs.ModeIrregular))
	}
	return found
}

func inStage(project schema.Project, at string) bool {
	return slices.ContainsFunc(project.Stages, func(s schema.Stage) bool { return strings.HasPrefix(at, s.Place+"/") })
}
