package schema

import "slices"

// DefaultStages are the five stages of the default lifecycle, each after the one before (DESIGN §4).
func DefaultStages() []StageName {
	return []StageName{"development", "testing", "staging", "gray", "production"}
}

// maxStages bounds the lifecycle; it is compared pair by pair.
const maxStages = 100

// stageDraft is a stage as written, with the places that later checks point at.
type stageDraft struct {
	stage  Stage
	at     span // of the name
	where  span // of place or branch; of the name where it is a default
	after  []stageRef
	gates  *value
	path   string
	linked bool // after is written
}

type stageRef struct {
	name StageName
	at   span
}

func (r *projectReader) readStages() {
	drafts, complete := r.drafts()
	if complete && r.link(drafts) {
		r.checkGraph(drafts)
	}
	r.checkPlaces(drafts)
	for i := range drafts {
		drafts[i].stage.Gates = r.gates(drafts, i)
	}
	for _, d := range drafts {
		r.project.Stages = append(r.project.Stages, d.stage)
	}
}

// drafts reads the stages one by one; false if one of them has no name, so that nothing can be said of the others' order.
func (r *projectReader) drafts() ([]stageDraft, bool) {
	v, path := r.o.get("stages")
	switch {
	case v == nil, v.kind == stringValue && v.text == "default":
		return r.defaultDrafts(v), true
	case v.kind == stringValue:
		r.src.badValue(v, path, didYouMean(v.text, []string{"default"}), `want "default" or a list of stages`)
		return nil, false
	case v.kind != listValue:
		r.src.wrongType(v, path, `"default" or a list of stages, each with a name`)
		return nil, false
	case len(v.items) == 0:
		r.src.badValue(v, path, "", "want at least one stage")
	case len(v.items) > maxStages:
		r.src.badValue(v, path, "", "want at most "+count(maxStages)+" stages")
		return nil, false
	}
	var out []stageDraft
	for i, item := range v.items {
		if d, ok := r.draft(item, at(path, i)); ok {
			out = append(out, d)
		}
	}
	return out, r.checkNames(out) && len(out) == len(v.items) && len(out) > 0
}

func (r *projectReader) defaultDrafts(v *value) []stageDraft {
	var where span
	if v != nil {
		where = v.at
	}
	var out []stageDraft
	for _, name := range DefaultStages() {
		d := stageDraft{stage: Stage{Name: name, Proposes: true, Mode: Enforce}, at: where, where: where, path: "stages"}
		r.placeByDefault(&d.stage)
		d.stage.Targets = slices.Clone(r.targets)
		out = append(out, d)
	}
	return out
}

func (r *projectReader) placeByDefault(s *Stage) {
	if r.project.Layout == BranchLayout {
		s.Branch = "stage/" + string(s.Name)
		return
	}
	s.Place = "stages/" + string(s.Name)
}

func (r *projectReader) draft(v *value, path string) (stageDraft, bool) {
	o, ok := r.src.object(v, stageShape, path)
	if !ok {
		return stageDraft{}, false
	}
	name, namePath := o.get("name")
	if name == nil {
		return stageDraft{}, false
	}
	d := stageDraft{stage: Stage{Name: StageName(r.src.text(name, namePath))}, at: name.at, where: name.at, path: path}
	r.checkName(name, namePath)
	r.placeByDefault(&d.stage)
	r.place(o, &d)
	d.stage.Targets = r.stageTargets(o)
	d.stage.Proposes = o.choice("promote", "auto", "manual") == "auto"
	d.stage.Mode, d.stage.ModeAt = r.mode(o)
	d.stage.Merges = o.choice("merge", "manual", "auto") == "auto"
	d.stage.Gray = r.src.gray(o)
	d.gates, _ = o.get("gates")
	if m, written := o.v.field("after"); written {
		d.linked = true
		d.after = r.refs(m.value, join(path, "after"))
	}
	return d, true
}

// mode reads how far a stage is enforced. A word that is no mode is refused, and until it is mended the stage enforces.
func (r *projectReader) mode(o object) (StageMode, Position) {
	mode := StageMode(o.choice("mode", string(Enforce), string(Warn), string(Observe)))
	v, _ := o.get("mode")
	if v == nil || !mode.Weak() {
		return Enforce, Position{}
	}
	return mode, r.src.position(v.at)
}

func (r *projectReader) checkName(v *value, path string) {
	if v.kind != stringValue {
		return
	}
	if err := CheckSegment(v.text); err != nil {
		r.src.badValue(v, path, "", err.Error())
	} else if v.text == "draft" || v.text == "archived" {
		r.src.badValue(v, path, "", v.text+" is a node of every lifecycle, not a stage")
	}
}

// refs reads after: a name or a list of names.
func (r *projectReader) refs(v *value, path string) []stageRef {
	if v.kind == stringValue {
		return []stageRef{{StageName(v.text), v.at}}
	}
	if v.kind != listValue {
		r.src.wrongType(v, path, "a list of stage names")
		return nil
	}
	var out []stageRef
	for i, item := range v.items {
		if text := r.src.text(item, at(path, i)); text != "" {
			out = append(out, stageRef{StageName(text), item.at})
		}
	}
	return out
}

func (r *projectReader) checkNames(drafts []stageDraft) bool {
	unique := true
	lines := map[StageName]int{}
	for _, d := range drafts {
		if line, taken := lines[d.stage.Name]; taken {
			r.src.report(d.at, "duplicate-stage", "", args{"stage": string(d.stage.Name), "line": count(line)})
			unique = false
		}
		lines[d.stage.Name] = d.at.line
	}
	return unique
}
