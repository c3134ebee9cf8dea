package main

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/schema"
)

// importRules say where things go and in which form.
type importRules struct {
	project  schema.Project
	stage    schema.Stage
	operator *schema.Operator
	app      schema.App // all is one app; empty: names say it
	exclude  schema.Patterns
	as, file string
	typed    bool
}

// read takes over what the flags say of it.
func (r *importRules) read(f importFlags) error {
	var err error
	if r.exclude, err = excludePatterns(f.exclude); err != nil {
		return usageError(fmt.Errorf("--exclude: %w", err))
	}
	if f.app != "" {
		if r.app, err = schema.ParseApp(f.app); err != nil {
			return usageError(fmt.Errorf("--app: %w", err))
		}
	}
	if !slices.Contains([]string{asFiles, asYAML, asJSON, asProperties}, r.as) {
		return usageError(fmt.Errorf("--as %q: want files, yaml, json or properties", r.as))
	}
	if r.as == asFiles {
		if r.file != "" {
			return usageError(errors.New("--name goes with --as yaml, json or properties"))
		}
		return nil
	}
	if r.file == "" {
		r.file = "app." + r.as
	}
	if ext := path.Ext(r.file); ext != "."+r.as && (ext != ".yml" || r.as != asYAML) {
		return usageError(fmt.Errorf("--name %q: its ending does not say %s", r.file, r.as))
	}
	return nil
}

// importFile is a file as it would be written.
type importFile struct {
	App   schema.App
	Path  string // in the app
	Where string // in the checkout
	Mode  schema.Mode
	Data  []byte
	From  string // the one place it was read at; empty where it was put together
	State string
}

// What a file is to the one in the checkout.
const (
	importNew    = "new"
	importSame   = "same"
	importDiffer = "differs"
)

// importPlan is what would be written, what was left and what stands in the way.
type importPlan struct {
	files   []importFile // by place in the checkout
	keys    map[schema.App][]importKey
	taken   int // items that are in files
	left    []integrations.Left
	refused schema.Diagnostics
}

// importKey is an item with the app that it belongs to.
type importKey struct {
	integrations.Item
	app  schema.App
	name string // in the app
}

// planImport sorts what was read into apps and puts their files together. It decides on values alone.
func planImport(r importRules, found integrations.Existing) importPlan {
	plan := importPlan{left: slices.Clone(found.Left), keys: map[schema.App][]importKey{}}
	for _, item := range found.Items {
		if key, ok := plan.sort(r, item); ok {
			plan.keys[key.app] = append(plan.keys[key.app], key)
			plan.taken++
		}
	}
	for _, app := range slices.Sorted(maps.Keys(plan.keys)) {
		files, problems := shapeApp(r, app, plan.keys[app])
		plan.files = append(plan.files, files...)
		plan.refused = append(plan.refused, problems...)
	}
	slices.SortFunc(plan.files, func(a, b importFile) int { return strings.Compare(a.Where, b.Where) })
	return plan
}

// sort finds the app of an item, or leaves or refuses it.
func (p *importPlan) sort(r importRules, item integrations.Item) (importKey, bool) {
	key := importKey{Item: item}
	if excludes(r.exclude, item) {
		p.left = append(p.left, integrations.Left{Place: item.Place, Why: "--exclude"})
		return key, false
	}
	if item.Value == nil {
		p.refuse(item.Place, "unsupported-entry", "path", item.Place, "detail", "a link or a device")
		return key, false
	}
	switch {
	case r.app != "":
		key.app, key.name = r.app, item.Name
	case item.Group != "":
		key.app, key.name = schema.App(configmap.AppOf(item.Group)), item.Name
	default:
		app, ok := r.project.Apps.AppOf(item.Name)
		if !ok {
			return key, p.above(item)
		}
		key.app, key.name = app, strings.TrimPrefix(item.Name, string(app)+"/")
	}
	if why := appProblem(r, key.app); why != "" {
		p.refuse(item.Place, "name", "name", schema.Printable(string(key.app)), "why", why)
		return key, false
	}
	return key, true
}

// excludePatterns are patterns as ever; a name without wildcards may also be that of a directory, and names all below it then.
func excludePatterns(given []string) (schema.Patterns, error) {
	patterns := slices.Clone(given)
	for _, p := range given {
		switch {
		case strings.ContainsAny(p, `*?[{\`):
		case strings.Contains(p, "/"):
			patterns = append(patterns, p+"/**")
		default:
			patterns = append(patterns, "**/"+p+"/**")
		}
	}
	return schema.ParsePatterns(patterns)
}

// excludes reports whether patterns name an item, with or without its group.
func excludes(patterns schema.Patterns, item integrations.Item) bool {
	return patterns.Match(item.Name) || item.Group != "" && patterns.Match(item.Group+"/"+item.Name)
}

// matchesNothing are the patterns that nothing which is there is named by, be it left anyway: most likely something else was meant.
func matchesNothing(patterns []string, found integrations.Existing) []string {
	var out []string
	items := slices.Clone(found.Items)
	for _, l := range found.Left {
		items = append(items, integrations.Item{Name: l.Place})
	}
	for _, p := range patterns {
		one, err := excludePatterns([]string{p})
		if err == nil && !slices.ContainsFunc(items, func(i integrations.Item) bool { return excludes(one, i) }) {
			out = append(out, p)
		}
	}
	return out
}

// above leaves what belongs to no app and is no mistake (RULES R3); anything else is refused.
func (p *importPlan) above(item integrations.Item) bool {
	if schema.Ignored(item.Name) {
		p.left = append(p.left, integrations.Left{Place: item.Place, Why: "it belongs to no app"})
		return false
	}
	p.refuse(item.Place, "no-app", "path", schema.Printable(item.Place))
	p.refused[len(p.refused)-1].Hint = "--app APP takes all as one app, --exclude leaves it out"
	return false
}

// appProblem says why no app of the stage can be called so.
func appProblem(r importRules, app schema.App) string {
	if _, err := schema.ParseApp(string(app)); err != nil {
		return nameProblem(err)
	}
	if is, ok := r.project.Apps.AppOf(string(app) + "/x"); !ok || is != app {
		return "apps: in sluice.yaml takes no such directory for an app"
	}
	return ""
}

func (p *importPlan) refuse(place string, code schema.Code, pairs ...string) {
	p.refused = append(p.refused, importFinding(place, code, pairs...))
}

func importFinding(place string, code schema.Code, pairs ...string) schema.Diagnostic {
	args := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i]] = pairs[i+1]
	}
	d := schema.FindingIn(place, code, args)
	if info, ok := schema.Explain(code); ok {
		d.Hint = info.Fix
	}
	return d
}
