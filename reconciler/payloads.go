package reconciler

import (
	"context"
	"runtime"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// maxAhead is how many cells' documents are made before they are used.
const maxAhead = 1 << 10

// placed is an admission and the project as it was then, which says where its files are.
type placed struct {
	cell      schema.Cell
	admission ledger.Admission
	project   schema.Project
}

// payloadsAhead makes the documents that a part of the cells needs, on all processors: reading and parsing is most of what a first
// pass does itself. What cannot be read or made is left out here; it is told where it is asked for.
func (p *pass) payloadsAhead(ctx context.Context, cells []toCompare) {
	var needed []placed
	asked := map[schema.Digest]bool{}
	for _, cell := range cells {
		a := cell.state.Admitted
		_, made := p.made.payloads[a.Manifest]
		if made || asked[a.Manifest] || !cell.state.Whole() || a.Revision == schema.None {
			continue
		}
		asked[a.Manifest] = true
		if project, err := p.projectAt(ctx, a.Seq); err == nil {
			needed = append(needed, placed{schema.Cell{Stage: cell.state.Stage, App: cell.state.App}, a, project})
		}
	}
	made := makeAll(needed, func(at placed) (payload, error) { return p.payloadAt(ctx, at) })
	for i, one := range made {
		if one != nil {
			p.made.putPayload(needed[i].admission.Manifest, *one)
		}
	}
}

// makeAll makes something of each, as many at a time as there are processors; nil of what nothing can be made.
func makeAll[A, B any](of []A, one func(A) (B, error)) []*B {
	out := make([]*B, len(of))
	workers := min(runtime.GOMAXPROCS(0), len(of))
	works := make([]work, workers)
	for first := range works {
		works[first] = func() decide {
			for i := first; i < len(of); i += workers {
				if made, err := one(of[i]); err == nil {
					out[i] = &made
				}
			}
			return func() work { return nil }
		}
	}
	sideBySide(works, maxCompareGap, func() {})
	return out
}
