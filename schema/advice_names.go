package schema

import (
	"slices"
	"strings"
)

// Present is what lies in the places of the stages that names in a project can mean.
type Present struct {
	Apps  []App
	Files []string // the paths that files of apps have, each relative to its app, once
	// Leaves are the JSON Pointers of what the files of one path hold; not known where one of them cannot be read.
	Leaves func(file string) (pointers []string, known bool)
}

// nameReader holds the names of a file against what there is.
type nameReader struct {
	src     *source
	present Present
	apps    []string
}

// newNameReader returns nil where nothing can be told: no stage has an app yet, so every name is one to come.
func newNameReader(file string, data []byte, present Present) (*nameReader, *value) {
	src := newSource(file, data)
	v := readYAML(src, data, yamlRules{})
	if v == nil || len(src.found) > 0 || len(present.Apps) == 0 {
		return nil, nil
	}
	r := &nameReader{src: src, present: present}
	for _, app := range present.Apps {
		r.apps = append(r.apps, string(app))
	}
	return r, v
}

// AdviceOnNames says which names in the guards of a project file mean nothing that there is: a guard for a name that is misspelt guards
// nothing. It is advice, for what a name means may be still to come.
func AdviceOnNames(file string, data []byte, present Present) Diagnostics {
	r, v := newNameReader(file, data, present)
	if r == nil {
		return nil
	}
	r.appNames(v)
	if local, ok := v.field("stage_local"); ok {
		r.each(local.value, "stage_local", r.stageLocal)
	}
	if stages, ok := v.field("stages"); ok {
		for i, stage := range stages.value.items {
			gates, ok := stage.field("gates")
			if !ok {
				continue
			}
			for _, gate := range gates.value.fields {
				r.gate(gate.value, join(join(at("stages", i), "gates"), gate.key))
			}
		}
	}
	return r.src.findings()
}

// AdviceOnList says which names of a list of apps mean no app.
func AdviceOnList(file string, data []byte, present Present) Diagnostics {
	r, v := newNameReader(file, data, present)
	if r == nil {
		return nil
	}
	r.each(v, "", r.app)
	return r.src.findings()
}

// AdviceOnRoles says which apps that roles are limited to there are not.
func AdviceOnRoles(file string, data []byte, present Present) Diagnostics {
	r, v := newNameReader(file, data, present)
	if r == nil {
		return nil
	}
	people, _ := v.field("principals")
	if people.value == nil {
		return nil
	}
	for _, who := range people.value.fields {
		roles, ok := who.value.field("roles")
		if !ok {
			continue
		}
		for i, role := range roles.value.items {
			if apps, ok := role.field("apps"); ok {
				r.each(apps.value, join(at(join(join("principals", who.key), "roles"), i), "apps"), r.app)
			}
		}
	}
	return r.src.findings()
}

func (r *nameReader) each(list *value, path string, look func(*value, string)) {
	for i, item := range list.items {
		if item.kind == stringValue {
			look(item, at(path, i))
		}
	}
}

func (r *nameReader) nothing(at span, path, name, what, hint string) {
	r.src.report(at, "names-nothing", hint, args{"field": place(path), "name": name, "what": what})
}

// appNames looks at what the project says of apps themselves.
func (r *nameReader) appNames(v *value) {
	apps, ok := v.field("apps")
	if !ok {
		return
	}
	if patterns, ok := apps.value.field("patterns"); ok {
		r.each(patterns.value, "apps.patterns", r.app)
	}
	if about, ok := apps.value.field("about"); ok {
		for i, item := range about.value.items {
			if match, ok := item.field("match"); ok && match.value.kind == stringValue {
				r.app(match.value, join(at("apps.about", i), "match"))
			}
		}
	}
}

func (r *nameReader) app(v *value, path string) {
	if !slices.ContainsFunc(r.present.Apps, (Patterns{v.text}).MatchApp) {
		r.nothing(v.at, path, v.text, "app", didYouMean(v.text, r.apps))
	}
}

func (r *nameReader) files(v *value, path string) { r.filesNamed(v.text, v.at, path) }

// filesNamed reports whether a pattern matches a file, and says so if it does not.
func (r *nameReader) filesNamed(pattern string, at span, path string) bool {
	if r.matches(pattern) {
		return true
	}
	r.nothing(at, path, pattern, "file", didYouMean(pattern, r.fileNames()))
	return false
}

func (r *nameReader) matches(pattern string) bool {
	return pattern == AllFiles || slices.ContainsFunc(r.present.Files, func(file string) bool { return Patterns{pattern}.Match(file) })
}

// stageLocal speaks of slips alone: a file of a stage's own is one that need not be there.
func (r *nameReader) stageLocal(v *value, path string) {
	if hint := didYouMean(v.text, r.fileNames()); hint != "" && !r.matches(v.text) {
		r.nothing(v.at, path, v.text, "file", hint)
	}
}

// fileNames are the paths of files and their last names, for a pattern without a slash means the name.
func (r *nameReader) fileNames() []string {
	var out []string
	for _, file := range r.present.Files {
		out = append(out, file[strings.LastIndex(file, "/")+1:], file)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
