package schema

import (
	"path"
	"slices"
	"strings"
)

// StageFolders are the directories that hold the places of stages, as stages/ does; the root is none of them, for anything may
// lie there. What else lies directly in one is most likely meant for a stage: ask [Project.Beside] about it.
func (p Project) StageFolders() []string {
	var out []string
	for _, s := range p.Stages {
		if folder := path.Dir(p.Dir(s)); p.Dir(s) != "" && folder != "." && !slices.Contains(out, folder) {
			out = append(out, folder)
		}
	}
	return out
}

// Beside is what to say of an entry of a stages' folder, by its path from the top of the repository, that no stage reads.
func (p Project) Beside(entry string) (Diagnostic, bool) {
	var places []string
	for _, s := range p.Stages {
		dir := p.Dir(s)
		if dir == entry || strings.HasPrefix(dir, entry+"/") || strings.HasPrefix(entry, dir+"/") {
			return Diagnostic{}, false
		}
		if path.Dir(dir) == path.Dir(entry) {
			places = append(places, path.Base(dir))
		}
	}
	if Ignored(entry) {
		return Diagnostic{}, false
	}
	d := FindingIn(entry, "no-stage", args{"path": entry})
	d.Hint = didYouMean(path.Base(entry), places)
	return d, true
}
