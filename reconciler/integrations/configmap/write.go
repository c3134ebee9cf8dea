package configmap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// attempts bounds how often a write begins again because the object moved or the answer was lost.
const attempts = 16

// Write implements [integrations.Target]. Whether a write whose answer was lost has happened is found out by reading.
func (t *Target) Write(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	g, err := t.goalOf(want)
	o := integrations.Observation{Place: g.String()}
	if err != nil {
		return o, err
	}
	var lost error
	wrote := false
	for n := range attempts {
		have, err := t.observe(ctx, g)
		have.Wrote = wrote
		if err != nil {
			return have.Observation, errors.Join(err, lost)
		}
		if have.Equal && !have.Outdated {
			if wrote {
				t.prune(ctx, g, have)
			}
			return have.Observation, nil
		}
		err = t.step(ctx, g, have)
		wrote = wrote || err == nil || errors.Is(err, integrations.ErrUnavailable)
		if t.final(ctx, err) {
			return have.Observation, err
		}
		if o = have.Observation; err != nil {
			lost = t.lost(lost, err)
			pause(ctx, time.Millisecond<<min(n, 7))
		}
	}
	return o, &integrations.Error{Target: t.spec.Name, Key: g.String(), Class: integrations.ErrUnavailable,
		Why: fmt.Sprintf("not written in %d attempts: others write it too", attempts), Err: lost}
}

func (t *Target) lost(before, err error) error {
	if errors.Is(err, errMoved) {
		return before
	}
	return errors.Join(before, err)
}

// final reports whether an error ends a write: that an object moved, or that an answer was lost, is found out by reading.
func (t *Target) final(ctx context.Context, err error) bool {
	return err != nil && !errors.Is(err, errMoved) && (!errors.Is(err, integrations.ErrUnavailable) || ctx.Err() != nil)
}

// step is one write towards the release; after it everything is read and judged again.
func (t *Target) step(ctx context.Context, g goal, have found) error {
	if err := t.permit(g, have); err != nil {
		return err
	}
	raw, head, err := t.headOf(ctx, g, have)
	if err != nil {
		return err
	}
	if g.rolling {
		if err := t.ensureRelease(ctx, g, raw, head); err != nil {
			return err
		}
	}
	notes := g.notes(head)
	notes[noteKept] = keptNote(have)
	object := g.manifest(g.name, g.labels(partHead), notes, g.wanted(raw), false)
	switch {
	case have.object == nil:
		return t.create(ctx, g.place, object)
	case have.object.immutable:
		return t.replace(ctx, g, have, object)
	}
	if gone, moved := beyond(g, have, g.wanted(raw)); moved || len(gone) > 0 {
		return t.overwrite(ctx, g, have, object, gone)
	}
	return t.apply(ctx, g, have, object)
}

// permit is the one rule for all targets, and one more: two cells of the project may not be given one object, or they would
// take turns in it. Where the ledger knows that we were there, another cell's head was put there by somebody.
func (t *Target) permit(g goal, have found) error {
	if other := have.head.Body; have.Holder == integrations.Altered && !g.want.Applied && (other.Stage != g.want.Cell.Stage || other.App != g.want.Cell.App) && other.V != 0 {
		return t.error(g.String(), integrations.ErrTaken,
			fmt.Errorf("%s in %s has this object; write {stage} or {app} into namespace: or name: of the target in sluice.yaml, so that each has its own", other.App, other.Stage))
	}
	return t.spec.Permit(g.want, have.Observation)
}

// headOf is the head that belongs to the release: the one that is there if it says so, else one that is signed now.
func (t *Target) headOf(ctx context.Context, g goal, have found) ([]byte, integrations.Head, error) {
	if have.Holder == integrations.Us && !have.Outdated && have.head.Body.Equal(g.body) {
		return have.object.head(), have.head, nil
	}
	if g.rolling {
		if raw, head, err := t.unused(ctx, g); raw != nil || err != nil {
			return raw, head, err
		}
	}
	head, err := t.spec.SignHead(integrations.Next(g.want, false, have.Observation, have.head))
	if err != nil {
		return nil, head, t.error(g.String(), integrations.ErrInvalid, err)
	}
	raw, err := head.Encode()
	if err != nil {
		return nil, head, t.error(g.String(), integrations.ErrInvalid, err)
	}
	return raw, head, nil
}

// keptNote lists the foreign keys that were there before us. They are never pruned.
func keptNote(have found) string {
	kept := []string{}
	if have.object != nil {
		before, known := have.object.kept()
		if kept = before; !known || have.Holder != integrations.Us && have.Holder != integrations.Altered {
			kept = []string{}
			for _, key := range have.Foreign {
				kept = append(kept, key[len(have.Place)+1:])
			}
		}
	}
	note, err := json.Marshal(kept)
	if err != nil {
		return "[]"
	}
	return string(note)
}

// pause waits up to a limit, so that writers who met once do not meet again.
func pause(ctx context.Context, limit time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(limit)):
	}
}
