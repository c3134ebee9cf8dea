package schema

import (
	"slices"
	"strings"
)

// gateKinds are the kinds of change that each gate of a stage is asked about.
type gateKinds struct{ promote, rollback, retire []Kind }

// kindsOf says it of a stage: new content enters where no stage leads to, and nothing is tuned where no file is a stage's own.
func (p Project) kindsOf(s Stage) gateKinds {
	k := gateKinds{promote: []Kind{Promote}, rollback: []Kind{Rollback}, retire: []Kind{Retire}}
	if !slices.ContainsFunc(p.Edges, func(e Edge) bool { return e.To == s.Name }) {
		k.promote = []Kind{Edit}
	}
	if len(p.StageLocal) > 0 {
		k.promote = append(k.promote, Tune)
	}
	return k
}

// maybe are the kinds of a promote gate, with tune: whether anything is tuned, files say.
func (k gateKinds) maybe() []Kind { return append(slices.Clone(k.promote), Tune) }

// adviceOnDropped finds a gate that lets a change through without approvals where the default one, which it replaces, asks for some. Who
// writes a number, be it 0, has said so.
func adviceOnDropped(s Stage, kinds gateKinds, about asking) Diagnostics {
	var out Diagnostics
	note := func(gate, replaced Gate, of []Kind, at Position, name string) {
		need := asked(replaced)
		passes := func(k Kind) bool {
			return !slices.ContainsFunc(gate, func(spec PolicySpec) bool { return asksApproval(spec, k, about) })
		}
		if need == 0 || at.Line == 0 || !slices.ContainsFunc(of, passes) {
			return
		}
		a := args{"stage": string(s.Name), "need": count(need)}
		if slices.ContainsFunc(gate.Leaves(), func(spec PolicySpec) bool { return spec.Name == "approvals" }) {
			a["some"] = "some changes"
		}
		if name == "promote" && s.Gates.RollbackAt.Line == 0 && len(s.Gates.Rollback) == 0 {
			a["rollback"] = "one for going back"
		}
		out = append(out, gateAdvice(at, len(name), "approvals-dropped", a))
	}
	note(s.Gates.Promote, s.Gates.Replaced.Promote, kinds.promote, s.Gates.PromoteAt, "promote")
	note(s.Gates.Rollback, s.Gates.Replaced.Rollback, kinds.rollback, s.Gates.RollbackAt, "rollback")
	note(s.Gates.Retire, s.Gates.Replaced.Retire, kinds.retire, s.Gates.RetireAt, "retire")
	return out
}

// asksApproval reports whether no change of a kind passes a policy without what it says of approvals.
func asksApproval(p PolicySpec, kind Kind, about asking) bool {
	about.kinds = []Kind{kind}
	if spec, err := p.Composed(); err == nil {
		asked, without := 0, 0
		for _, part := range spec.Of {
			if idleFor(part, kind) {
				continue // it is no way
			}
			asked++
			shut := slices.ContainsFunc(closed(part, about), func(s shut) bool { return !s.some })
			if !shut && !asksApproval(part, kind, about) {
				without++
			}
		}
		return without < min(spec.Need, asked)
	}
	if spec, err := p.When(); err == nil {
		return everyFile(spec.Apps) && everyFile(spec.Files) && (len(spec.Kinds) == 0 || slices.Contains(spec.Kinds, kind)) &&
			slices.ContainsFunc(spec.Then, func(part PolicySpec) bool { return asksApproval(part, kind, about) })
	}
	spec, err := p.Approvals()
	return err == nil && spec.asksEvery()
}

// idleFor reports whether a policy asks nothing of any change of a kind. One that promotes may tune as well.
func idleFor(p PolicySpec, kind Kind) bool {
	if spec, err := p.When(); err == nil {
		return len(spec.Kinds) > 0 && !slices.Contains(spec.Kinds, kind) && !slices.Contains(spec.Kinds, Tune)
	}
	return p.Name == "soak" && kind != Promote && kind != Retire
}

// sometimesIdle reports whether a policy may ask nothing of a change: it is no way of a choice then.
func sometimesIdle(p PolicySpec) bool {
	if spec, err := p.When(); err == nil {
		return len(spec.Apps)+len(spec.Files)+len(spec.Kinds) > 0
	}
	if spec, err := p.Approvals(); err == nil {
		return !spec.asksEvery()
	}
	if parts := p.Parts(); parts != nil {
		return !slices.ContainsFunc(parts, func(part PolicySpec) bool { return !sometimesIdle(part) })
	}
	return p.Name == "soak" || p.Name == "health"
}

// adviceOnWhen finds a when for kinds of change that its gate is never asked about.
func adviceOnWhen(s Stage, kinds gateKinds) Diagnostics {
	var out Diagnostics
	note := func(gate Gate, of []Kind, name string) {
		for _, p := range gate {
			for _, spec := range unseen(p, of) {
				a := args{"gate": name, "stage": string(s.Name), "kinds": kindWords(spec.Kinds)}
				out = append(out, gateAdvice(p.Position, len(p.Name), "when-never-asked", a))
			}
		}
	}
	note(s.Gates.Promote, kinds.maybe(), "promote")
	note(s.Gates.Rollback, kinds.rollback, "rollback")
	note(s.Gates.Retire, kinds.retire, "retire")
	return out
}

func unseen(p PolicySpec, of []Kind) []WhenSpec {
	var out []WhenSpec
	if spec, err := p.When(); err == nil && len(spec.Kinds) > 0 && !slices.ContainsFunc(spec.Kinds, func(k Kind) bool { return slices.Contains(of, k) }) {
		out = append(out, spec)
	}
	for _, part := range p.Parts() {
		out = append(out, unseen(part, of)...)
	}
	return out
}

func kindWords(kinds []Kind) string {
	var words []string
	for _, k := range kinds {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

// asked is the largest number of approvals that a gate names.
func asked(g Gate) int {
	most := 0
	for _, p := range g.Leaves() {
		if spec, err := p.Approvals(); err == nil {
			most = max(most, spec.Observed+spec.Signed)
		}
	}
	return most
}
