package integrationstest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// many writes cells of every kind in one call: each gets the answer that it would get alone.
func (a *asker) many(t *testing.T) {
	const count = 61 // no multiple of any batch
	wants, answers := make([]integrations.Release, count), make([]error, count)
	for i := range wants {
		wants[i] = a.release(schema.App(fmt.Sprintf("app-%d", i)), 5, map[string]string{"app.yaml": fmt.Sprint(i)})
		answers[i] = a.prepare(t, i, wants[i])
	}
	for i, r := range integrations.ReadMany(t.Context(), a.target, wants) {
		alone, err := a.target.Read(t.Context(), wants[i])
		if fmt.Sprint(r.Observation) != fmt.Sprint(alone) || (r.Err == nil) != (err == nil) {
			t.Errorf("read %d: got %+v, %v, alone %+v, %v", i, r.Observation, r.Err, alone, err)
		}
	}
	for i, r := range integrations.WriteMany(t.Context(), a.target, wants) {
		if !errors.Is(r.Err, answers[i]) {
			t.Errorf("write %d: got %v, want %v", i, r.Err, answers[i])
		}
		if answers[i] == nil && (!r.Equal || r.Seq != 5 || r.Wrote != (i%7 != 1)) {
			t.Errorf("write %d: %+v", i, r.Observation)
		}
		if answers[i] == nil {
			a.Reads(t, wants[i])
		}
	}
	for i, r := range integrations.WriteMany(t.Context(), a.target, wants) {
		if !errors.Is(r.Err, answers[i]) || r.Wrote {
			t.Errorf("second write %d: %+v, %v", i, r.Observation, r.Err)
		}
	}
	if got := integrations.WriteMany(t.Context(), a.target, nil); len(got) != 0 {
		t.Errorf("nothing to write: %v", got)
	}
}

// prepare makes a place that is empty, equal, older, newer, foreign or another project's, and says what a write gets.
func (a *asker) prepare(t *testing.T, i int, want integrations.Release) error {
	switch i % 7 {
	case 1:
		a.write(t, want)
	case 2:
		a.write(t, a.release(want.Cell.App, 4, blue))
	case 3:
		a.write(t, a.release(want.Cell.App, 6, blue))
		return integrations.ErrFenced
	case 4:
		a.Put(t, want.Cell, "app.yaml", []byte("foreign"))
		return integrations.ErrForeign
	case 5:
		theirs := a.release(want.Cell.App, 5, blue)
		theirs.Project = "another"
		a.write(t, theirs)
		return integrations.ErrConflict
	case 6:
		if i == 6 {
			return nil // empty as well
		}
		a.write(t, a.release(want.Cell.App, 5, blue))
		return integrations.ErrConflict // forked
	}
	return nil
}
