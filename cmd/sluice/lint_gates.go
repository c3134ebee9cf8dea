package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// lintGates asks the gate of each stage about the files that stand in it, as far as files answer by themselves. In the branch layout
// no stage stands beside the control files: lintBranches asks there.
func lintGates(root fs.FS, project schema.Project) (schema.Diagnostics, error) {
	if project.Layout == schema.BranchLayout {
		return nil, nil
	}
	control, err := controlFiles(root)
	if err != nil {
		return nil, err
	}
	found := project.MissingSchemas(func(path string) bool { _, ok := control[path]; return ok })
	for _, stage := range project.Stages {
		first := !slices.ContainsFunc(project.Edges, func(e schema.Edge) bool { return e.To == stage.Name })
		gate, err := policies.ForFiles(stage.Gates, first)
		if err != nil {
			return nil, fmt.Errorf("gate of %s: %w", stage.Name, err)
		}
		apps, err := filesByApp(root, stage.Place, project)
		if err != nil {
			return nil, err
		}
		for _, app := range slices.Sorted(maps.Keys(apps)) {
			more, err := lintGate(root, gate, schema.Cell{Stage: stage.Name, App: app}, path.Join(stage.Place, string(app)), apps[app], control)
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		}
	}
	return found, nil
}

// controlFiles are the schemas and lists of the checkout, by path from its top.
func controlFiles(root fs.FS) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, dir := range []string{schema.SchemaDir, schema.ListDir} {
		below, err := readTree(root, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read %s: %w", dir, reason(err))
		}
		for name, data := range below {
			out[dir+"/"+name] = data
		}
	}
	return out, nil
}

// lintGate asks about one app. Files that nobody can read are findings already, and the gate would only say it again.
func lintGate(root fs.FS, gate policies.FileGate, cell schema.Cell, dir string, names []string, control map[string][]byte) (schema.Diagnostics, error) {
	if _, err := schema.ParseApp(string(cell.App)); err != nil {
		return nil, nil
	}
	files, bad := map[string][]byte{}, map[string]bool{}
	for _, name := range names {
		data, err := fs.ReadFile(root, path.Join(dir, name))
		if err != nil {
			return nil, nil
		}
		files[name], bad[name] = data, len(schema.LintFile(name, data)) > 0
	}
	v, err := gate.Judge(cell, files, control)
	if err != nil {
		return nil, fmt.Errorf("judge %s: %w", cell, err)
	}
	var found schema.Diagnostics
	for _, leaf := range v.Missing() {
		switch {
		case leaf.Code == "choice", bad[leaf.Args["path"]]: // of a choice each way is told
		case unusable(leaf) != "":
			if _, there := control[unusable(leaf)]; there {
				found = append(found, unusableFile(leaf, control))
			}
		default:
			at, _ := placeOfLeaf(dir, files, leaf)
			found = append(found, schema.Diagnostic{Position: at, Width: 1, Code: leaf.Code, Message: cell.String() + ": " + leaf.Code.Message(policies.Said(leaf))})
		}
	}
	return found, nil
}

// unusableFile says of a schema or list what is wrong in it, at its place.
func unusableFile(leaf schema.Verdict, control map[string][]byte) schema.Diagnostic {
	file := unusable(leaf)
	d := schema.Diagnostic{Position: schema.Position{File: file}, Width: 1, Code: leaf.Code, Message: leaf.Code.Message(leaf.Args)}
	args := map[string]string{"schema": file, "list": file}
	if leaf.Code == "list-unusable" {
		if _, found := schema.ParseList(file, control[file]); len(found) > 0 {
			d.Position, d.Width, d.Hint, args["detail"] = found[0].Position, found[0].Width, found[0].Hint, found[0].Message
		}
	} else {
		d.Position, args["detail"] = policies.SchemaFault(file, control)
	}
	if args["detail"] == "" {
		return d
	}
	d.Message = leaf.Code.Message(args)
	if lines := strings.Split(string(control[d.Position.File]), "\n"); d.Position.Line > 0 && d.Position.Line <= len(lines) {
		d.Source = strings.TrimRight(lines[d.Position.Line-1], "\r")
	}
	return d
}

// unusable is the schema or list that a gate could not use; empty of any other answer.
func unusable(leaf schema.Verdict) string {
	switch leaf.Code {
	case "schema-unusable":
		return leaf.Args["schema"]
	case "list-unusable":
		return leaf.Args["list"]
	}
	return ""
}
