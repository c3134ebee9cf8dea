package lifecycle

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// Drawn is [Of] as people look at it: a gate that asks nothing beside what always holds, and one that its stage does not enforce, say so,
// so that a step does not look guarded by what holds nothing.
func Drawn(p schema.Project) Definition[schema.StageName, On] {
	d := Of(p)
	for i, s := range d.Steps {
		kind, asked := schema.Promote, s.To
		switch s.On.Event {
		case Archive:
			continue
		case Rollback:
			kind, asked = schema.Rollback, s.From
		case Retire:
			kind, asked = schema.Retire, s.From
		}
		stage, _ := p.Stage(asked)
		note := ""
		switch {
		case stage.Mode.Weak():
			note = ", not enforced: mode " + string(stage.Mode)
		case !stage.Gates.For(kind).Asks():
			note = ", which asks nothing more"
		}
		d.Steps[i].Guards = slices.Clone(s.Guards)
		for n := range s.Guards {
			d.Steps[i].Guards[n] += note
		}
	}
	return d
}
