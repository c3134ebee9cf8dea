package schema

import (
	"slices"
	"time"
)

// FormatVersion is the version of sluice.yaml that this package reads.
const FormatVersion = 1

// ProjectFile is where a project is declared, on the default branch.
const ProjectFile = "sluice.yaml"

// maxAppDepth bounds apps.depth; a name of eight segments is past what targets hold.
const maxAppDepth = 8

// maxPatterns bounds a list of patterns; each file is held against all of them.
const maxPatterns = 1000

// LoadProject reads sluice.yaml and fills in every default. file is the name that diagnostics show. With diagnostics, the
// project is not usable.
func LoadProject(file string, data []byte) (Project, Diagnostics) {
	src := newSource(file, data)
	v := readYAML(src, data, yamlRules{})
	if v == nil {
		return Project{}, src.findings()
	}
	o, ok := src.object(v, projectShape, "")
	if !ok {
		return Project{}, src.findings()
	}
	r := &projectReader{src: src, o: o}
	p := r.read()
	if len(src.found) > 0 {
		return Project{}, src.findings()
	}
	return p, nil
}

// projectReader reads the parts of a project in the order in which they need one another.
type projectReader struct {
	src     *source
	o       object
	project Project
	targets []StageTarget // as declared for the whole project
}

func (r *projectReader) read() Project {
	r.checkVersion()
	p := &r.project
	p.Layout = Layout(r.o.choice("layout", string(DirectoryLayout), string(BranchLayout)))
	p.Branch = r.branch()
	p.Apps, p.About = r.apps()
	p.StageLocal = r.stageLocal()
	p.Atomic = r.o.flag("atomic", false)
	p.Provenance = r.provenance()
	p.RollbackWindow = r.lasting("rollback_window")
	p.Retention = r.lasting("retention")
	if v, path := r.o.get("approvals"); v != nil {
		r.src.approvals(v, path)
	}
	r.readTargets()
	r.readStages()
	p.Expressions = r.src.expressions
	return r.project
}

// lasting reads a duration whose absence is for ever, which is the last thing that somebody means who writes none.
func (r *projectReader) lasting(name string) time.Duration {
	good := len(r.src.found)
	d := r.o.duration(name)
	if v, path := r.o.get(name); v != nil && d == 0 && len(r.src.found) == good {
		r.src.badValue(v, path, "leave it out for ever", v.text+" is no time at all")
	}
	return d
}

func (r *projectReader) checkVersion() {
	v, path := r.o.get("version")
	if v == nil {
		return
	}
	if n, ok := r.src.whole(v, path, 0, 1<<31); ok && n != FormatVersion {
		r.src.report(v.at, "config-version", "", args{"version": v.text, "want": count(FormatVersion)})
	}
}

func (r *projectReader) branch() string {
	v, path := r.o.get("branch")
	if v == nil {
		return "main"
	}
	name := r.src.text(v, path)
	if why := badBranch(name); name != "" && why != "" {
		r.src.badValue(v, path, "", why)
	}
	return name
}

// patterns reads a list of file patterns, each once.
func (r *projectReader) patterns(o object, name string) Patterns {
	items, path := o.list(name)
	if len(items) > maxPatterns {
		r.src.badValue(items[maxPatterns], path, "", "want at most "+count(maxPatterns)+" patterns")
		return nil
	}
	var out Patterns
	for i, item := range items {
		text := r.src.text(item, at(path, i))
		if text == "" {
			continue
		}
		if _, err := ParsePatterns([]string{text}); err != nil {
			r.src.badValue(item, at(path, i), "", err.Error())
		} else if slices.Contains(out, text) {
			r.src.badValue(item, at(path, i), "", "pattern "+text+" is written twice")
		}
		out = append(out, text)
	}
	return out
}

// stageLocal refuses patterns that leave nothing to promote: provenance is asked of promoted files alone.
func (r *projectReader) stageLocal() Patterns {
	out := r.patterns(r.o, "stage_local")
	i := out.coverAll()
	if i < 0 {
		return out
	}
	if items, path := r.o.list("stage_local"); len(out) == len(items) {
		r.src.badValue(items[i], at(path, i), "", "pattern "+out[i]+" leaves no file to promote, so nothing would ask where content comes from")
	}
	return out
}

func (r *projectReader) provenance() ProvenanceUnit {
	v, path := r.o.get("provenance")
	if v == nil {
		return ByRevision
	}
	o, ok := r.src.object(v, provenanceShape, path)
	if !ok {
		return ByRevision
	}
	return ProvenanceUnit(o.choice("unit", string(ByRevision), string(ByFile)))
}
