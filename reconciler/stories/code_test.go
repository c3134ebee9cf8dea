package stories_test

import (
	"errors"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// passCode is the exit code of RULES R42 for one pass: the worst class in the order 3, 4, 5, 6, 1, 0.
func passCode(r reconciler.Report) int {
	err := r.Err()
	for _, c := range []struct {
		is   []error
		code int
	}{
		{[]error{reconciler.ErrDoubt}, 3},
		{[]error{integrations.ErrForbidden, gitlab.ErrUnauthorized, gitlab.ErrForbidden, gitrepo.ErrUnauthorized, gitrepo.ErrForbidden}, 4},
		{[]error{integrations.ErrUnavailable, gitlab.ErrUnavailable, gitlab.ErrIncomplete, gitrepo.ErrUnreachable, reconciler.ErrClock}, 5},
		{[]error{schema.ErrMoved, integrations.ErrConflict}, 6},
		{[]error{integrations.ErrForeign}, 1},
	} {
		if c.code > 3 && r.Refused > 0 {
			return 3
		}
		for _, is := range c.is {
			if errors.Is(err, is) {
				return c.code
			}
		}
	}
	switch {
	case err != nil:
		return 2
	case r.Refused > 0:
		return 3
	case r.Held > 0 || r.Drifted > 0:
		return 1
	}
	return 0
}

func (w *world) signer(name string) *signing.SSHSigner {
	s, err := signing.LoadSSHSigner(w.team.Person(name).Key())
	w.must(err)
	return s
}
