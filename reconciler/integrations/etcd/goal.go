package etcd

import (
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// MaxInline is the largest document that is put into a head, unless the operator says less. Larger ones lie in parts.
	MaxInline = 256 << 10
	// MaxDocument is the largest document at all: the flip names every part in one transaction, and ten generations are kept.
	MaxDocument = 8 << 20
)

// goal is what a release is at this target. It follows from the release and the settings alone.
type goal struct {
	place
	want   *integrations.Release
	body   integrations.Body
	parts  []part            // the manifest last; none where the document is inside the head
	mirror map[string]string // the flat mirror, by name below kv/; empty without one
	wrote  *written          // the head that was signed for it; nil before
}

// written is a head with its bytes.
type written struct {
	head  integrations.Head
	value []byte
}

// part is a key that never changes, with what it holds.
type part struct{ key, value string }

// goalOf refuses what the target cannot hold, before anything is asked or written.
func (t *Target) goalOf(want *integrations.Release) (goal, error) {
	p, err := t.placeOf(want)
	if err != nil {
		return goal{place: p}, err
	}
	g := goal{place: p, want: want}
	if len(want.Document) > MaxDocument {
		return g, t.tooLarge(p.head, fmt.Sprintf("the document has %d bytes, the limit is %d; split the app, or move large files out of its configuration", len(want.Document), MaxDocument))
	}
	g.body = integrations.NewBody(*want, len(want.Document) <= t.inline)
	if len(want.Document) > t.inline {
		if err := g.cut(); err != nil {
			return g, &integrations.Error{Target: t.spec.Name, Key: p.head, Class: integrations.ErrInvalid, Err: err}
		}
	}
	if g.mirror, err = mirrorOf(p.mode, *want, g.body.Doc); err != nil {
		return g, &integrations.Error{Target: t.spec.Name, Key: p.dir + mirrorDir, Class: integrations.ErrInvalid, Err: err}
	}
	if why := mirrorTooLarge(g.mirror); why != "" {
		return g, t.tooLarge(p.dir+mirrorDir, why)
	}
	return g, nil
}

func (t *Target) tooLarge(key, why string) error {
	return &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrTooLarge, Why: why}
}

// cut lays the document out in parts beside the head.
func (g *goal) cut() error {
	list, parts := integrations.CutDocument(g.want.Document)
	manifest, err := list.Encode()
	if err != nil {
		return err
	}
	dir := g.generation(list.Doc)
	for n, data := range parts {
		g.parts = append(g.parts, part{fmt.Sprintf("%sblob/%04d", dir, n), string(data)})
	}
	g.parts = append(g.parts, part{dir + "manifest", string(manifest)})
	g.body.Blobs = len(parts)
	return nil
}

// plain says that the head is all there is, so that many such cells fit into one transaction.
func (g goal) plain() bool {
	return len(g.parts) == 0 && g.mode == "" && !g.want.Prune
}

// Fits implements [integrations.Fitter].
func (t *Target) Fits(want integrations.Release) schema.Verdict {
	_, err := t.goalOf(&want)
	if err == nil {
		return schema.Verdict{Policy: "fits", Outcome: schema.Allow}
	}
	v := schema.Verdict{Policy: "fits", Outcome: schema.Deny, Code: integrations.Code(err), Args: map[string]string{"target": t.spec.Name}}
	if v.Code == integrations.CodeTooLarge && len(want.Document) > MaxDocument {
		v.Args["size"], v.Args["limit"] = fmt.Sprint(len(want.Document)), fmt.Sprint(MaxDocument)
		return v
	}
	v.Args["why"] = integrations.Reason(err)
	return v
}
