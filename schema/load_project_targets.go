package schema

import (
	"maps"
	"slices"
	"strings"
)

// readTargets reads the targets that a stage uses unless it says otherwise.
func (r *projectReader) readTargets() {
	v, path := r.o.get("targets")
	if v == nil {
		return
	}
	if v.kind != mapValue {
		r.src.wrongType(v, path, "a map of names, like etcd: {}")
		return
	}
	for _, m := range v.fields {
		if err := CheckSegment(m.key); err != nil {
			r.src.report(m.at, "bad-value", "", args{"field": join(path, m.key), "why": err.Error()})
			continue
		}
		target := r.target(m.value, targetShape, join(path, m.key), StageTarget{Name: m.key, Required: true})
		r.targets = append(r.targets, target)
		r.project.Targets = append(r.project.Targets, m.key)
	}
	slices.Sort(r.project.Targets)
	slices.SortFunc(r.targets, func(a, b StageTarget) int { return strings.Compare(a.Name, b.Name) })
}

// target lays the settings of a map over those of base.
func (r *projectReader) target(v *value, id shapeID, path string, base StageTarget) StageTarget {
	if v == nil || v.kind == nullValue {
		return base
	}
	o, ok := r.src.object(v, id, path)
	if !ok {
		return base
	}
	out := StageTarget{
		Name: base.Name, Required: o.flag("required", base.Required), Settings: maps.Clone(base.Settings),
		Report: o.either("drift", "heal", "report", base.Report), Prune: o.either("foreign", "report", "prune", base.Prune),
	}
	for _, m := range v.fields {
		if slices.Contains(shapes[id].optional, m.key) || !o.allowed(shapes[id], m) {
			continue
		}
		if text, ok := r.setting(m, join(path, m.key)); ok {
			if out.Settings == nil {
				out.Settings = map[string]string{}
			}
			out.Settings[m.key] = text
		}
	}
	return out
}

// either reads a choice of two words, of which the second is true.
func (o object) either(name, no, yes string, otherwise bool) bool {
	if v, _ := o.get(name); v == nil {
		return otherwise
	}
	return o.choice(name, no, yes) == yes
}

// setting reads one logical setting. Which ones there are is the target's business; that none of them is an address or a
// credential is ours.
func (r *projectReader) setting(m member, path string) (string, bool) {
	a := args{"field": path, "name": m.key}
	switch {
	case looksOperator(m.key):
		r.src.report(m.at, "operator-only", "", a)
	case m.value.kind == stringValue && strings.Contains(m.value.text, "://"):
		r.src.report(m.value.at, "operator-only", "", a)
	case m.value.kind == stringValue:
		text := r.src.text(m.value, path)
		return text, text != ""
	case m.value.kind == boolValue || m.value.kind == numberValue:
		return m.value.text, true
	default:
		r.src.wrongType(m.value, path, "text, a number, or true or false")
	}
	return "", false
}

// stageTargets reads the targets of one stage: all of the project's if it names none, else those of a list of names or of a
// map of names with settings of its own.
func (r *projectReader) stageTargets(o object) []StageTarget {
	m, written := o.v.field("targets")
	if !written {
		return slices.Clone(r.targets)
	}
	path := join(o.path, "targets")
	var out []StageTarget
	switch m.value.kind {
	case listValue:
		for i, item := range m.value.items {
			if base, ok := r.declared(item, at(path, i), r.src.text(item, at(path, i))); ok {
				out = append(out, base)
			}
		}
	case mapValue:
		for _, t := range m.value.fields {
			if base, ok := r.declared(&value{at: t.at}, join(path, t.key), t.key); ok {
				out = append(out, r.target(t.value, stageTargetShape, join(path, t.key), base))
			}
		}
	default:
		r.src.wrongType(m.value, path, "a list of target names, or a map of them")
	}
	slices.SortFunc(out, func(a, b StageTarget) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(out); i++ {
		if out[i].Name == out[i-1].Name {
			r.src.badValue(m.value, path, "", "target "+out[i].Name+" is named twice")
		}
	}
	return out
}

func (r *projectReader) declared(v *value, path, name string) (StageTarget, bool) {
	if name == "" {
		return StageTarget{}, false
	}
	for _, t := range r.targets {
		if t.Name == name {
			return t, true
		}
	}
	if looksOperator(name) {
		r.src.report(v.at, "operator-only", "", args{"field": path, "name": name})
	} else {
		r.src.report(v.at, "unknown-target", didYouMean(name, r.project.Targets), args{"target": name})
	}
	return StageTarget{}, false
}
