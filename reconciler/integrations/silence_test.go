package integrations_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// answers is a target that answers each question by the next of its errors.
type answers struct {
	integrations.Target
	errs  []error
	asked int
}

func (a *answers) Read(context.Context, integrations.Release) (integrations.Observation, error) {
	a.asked++
	return integrations.Observation{Equal: a.errs[a.asked-1] == nil}, a.errs[a.asked-1]
}

func TestATargetThatDoesNotAnswerIsGivenUp(t *testing.T) {
	silent := error(&integrations.Error{Target: "etcd", Key: "/a", Class: integrations.ErrUnavailable, Silent: true})
	busy := error(&integrations.Error{Target: "etcd", Key: "/a", Class: integrations.ErrUnavailable})
	for _, r := range []struct {
		sentence string
		errs     []error
		asked    int
	}{
		{"two in a row are enough", []error{nil, silent, silent, nil, nil}, 3},
		{"an answer between begins anew", []error{silent, nil, silent, nil, silent}, 5},
		{"a refusal is an answer", []error{silent, busy, silent, busy, busy}, 5},
		{"what may get better for one cell alone says nothing of others", []error{busy, busy, busy, busy, busy}, 5},
	} {
		target := &answers{errs: r.errs}
		results := integrations.ReadMany(t.Context(), target, make([]integrations.Release, len(r.errs)))
		if target.asked != r.asked {
			t.Errorf("%s: asked %d times, want %d", r.sentence, target.asked, r.asked)
		}
		for i, got := range results {
			asked := i < r.asked
			if asked && !errors.Is(got.Err, r.errs[i]) || !asked && (!integrations.Silent(got.Err) || integrations.Code(got.Err) != integrations.CodeUnavailable) {
				t.Errorf("%s: %d: got %v", r.sentence, i, got.Err)
			}
		}
	}
}
