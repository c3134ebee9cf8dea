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

// Write implements [integrations.Target]. It costs a read, and a transaction that writes the head only if it is still the
// one that was read, and reads it back.
//
// When the answer to the transaction is lost, whether it happened is found out by reading: etcd's client does not send
// a write twice.
func (t *Target) Write(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	key, err := t.headKey(want)
	if err != nil {
		return integrations.Observation{}, err
	}
	o := integrations.Observation{Place: key}
	if len(want.Document) > MaxInline {
		return o, &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrTooLarge,
			Why: fmt.Sprintf("the document has %d bytes, the limit is %d; split the app, or move large files out of its configuration", len(want.Document), MaxInline)}
	}
	var lost error
	for n := range attempts {
		have, err := t.observe(ctx, key, want)
		if err != nil {
			return have.Observation, errors.Join(err, lost)
		}
		if have.Equal && !have.Outdated {
			have.Wrote = lost != nil // ours, or another reconciler's of the same release
			return have.Observation, nil
		}
		after, done, err := t.replace(ctx, key, want, have)
		if done {
			return after.Observation, err
		}
		o, lost = have.Observation, errors.Join(lost, err)
		pause(ctx, time.Millisecond<<min(n, 7))
	}
	return o, &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrUnavailable,
		Why: fmt.Sprintf("not written in %d attempts: others write it too", attempts), Err: lost}
}

// replace puts the release where have was. It is not done when the head moved meanwhile, or when the answer was lost.
func (t *Target) replace(ctx context.Context, key string, want integrations.Release, have found) (after found, done bool, err error) {
	if err := t.spec.Permit(want, have.Observation); err != nil {
		return have, true, err
	}
	head, err := t.spec.SignHead(integrations.Next(want, true, have.Observation, have.head))
	if err != nil {
		return have, true, &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrInvalid, Err: err}
	}
	value, err := head.Encode()
	if err != nil {
		return have, true, &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrInvalid, Err: err}
	}
	unmoved := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(key), "=", have.revision)}
	response, err := t.txn(ctx, unmoved, append([]clientv3.Op{clientv3.OpPut(key, string(value))}, look(key, want)...))
	if err != nil {
		err = t.fail(key, err)
		return have, !errors.Is(err, integrations.ErrUnavailable) || ctx.Err() != nil, err
	}
	if !response.Succeeded {
		return have, false, nil
	}
	after = t.compare(key, want, response.Responses[1:])
	after.Wrote = true
	if !after.Equal {
		return after, true, t.fail(key, errReadBack)
	}
	return after, true, nil
}

// pause waits up to a limit, so that writers who met once do not meet again.
func pause(ctx context.Context, limit time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(limit)):
	}
}
