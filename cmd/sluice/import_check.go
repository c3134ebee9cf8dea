package main

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/schema"
)

// checkImport refuses what could not be admitted, delivered, or read by programs as before.
func checkImport(r importRules, kind string, found integrations.Existing, plan *importPlan) {
	secrets := secretsOf(r.stage)
	for app, files := range filesOfApps(plan.files) {
		problems := namesOf(files)
		document, ds := schema.NewDocument(documentFiles(files))
		for _, d := range ds {
			problems = append(problems, placed(d, files))
		}
		problems = append(problems, secretsIn(secrets, files)...)
		if len(ds) == 0 {
			release := releaseOf(r, app, files, document)
			problems = append(problems, misfits(r, release)...)
			problems = append(problems, unlike(r, kind, plan.keys[app], release)...)
		}
		plan.refused = append(plan.refused, problems...)
	}
	slices.SortStableFunc(plan.refused, func(a, b schema.Diagnostic) int { return strings.Compare(a.Position.File, b.Position.File) })
}

func filesOfApps(files []importFile) map[schema.App][]importFile {
	out := map[schema.App][]importFile{}
	for _, f := range files {
		out[f.App] = append(out[f.App], f)
	}
	return out
}

// namesOf finds names that lead into Git's own files, or that some file systems take for one.
func namesOf(files []importFile) schema.Diagnostics {
	var found schema.Diagnostics
	paths, folded := map[string]bool{}, map[string]string{}
	for _, f := range files {
		paths[f.Path] = true
	}
	for _, f := range files {
		for segment := range strings.SplitSeq(f.Path, "/") {
			if lower := strings.ToLower(segment); lower == ".git" || strings.HasPrefix(lower, "git~") || lower == ".gitmodules" {
				found = append(found, importFinding(f.at(), "name", "name", schema.Printable(f.Path), "why", "it is a name of Git's own"))
			}
		}
		if other, taken := folded[strings.ToLower(f.Path)]; taken {
			found = append(found, importFinding(f.at(), "path-collision", "path", schema.Printable(f.Path), "other", schema.Printable(other)))
		}
		folded[strings.ToLower(f.Path)] = f.Path
		for dir := path.Dir(f.Path); dir != "." && dir != "/"; dir = path.Dir(dir) {
			if paths[dir] {
				found = append(found, importFinding(f.at(), "path-collision", "path", schema.Printable(dir), "detail", "it is a file, and a directory of "+schema.Printable(f.Path)))
			}
		}
	}
	return found
}

// at is where people find a file: where it was read, else where it would be.
func (f importFile) at() string {
	if f.From != "" {
		return schema.Printable(f.From)
	}
	return schema.Printable(f.Where)
}

func documentFiles(files []importFile) []schema.DocumentFile {
	var out []schema.DocumentFile
	for _, f := range files {
		out = append(out, schema.DocumentFile{Path: f.Path, Mode: f.Mode, Data: f.Data})
	}
	return out
}

// placed is a finding in an app's file, said of where the file was read.
func placed(d schema.Diagnostic, files []importFile) schema.Diagnostic {
	for _, f := range files {
		if d.Position.File == f.Path {
			d.Position.File = f.at()
			break
		}
	}
	return d
}

// secretsOf is the policy with what the stage's gate excepts; every stage's content passes it here, whether its gate has it or not.
func secretsOf(stage schema.Stage) policies.Secrets {
	for _, spec := range stage.Gates.Promote {
		if secrets, err := spec.Secrets(); spec.Name == "secrets" && err == nil {
			return policies.Secrets{SecretsSpec: secrets}
		}
	}
	return policies.Secrets{}
}

// secretsIn asks the policy of every file. A file that holds one value is asked a second time as a line with its name before it, for the name
// of a key is what a secret is known by.
func secretsIn(policy policies.Secrets, files []importFile) schema.Diagnostics {
	var found schema.Diagnostics
	for _, f := range files {
		at := sightings(policy, f.Path, f.Data)
		if ext := path.Ext(f.Path); len(at) == 0 && ext != ".yaml" && ext != ".yml" && ext != ".json" {
			at = sightings(policy, f.Path, append([]byte(path.Base(f.Path)+"="), f.Data...))
			for i := range at {
				at[i]["at"] = "1:1" // there the file has its value
			}
			at = at[:min(len(at), 1)]
		}
		for _, args := range at {
			d := importFinding(f.at(), "secret", "path", f.at(), "at", args["at"], "kind", args["kind"])
			d.Hint = "keep it where secrets are kept and write a reference in its place, or leave it out with --exclude; what is no secret the gate excepts: secrets: {allow: [...]}"
			found = append(found, d)
		}
	}
	return found
}

// sightings are the arguments of the policy's verdict, one for each place.
func sightings(policy policies.Secrets, name string, data []byte) []map[string]string {
	manifest := schema.Manifest{{Path: name, Mode: schema.Regular, Digest: schema.DigestOf(data)}}
	facts := policies.Facts{Files: map[string][]byte{name: data}, After: manifest}
	facts.Change.To.Content = manifest.Content()
	verdict := policy.Evaluate(facts)
	if verdict.Outcome == schema.Allow {
		return nil
	}
	if len(verdict.Parts) == 0 {
		return []map[string]string{verdict.Args}
	}
	var out []map[string]string
	for _, part := range verdict.Parts {
		out = append(out, part.Args)
	}
	return out
}

// releaseOf is what the stage's targets would be given.
func releaseOf(r importRules, app schema.App, files []importFile, document schema.Document) integrations.Release {
	out := integrations.Release{Cell: schema.Cell{Stage: r.stage.Name, App: app}, Document: document.Encode(), Files: map[string][]byte{}}
	for _, f := range files {
		out.Files[f.Path] = f.Data
		out.Manifest = append(out.Manifest, schema.File{Path: f.Path, Mode: f.Mode, Digest: schema.DigestOf(f.Data)})
	}
	slices.SortFunc(out.Manifest, func(a, b schema.File) int { return strings.Compare(a.Path, b.Path) })
	out.Content = out.Manifest.Content()
	return out
}

// misfits are what the stage's targets cannot hold (RULES R41). Of what kind a target is, the operator's file says, else its name.
func misfits(r importRules, release integrations.Release) schema.Diagnostics {
	var found schema.Diagnostics
	for _, target := range r.stage.Targets {
		release.Settings = target.Settings
		var v schema.Verdict
		switch kind, set := r.kindOf(target.Name); kind {
		case "etcd":
			v = etcd.Fits(target.Name, set["root"], release)
		case "configmap":
			v = configmap.Fits(target.Name, set["namespace"], release)
		case "file":
			v = file.Fits(target.Name, release)
		case "":
			if r.operator != nil {
				found = append(found, schema.FindingIn(schema.ProjectFile, "target-unconfigured", map[string]string{"target": target.Name}))
			}
			continue
		default:
			continue
		}
		if v.Outcome == schema.Allow {
			continue
		}
		at := r.project.CellPath(r.stage, release.Cell.App)
		d := schema.FindingIn(at, v.Code, v.Args)
		if d.Hint = "rename or correct it"; v.Code == integrations.CodeTooLarge {
			d.Hint = "make the files smaller, or split the app"
		}
		found = append(found, d)
	}
	return found
}

// kindOf is the kind of a target, with the operator's settings for it; empty where nobody says it, or projects of which one is this
// one say different things.
func (r importRules) kindOf(target string) (string, map[string]string) {
	if r.operator == nil {
		return map[string]string{"etcd": "etcd", "configmap": "configmap", "file": "file"}[target], nil
	}
	var kind string
	var set map[string]string
	for _, p := range r.operator.Projects {
		address, ok := p.Targets[target]
		switch {
		case !ok:
		case kind == "":
			kind, set = address.Kind, settings(address)
		case kind != address.Kind || !maps.Equal(set, settings(address)):
			return "", nil
		}
	}
	return kind, set
}
