package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// Witness is a party outside that is asked to cosign the ledger's checkpoints (C2SP tlog-witness). Who it is stands in the
// trust root, under its name; what it answers counts by that key alone.
type Witness struct {
	Name   string
	Client WitnessClient
}

// WitnessClient carries a checkpoint to a witness, with the proof that its first old entries lead to it, and brings back
// signature lines. A [schema.WitnessConflict] is wrapped where the witness knows another size.
type WitnessClient interface {
	AddCheckpoint(ctx context.Context, old int64, proof []string, signed []byte) ([]byte, error)
}

// recosign is how old a quorum's cosignatures may grow before the witnesses are asked again though nothing was added:
// readers ask for young ones (THREATS 101).
const recosign = time.Hour

// askAgain is how long a witness that did not answer is left alone: passes do not wait for it each time.
const askAgain = time.Minute

// witnesses is what a reconciler remembers of its witnesses.
type witnesses struct {
	cosigned []byte               // newest checkpoint with cosignatures
	sizes    map[string]int64     // by witness, the size that it cosigned last
	asked    bool                 // since the start, or since a witness knew another ledger
	later    map[string]time.Time // those that did not answer are not asked before
}

// askFirst shows the ledger to the witnesses before anything is decided, once for each start: a machine that lost what it
// saw may be looking at another ledger. Who does not answer is no evidence.
func (p *pass) askFirst(ctx context.Context) error {
	if p.watched.asked {
		return nil
	}
	err := p.askWitnesses(ctx)
	p.watched.asked = !errors.Is(err, ErrDoubt)
	if p.watched.asked {
		return nil
	}
	return err
}

// askWitnesses asks for cosignatures of the newest checkpoint where they are missing or old, and keeps what it gets beside
// the live values. A witness that does not answer is no error; one that cosigned another ledger is ErrDoubt.
func (p *pass) askWitnesses(ctx context.Context) error {
	keys, err := p.rules.trust.Root.Witnesses.Parsed()
	if err != nil {
		return fmt.Errorf("read the witnesses of the trust root: %w", err)
	}
	if len(keys) == 0 || len(p.cfg.Witnesses) == 0 {
		return nil
	}
	signed, err := p.checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's checkpoint: %w", err)
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	var doubts []error
	before := signed
	for _, w := range p.cfg.Witnesses {
		i := slices.IndexFunc(keys, func(k schema.WitnessKey) bool { return k.Name == w.Name })
		if i < 0 {
			p.cfg.Log.Warn("a witness is not in the trust root; it is not asked", "witness", w.Name)
			continue
		}
		mu.Lock()
		old, later := p.watched.sizes[w.Name], p.watched.later[w.Name]
		mu.Unlock()
		if p.young(before, keys[i]) || p.now.Before(later) {
			continue
		}
		group.Go(func() {
			asking, span := part(ctx, "witness")
			lines, size, err := p.ask(asking, w, old, before)
			span.text("witness", w.Name).end(err)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				signed, err = p.take(signed, lines, keys[i])
			}
			switch {
			case err == nil:
				p.watched.sizes[w.Name] = size
			case errors.Is(err, ErrDoubt):
				doubts = append(doubts, err)
			default:
				p.watched.later[w.Name] = p.now.Add(askAgain)
				p.cfg.Log.Warn("no cosignature", "witness", w.Name, "error", err)
			}
		})
	}
	group.Wait()
	if err := errors.Join(doubts...); err != nil {
		p.watched.asked = false
		return err
	}
	return p.keepCosigned(ctx, before, signed, keys)
}

// young reports whether the witness cosigned this very checkpoint not long ago.
func (p *pass) young(signed []byte, key schema.WitnessKey) bool {
	have, err := ledger.Cosignatures(signed, []schema.WitnessKey{key})
	return err == nil && len(have) == 1 && p.now.Sub(have[0].At) < recosign
}

// ask shows the checkpoint, once more if the witness knows another size than we thought.
func (p *pass) ask(ctx context.Context, w Witness, old int64, signed []byte) (lines []byte, size int64, err error) {
	size = p.ledger.Checkpoint().Size
	for range 2 {
		proof, proofErr := p.ledger.Proof(ctx, old)
		if proofErr != nil {
			return nil, 0, proofErr
		}
		lines, err = w.Client.AddCheckpoint(ctx, old, proof, signed)
		var conflict *schema.WitnessConflict
		switch {
		case errors.Is(err, schema.ErrWitnessInconsistent):
			return nil, 0, &ledger.Doubt{Code: ledger.LogFork, Err: fmt.Errorf("witness %s: %w", w.Name, err)}
		case !errors.As(err, &conflict):
			return lines, size, err
		case conflict.Size > size:
			return nil, 0, p.witnessAhead(ctx, w.Name, conflict.Size, size)
		case old == size && (conflict.Size < 0 || conflict.Size == old):
			return nil, 0, &ledger.Doubt{Code: ledger.LogFork, Err: fmt.Errorf("witness %s cosigned another ledger of %d entries: %w", w.Name, old, err)}
		case conflict.Size < 0 || conflict.Size == old:
			return nil, 0, fmt.Errorf("it contradicts itself: %w", err)
		}
		old = conflict.Size
	}
	return nil, 0, err
}

// witnessAhead: another reconciler may have shown the witness what it appended meanwhile; then the ledger moved.
func (p *pass) witnessAhead(ctx context.Context, name string, theirs, ours int64) error {
	tip, err := p.cfg.Ledger.RemoteRef(ctx, p.cfg.LedgerRef)
	if err != nil || tip != p.ledger.Tip() {
		return fmt.Errorf("witness %s cosigned %d entries, this ledger has %d: %w", name, theirs, ours, ErrMoved)
	}
	return &ledger.Doubt{Code: ledger.LogRollback, Err: fmt.Errorf("%d entries, witness %s cosigned %d", ours, name, theirs)}
}

// take adds what a witness answered, if its key made it, now and of this checkpoint.
func (p *pass) take(signed, lines []byte, key schema.WitnessKey) ([]byte, error) {
	cosigned, c, err := ledger.Cosign(signed, lines, key)
	if err != nil {
		return signed, err
	}
	if d := c.At.Sub(p.now); d > witnessSkew || d < -witnessSkew {
		return signed, fmt.Errorf("cosigned at %s, it is %s: an old answer, or a clock is wrong", c.At.Format(time.RFC3339), p.now.Format(time.RFC3339))
	}
	return cosigned, nil
}
