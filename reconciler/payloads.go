package reconciler

import (
	"context"
	"runtime"

	"github.com/sluice-gitops/sluice/schema"
)

// maxAhead is how many cells' content is read before the documents of it are made.
const maxAhead = 1 << 10

// unparsed is the content of an admission before its document is made; then it has that too, if one can be made.
type unparsed struct {
	name     schema.Digest // of the manifest
	manifest schema.Manifest
	files    map[string][]byte
	payload  *payload
}

// payloadsAhead makes the documents that a part of the cells needs, on all processors: parsing is most of what a first pass does
// itself. What cannot be read or made is left out here; it is told where it is asked for.
func (p *pass) payloadsAhead(ctx context.Context, cells []toCompare) {
	var found []unparsed
	asked := map[schema.Digest]bool{}
	for _, cell := range cells {
		a := cell.state.Admitted
		_, made := p.made.payloads[a.Manifest]
		if made || asked[a.Manifest] || !cell.state.Whole() || a.Revision == schema.None {
			continue
		}
		asked[a.Manifest] = true
		manifest, files, err := p.admittedContent(ctx, schema.Cell{Stage: cell.state.Stage, App: cell.state.App}, a)
		if err == nil {
			found = append(found, unparsed{name: a.Manifest, manifest: manifest, files: files})
		}
	}
	parseAll(found)
	for _, c := range found {
		if c.payload != nil {
			p.made.putPayload(c.name, *c.payload)
		}
	}
}

// parseAll makes the documents, as many at a time as there are processors.
func parseAll(found []unparsed) {
	var works []work
	workers := min(runtime.GOMAXPROCS(0), len(found))
	for first := range workers {
		works = append(works, func() decide {
			for i := first; i < len(found); i += workers {
				if made, bad := newPayload(found[i].manifest, found[i].files); bad == nil {
					found[i].payload = &made
				}
			}
			return func() work { return nil }
		})
	}
	sideBySide(works, maxCompareGap, func() {})
}
