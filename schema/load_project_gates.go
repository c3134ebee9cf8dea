package schema

import (
	"slices"
	"strings"
)

// gates reads the gates of a stage and fills in the default of each that is not written.
func (r *projectReader) gates(drafts []stageDraft, i int) Gates {
	d := drafts[i]
	written := object{src: r.src, path: join(d.path, "gates"), v: &value{kind: mapValue}}
	if d.gates != nil {
		o, ok := r.src.object(d.gates, gatesShape, written.path)
		if !ok {
			return Gates{}
		}
		written = o
	}
	var g Gates
	var ok bool
	if g.Promote, ok = r.gate(written, "promote"); !ok {
		g.Promote = r.defaultPromote(drafts, i)
	} else {
		g.Replaced.Promote = r.defaultPromote(drafts, i)
	}
	if g.Rollback, ok = r.gate(written, "rollback"); !ok {
		g.Rollback = r.defaultRollback(g.Promote)
	} else {
		g.Replaced.Rollback = r.defaultRollback(g.Promote)
	}
	if i == len(drafts)-1 {
		g.Replaced.Retire = r.defaultRetire(g.Promote)
	}
	if g.Retire, ok = r.gate(written, "retire"); !ok {
		g.Retire, g.Replaced.Retire = g.Replaced.Retire, nil
	}
	g.PromoteAt, g.RollbackAt, g.RetireAt = r.written(written, "promote"), r.written(written, "rollback"), r.written(written, "retire")
	r.checkBefore(g, d.stage.Name, drafts)
	return g
}

// gate reads a list of one-key maps; false if it is not written.
func (r *projectReader) gate(o object, name string) (Gate, bool) {
	m, written := o.v.field(name)
	if !written {
		return nil, false
	}
	return r.src.policies(m.value, join(o.path, name), true), true
}

// written is where a gate is; zero where it is a default.
func (r *projectReader) written(o object, name string) Position {
	m, ok := o.v.field(name)
	if !ok {
		return Position{}
	}
	return r.src.position(m.at)
}

// defaultPromote asks for approvals by the place of the stage in the lifecycle: none in the first and in testing, two in
// the last and in production, one in between (RULES R45). A project's own approvals: replaces the number where one is asked.
func (r *projectReader) defaultPromote(drafts []stageDraft, i int) Gate {
	name, need := drafts[i].stage.Name, 1
	switch {
	case i == len(drafts)-1, name == "production":
		need = 2
	case i == 0, name == "development", name == "testing":
		return nil
	}
	return r.approvalsGate(need)
}

func (r *projectReader) approvalsGate(need int) Gate {
	spec := PolicySpec{Name: "approvals", Value: float64(need), Position: Position{File: r.src.file}}
	if v, _ := r.o.get("approvals"); v != nil {
		spec.Value, spec.Position = v.plain(), r.src.position(v.at)
	}
	return Gate{spec}
}

// defaultRollback asks for one approval where going forward asks for any: back must be easier than forward.
func (r *projectReader) defaultRollback(promote Gate) Gate {
	for _, p := range promote.Leaves() {
		if p.Name != "approvals" {
			continue
		}
		if spec, err := p.Approvals(); err == nil && spec.Observed+spec.Signed > 0 {
			return Gate{{Name: "approvals", Value: float64(1), Position: Position{File: r.src.file}}}
		}
	}
	return nil
}

// defaultRetire asks for all the approvals that promotion asks for, and for two where none of these is asked of every change.
func (r *projectReader) defaultRetire(promote Gate) Gate {
	var out Gate
	every := false
	for _, p := range promote {
		if p.Name != "approvals" {
			continue
		}
		out = append(out, p)
		spec, err := p.Approvals()
		every = every || err != nil || spec.asksEvery() // what cannot be read is refused where it stands
	}
	if every {
		return out
	}
	return append(out, r.approvalsGate(2)...)
}

// checkBefore refuses what can never be satisfied of policies about the stage before: before the first stage, before a rollback, or
// of a stage that does not lead here.
func (r *projectReader) checkBefore(g Gates, stage StageName, all []stageDraft) {
	r.eachBefore(g.Rollback, nil, func(StageName) string { return "a rollback comes from the stage itself" })
	for _, p := range g.Rollback.Leaves() {
		if p.Name == "breaker" {
			at := span{p.Position.Line, p.Position.Column, len(p.Name)}
			r.src.report(at, "policy-misplaced", "", args{"policy": p.Name, "why": "it would keep a stage from going back because going back did not work"})
		}
	}
	before := r.project.before(stage)
	var near []string
	for _, s := range before {
		near = append(near, string(s))
	}
	judge := func(in StageName) string {
		switch {
		case len(before) == 0:
			return "no stage leads to " + string(stage)
		case in != "" && !slices.ContainsFunc(all, func(d stageDraft) bool { return d.stage.Name == in }):
			return "there is no stage " + string(in)
		case in != "" && !slices.Contains(before, in):
			return string(in) + " does not lead to " + string(stage)
		}
		return ""
	}
	r.eachBefore(g.Promote, near, judge)
	r.eachBefore(g.Retire, near, judge)
}

// eachBefore judges the policies about the stage before; near are the stages that one may have meant.
func (r *projectReader) eachBefore(g Gate, near []string, judge func(in StageName) string) {
	for _, p := range g.Leaves() {
		in, ok := p.stageBefore()
		if !ok {
			continue
		}
		at := span{p.Position.Line, p.Position.Column, len(p.Name)}
		if why := judge(in); why != "" {
			hint := didYouMean(string(in), near)
			if hint == "" && in != "" && len(near) > 0 {
				hint = "write in: " + strings.Join(near, " or in: ") + ", or leave it out for the stage that it is promoted from"
			}
			r.src.report(at, "policy-misplaced", hint, args{"policy": p.Name, "why": why})
		}
	}
}

// stageBefore returns the stage that a policy about the stage before names; ok is false for every other policy, and for one that
// was refused where it was read.
func (s PolicySpec) stageBefore() (in StageName, ok bool) {
	switch s.Name {
	case "soak":
		spec, err := s.Soak()
		return spec.In, err == nil
	case "health":
		spec, err := s.Health()
		return spec.In, err == nil
	}
	return "", false
}
