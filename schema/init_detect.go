package schema

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// Detection is what an existing repository looks like to [DetectLayout]. Without stages, nothing was recognised.
type Detection struct {
	Layout   Layout
	AppDepth int
	Stages   []DetectedStage // in lifecycle order
	Unplaced []string        // files (directory layout) or branches (branch layout) that fit nowhere, sorted
}

// DetectedStage is a stage with the directory or branch where it was found.
type DetectedStage struct {
	Name  StageName
	Where string
	Apps  int // distinct directories that would be apps; directory layout only
}

// stageWords are what teams call the five stages.
func stageWords() map[string]StageName {
	return map[string]StageName{
		"dev": "development", "develop": "development", "development": "development",
		"test": "testing", "testing": "testing", "qa": "testing", "sit": "testing", "int": "testing", "integration": "testing",
		"stg": "staging", "stage": "staging", "staging": "staging", "uat": "staging", "pre": "staging", "preprod": "staging", "pre-prod": "staging",
		"gray": "gray", "grey": "gray", "canary": "gray",
		"prd": "production", "prod": "production", "production": "production", "live": "production",
	}
}

// DetectLayout recognises the stages of a repository by the names of its directories, else of its branches. paths are the
// files of the default branch, branches the short names of all branches.
func DetectLayout(paths, branches []string) Detection {
	if d := detectDirectories(paths); len(d.Stages) > 1 {
		return d
	}
	if d := detectBranches(branches); len(d.Stages) > 1 {
		return d
	}
	return Detection{Layout: DirectoryLayout, AppDepth: 1}
}

// detectDirectories takes the directory below which the most stages are.
func detectDirectories(paths []string) Detection {
	words := stageWords()
	children := map[string]map[string]StageName{} // parent → directory → stage
	for _, p := range paths {
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			if stage, ok := words[strings.ToLower(path.Base(dir))]; ok {
				if children[path.Dir(dir)] == nil {
					children[path.Dir(dir)] = map[string]StageName{}
				}
				children[path.Dir(dir)][dir] = stage
			}
		}
	}
	best := ""
	for _, parent := range slices.Sorted(maps.Keys(children)) {
		if best == "" || distinct(children[parent]) > distinct(children[best]) {
			best = parent
		}
	}
	d := Detection{Layout: DirectoryLayout}
	d.take(children[best])
	d.placeFiles(paths)
	return d
}

func detectBranches(branches []string) Detection {
	words := stageWords()
	found := map[string]StageName{}
	d := Detection{Layout: BranchLayout, AppDepth: 1}
	for _, b := range branches {
		if stage, ok := words[strings.ToLower(path.Base(b))]; ok && strings.Count(b, "/") < 2 {
			found[b] = stage
		} else if b != "main" && b != "master" && !strings.HasPrefix(b, "sluice/") {
			d.Unplaced = append(d.Unplaced, b)
		}
	}
	d.take(found)
	slices.Sort(d.Unplaced)
	return d
}

func distinct(found map[string]StageName) int {
	stages := map[StageName]bool{}
	for _, s := range found {
		stages[s] = true
	}
	return len(stages)
}

// take puts one place per stage into lifecycle order: the one that is called as the stage, else the shortest. The others fit
// nowhere, because two places cannot be one stage.
func (d *Detection) take(found map[string]StageName) {
	for _, name := range DefaultStages() {
		var places []string
		for where, stage := range found {
			if stage == name {
				places = append(places, where)
			}
		}
		if len(places) == 0 {
			continue
		}
		slices.SortFunc(places, func(a, b string) int {
			named := func(s string) int { return cmp.Compare(0, strings.Count(path.Base(s), string(name))) }
			return cmp.Or(cmp.Compare(named(a), named(b)), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
		})
		d.Stages = append(d.Stages, DetectedStage{Name: name, Where: places[0]})
		if d.Layout == BranchLayout {
			d.Unplaced = append(d.Unplaced, places[1:]...)
		}
	}
}

// placeFiles finds out how deep apps lie, counts them, and lists the files that belong to none.
func (d *Detection) placeFiles(paths []string) {
	depth := 0
	for _, p := range paths {
		if i, rest := d.stageOf(p); i >= 0 && !ignoredFile(p) {
			if n := strings.Count(rest, "/"); n > 0 && (depth == 0 || n < depth) {
				depth = n
			}
		}
	}
	d.AppDepth = max(depth, 1)
	apps := make([]map[string]bool, len(d.Stages))
	for _, p := range paths {
		i, rest := d.stageOf(p)
		parts := strings.Split(rest, "/")
		switch {
		case ignoredFile(p):
		case i < 0, len(parts) <= d.AppDepth:
			d.Unplaced = append(d.Unplaced, p)
		default:
			name := strings.Join(parts[:d.AppDepth], "/")
			if _, err := ParseApp(name); err != nil {
				d.Unplaced = append(d.Unplaced, p)
				continue
			}
			if apps[i] == nil {
				apps[i] = map[string]bool{}
			}
			apps[i][name] = true
		}
	}
	for i := range d.Stages {
		d.Stages[i].Apps = len(apps[i])
	}
	slices.Sort(d.Unplaced)
}

// stageOf returns the index of the stage that a path lies in, and the path below it; -1 for none.
func (d *Detection) stageOf(p string) (int, string) {
	for i, s := range d.Stages {
		if rest, ok := strings.CutPrefix(p, s.Where+"/"); ok {
			return i, rest
		}
	}
	return -1, ""
}

// ignoredFile reports whether a file belongs to no app and is no mistake (RULES R3).
func ignoredFile(p string) bool {
	base := path.Base(p)
	switch base {
	case ".gitignore", ".gitattributes", ".gitkeep", ".gitlab-ci.yml", "CODEOWNERS", ProjectFile:
		return true
	}
	return strings.HasPrefix(base, "README") || strings.HasPrefix(base, "LICENSE") || strings.HasPrefix(p, ".sluice/") ||
		strings.HasPrefix(p, ".gitlab/") || strings.HasPrefix(p, ".github/")
}
