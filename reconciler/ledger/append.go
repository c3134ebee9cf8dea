package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Batch is an append that is not pushed yet.
type Batch struct {
	Old     schema.Hash     // the branch has to be here; zero: it does not exist yet
	New     schema.Hash     // the commit
	Objects []schema.Object // blobs, trees, then the commit
	Entries []Entry         // as written
	// Ledger is the ledger after the push. It reads the objects of this batch from memory; store them where it reads from
	// before the next append on it.
	Ledger *Ledger
}

// Append makes the commit that adds entries, in their order. It fills in V, Seq, Prev, Project and At (at, or the time of
// the entry before if that is later), folds the state, and signs. evidence holds the blobs that the entries name and the
// ledger does not hold yet. Nothing is written: the caller pushes the objects with compare-and-swap on Old.
func (l *Ledger) Append(ctx context.Context, at time.Time, entries []Entry, evidence [][]byte, sign Signer) (Batch, error) {
	if len(entries) == 0 {
		return Batch{}, errors.New("append to ledger: no entries")
	}
	if !l.accepts(sign) {
		return Batch{}, errors.New("append to ledger: the log key is not one that the trust root names")
	}
	if s := l.head.Signer; s != nil && s.Key != FormatLogKey(sign.PublicKey()) {
		return Batch{}, fmt.Errorf("append to ledger: %w: entry #%d put another in its place", ErrReplacedKey, s.Seq)
	}
	filled, raws, err := l.fill(at, entries)
	if err != nil {
		return Batch{}, fmt.Errorf("append to ledger: %w", err)
	}
	g := l.growth(filled, raws)
	if err := g.bring(ctx, evidence); err != nil {
		return Batch{}, fmt.Errorf("append to ledger: %w", err)
	}
	if err := g.fold(ctx); err != nil {
		return Batch{}, fmt.Errorf("append to ledger: %w", err)
	}
	if err := g.close(ctx, sign); err != nil {
		return Batch{}, fmt.Errorf("append to ledger: %w", err)
	}
	for i, o := range g.objects {
		g.objects[i].Near = g.near[o.ID]
	}
	return Batch{Old: l.tip, New: g.next.tip, Objects: g.objects, Entries: filled, Ledger: g.next}, nil
}

func (l *Ledger) accepts(sign Signer) bool {
	for _, key := range l.keys {
		if key.Equal(sign.PublicKey()) {
			return true
		}
	}
	return false
}

// fill numbers and chains the entries and returns their bytes.
func (l *Ledger) fill(at time.Time, entries []Entry) (filled []Entry, raws [][]byte, err error) {
	at = instant(at)
	if at.Before(l.head.At) {
		at = l.head.At
	}
	prev := l.head.Last
	for i, e := range entries {
		e.V, e.Seq, e.Prev, e.Project, e.At = Version, l.edge.size+int64(i)+1, prev, l.opts.Project, at
		raw, err := Encode(e)
		if err != nil {
			return nil, nil, err
		}
		written, err := Decode(raw) // what is folded is what everybody will read
		if err != nil {
			return nil, nil, err
		}
		prev = schema.DigestOf(raw)
		filled, raws = append(filled, written), append(raws, raw)
	}
	return filled, raws, nil
}

// bring adds the evidence that the volume does not hold, from an older one where it is not brought. Every digest that an entry
// names has to be there, and every blob has to be named.
func (g *growth) bring(ctx context.Context, evidence [][]byte) error {
	brought := make(map[schema.Digest][]byte, len(evidence))
	for _, data := range evidence {
		brought[schema.DigestOf(data)] = data
	}
	named, err := g.named(ctx)
	if err != nil {
		return err
	}
	near, err := g.nearest(ctx, named, brought)
	if err != nil {
		return err
	}
	for d, held := range named {
		if data, ok := brought[d]; !held {
			if !ok {
				if data, err = g.from.Evidence(ctx, d); err != nil {
					return err
				}
			}
			g.near[g.put(g.form.EvidencePath(d), data)] = near[d]
		}
		delete(brought, d)
	}
	for d := range brought {
		return fmt.Errorf("evidence %s is named by no entry", d)
	}
	return nil
}

// close writes the checkpoint, the tree and the signed commit.
func (g *growth) close(ctx context.Context, sign Signer) error {
	signed, err := g.next.Checkpoint().Sign(sign)
	if err != nil {
		return err
	}
	if err := g.plant(ctx, signed); err != nil {
		return err
	}
	payload := newCommit(g.next.root, g.from.tip, g.next.head.Project, g.next.head.At, message(g.entries))
	armored, err := sign.SignCommit(payload)
	if err != nil {
		return fmt.Errorf("sign commit: %w", err)
	}
	g.next.tip = g.object(schema.CommitObject, signCommit(payload, armored))
	return nil
}
