package ledger

import (
	"bytes"
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// largeEvidence is from where on it is worth to push what differs.
const largeEvidence = 16 << 10

// nearest finds, for large evidence that is new, what is nearly the same among what the same entry names and the ledger holds
// already: an entry names a directory as it was before a change and after it. Whoever has the ledger before the append has that.
func (g *growth) nearest(ctx context.Context, held map[schema.Digest]bool, brought map[schema.Digest][]byte) (map[schema.Digest]*schema.Object, error) {
	near := map[schema.Digest]*schema.Object{}
	for _, e := range g.entries {
		var before, after []schema.Digest
		for _, d := range e.Evidence {
			switch {
			case len(brought[d]) < largeEvidence:
			case held[d]:
				before = append(before, d)
			case near[d] == nil:
				after = append(after, d)
			}
		}
		for _, d := range after {
			best, ok := mostAlike(before, brought, brought[d])
			if !ok {
				continue
			}
			i, ok, err := g.from.store.find(ctx, g.from.root, g.form.EvidencePath(best))
			if err != nil {
				return nil, err
			}
			if ok && !i.dir {
				near[d] = &schema.Object{Kind: schema.BlobObject, ID: i.id, Data: brought[best]}
			}
		}
	}
	return near, nil
}

// mostAlike picks the blob that has most in common with another, and at least half of it.
func mostAlike(from []schema.Digest, brought map[schema.Digest][]byte, with []byte) (best schema.Digest, ok bool) {
	most := len(with) / 2
	for _, d := range from {
		if n := alike(brought[d], with); n > most {
			best, most, ok = d, n, true
		}
	}
	return best, ok
}

// alike is how many bytes are the same at the same place in both, in whole pieces: counted from the beginning, and where one is
// longer also from the end.
func alike(a, b []byte) (same int) {
	const piece = 1 << 10
	for at := piece; at <= min(len(a), len(b)); at += piece {
		if bytes.Equal(a[at-piece:at], b[at-piece:at]) {
			same += piece
		}
		if len(a) != len(b) && bytes.Equal(a[len(a)-at:len(a)-at+piece], b[len(b)-at:len(b)-at+piece]) {
			same += piece
		}
	}
	return same
}
