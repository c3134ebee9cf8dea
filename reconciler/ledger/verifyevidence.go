package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// lostEvidence is evidence that an entry names and that is not there. It is no finding if a later entry expunges it.
type lostEvidence struct {
	digest  schema.Digest
	finding Finding
}

// bring puts the evidence of an append as the commit's tree holds it. A blob whose bytes are gone or wrong is reported and
// keeps its place, so that the rest of the tree can still be compared.
func (v *verifier) bring(ctx context.Context, g *growth, id, root schema.Hash) error {
	for _, e := range g.entries {
		if e.Order != nil && e.Order.Blob != "" {
			v.expunged[e.Order.Blob] = true
		}
	}
	named, err := g.named(ctx)
	if err != nil {
		return err
	}
	for d, held := range named {
		if held {
			continue // verified when it came
		}
		blob, err := v.evidence(ctx, root, g.form.EvidencePath(d), d)
		if err != nil {
			v.lose(g, id, d, err)
		}
		if !blob.IsZero() {
			g.writes = append(g.writes, write{path: g.form.EvidencePath(d), id: blob})
		}
	}
	return nil
}

// evidence returns the blob that lies where a digest's evidence has to, and what is wrong with it.
func (v *verifier) evidence(ctx context.Context, root schema.Hash, path string, d schema.Digest) (schema.Hash, error) {
	i, ok, err := v.at.store.find(ctx, root, path)
	if err != nil || !ok || i.dir {
		return schema.Hash{}, errors.Join(err, fmt.Errorf("evidence %s: %w", d, ErrMissing))
	}
	data, err := v.at.store.object(ctx, i.id, schema.BlobObject)
	if err != nil {
		return i.id, err
	}
	if have := schema.DigestOf(data); have != d {
		return i.id, fmt.Errorf("the blob holds %s", have)
	}
	return i.id, nil
}

func (v *verifier) lose(g *growth, id schema.Hash, d schema.Digest, err error) {
	f := Finding{Commit: id, Path: g.form.EvidencePath(d), Code: EvidenceMissing, Class: Unprovable, Detail: err.Error()}
	for _, e := range g.entries {
		for _, name := range e.Names() {
			if name == d && f.Seq == 0 {
				f.Seq = e.Seq
			}
		}
	}
	v.lost = append(v.lost, lostEvidence{d, f})
}

func (v *verifier) reportLost() {
	for _, l := range v.lost {
		if !v.expunged[l.digest] {
			v.find(l.finding)
		}
	}
}
