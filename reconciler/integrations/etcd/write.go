package etcd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// attempts bounds how often a write begins again because the head moved or the answer was lost.
const attempts = 16

var errReadBack = errors.New("what was read back is not what was written")

// Write implements [integrations.Target]. Where the head is all there is, it costs a read, and a transaction that writes the
// head only if it is still the one that was read, and reads it back. Parts are written before, a mirror with the head or,
// where it is too large for one transaction, after it.
//
// When the answer to a transaction is lost, whether it happened is found out by reading: etcd's client does not send
// a write twice.
func (t *Target) Write(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	g, err := t.goalOf(&want)
	o := integrations.Observation{Place: g.head}
	if err != nil {
		return o, err
	}
	var lost error
	for n := range attempts {
		have, err := t.observe(ctx, g)
		if err != nil {
			return have.Observation, errors.Join(err, lost)
		}
		if have.Equal && !have.Outdated {
			t.prune(ctx, g, have)
			have.Wrote = lost != nil // ours, or another reconciler's of the same release
			return have.Observation, nil
		}
		after, done, err := t.replace(ctx, g, have)
		if done {
			return after.Observation, err
		}
		o, lost = have.Observation, errors.Join(lost, err)
		pause(ctx, time.Millisecond<<min(n, 7))
	}
	return o, &integrations.Error{Target: t.spec.Name, Key: g.head, Class: integrations.ErrUnavailable,
		Why: fmt.Sprintf("not written in %d attempts: others write it too", attempts), Err: lost}
}

// replace puts the release where have was. It is not done when the head moved meanwhile, or when an answer was lost.
func (t *Target) replace(ctx context.Context, g goal, have found) (after found, done bool, err error) {
	if err := t.spec.Permit(*g.want, have.Observation); err != nil {
		return have, true, err
	}
	if len(have.strangers) > 0 {
		if done, err := t.removeStrangers(ctx, g, have); !done {
			return have, t.final(ctx, err), err
		}
		return t.readBack(ctx, g)
	}
	if g.wrote, err = t.signed(g, have); err != nil {
		return have, true, err
	}
	if g.plain() && have.listed == 0 {
		return t.replaceHead(ctx, g, have)
	}
	if done, err := t.putParts(ctx, g, &have); !done {
		return have, t.final(ctx, err), err
	}
	done, err = t.flip(ctx, g, have)
	if !done {
		return have, t.final(ctx, err), err
	}
	return t.readBack(ctx, g)
}

// signed is the head that says the goal and follows what was found.
func (t *Target) signed(g goal, have found) (*written, error) {
	head, err := t.spec.SignHead(bodyAfter(g, have))
	if err == nil {
		var value []byte
		if value, err = head.Encode(); err == nil {
			return &written{head, value}, nil
		}
	}
	return nil, &integrations.Error{Target: t.spec.Name, Key: g.head, Class: integrations.ErrInvalid, Err: err}
}

// bodyAfter is what the head of the goal says after what was found.
func bodyAfter(g goal, have found) integrations.Body {
	return g.body.After(have.Observation, have.head)
}

// putHead writes the head that was signed.
func putHead(g goal) clientv3.Op {
	op := clientv3.OpPut(g.head, "")
	op.WithValueBytes(g.wrote.value) // not copied
	return op
}

// final reports whether an error ends a write: what only may not have arrived is found out by reading.
func (t *Target) final(ctx context.Context, err error) bool {
	return err != nil && (!errors.Is(err, integrations.ErrUnavailable) || ctx.Err() != nil)
}

// replaceHead is the whole write of a cell that lies in its head alone.
func (t *Target) replaceHead(ctx context.Context, g goal, have found) (after found, done bool, err error) {
	ops := append([]clientv3.Op{putHead(g)}, look(g, maxForeign)...)
	response, err := t.txn(ctx, []clientv3.Cmp{unmoved(g.head, have.revision)}, ops)
	if err != nil {
		err = t.fail(g.head, err)
		return have, t.final(ctx, err), err
	}
	if !response.Succeeded {
		return have, false, nil
	}
	l := seen(g, response.Responses[1:])
	if !l.complete {
		return t.readBack(ctx, g)
	}
	after = t.compare(g, l)
	after.Wrote = true
	if !after.Equal {
		return after, true, t.fail(g.head, errReadBack)
	}
	return after, true, nil
}

// readBack looks at a cell that took more than one transaction. Others may have written meanwhile: then it is judged anew.
func (t *Target) readBack(ctx context.Context, g goal) (after found, done bool, err error) {
	after, err = t.observe(ctx, g)
	if err != nil || !after.Equal {
		return after, false, err
	}
	t.prune(ctx, g, after)
	after.Wrote = true
	return after, true, nil
}

// unmoved is the condition that a key is as it was read; 0 is that it is not there.
func unmoved(key string, revision int64) clientv3.Cmp {
	return clientv3.Compare(clientv3.ModRevision(key), "=", revision)
}

// pause waits up to a limit, so that writers who met once do not meet again.
func pause(ctx context.Context, limit time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(limit)):
	}
}
