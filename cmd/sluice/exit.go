package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/schema"
)

// The exit codes of every command (DESIGN §10).
const (
	exitDone        = 0
	exitNo          = 1 // it worked and the answer is no
	exitUsage       = 2
	exitTampered    = 3
	exitForbidden   = 4
	exitUnavailable = 5
	exitConflict    = 6
	exitUnprovable  = 7
	exitPending     = 8 // still waiting at --timeout
	exitInterrupted = 130
)

// severity orders exit codes from worst to best (RULES R42).
func severity() []int {
	return []int{exitTampered, exitForbidden, exitUnavailable, exitConflict, exitUsage, exitUnprovable, exitNo, exitPending, exitInterrupted, exitDone}
}

func worse(a, b int) int {
	order := severity()
	if slices.Index(order, b) < slices.Index(order, a) {
		return b
	}
	return a
}

// answer ends a command with a code when everything was said already.
type answer struct{ code int }

func (a answer) Error() string { return fmt.Sprintf("exit %d", a.code) }

// failure is an error with the code it ends with and what to do next.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usageError(err error) error { return &failure{code: exitUsage, err: err} }

// class says what an error of a package means to a person: how the command ends, and the code whose cause and fix the
// registry has.
type class struct {
	is   error
	exit int
	code schema.Code
}

// classes is searched from the top: the first class that an error has decides.
func classes() []class {
	return []class{
		{ledger.ErrDoubt, exitTampered, "log-chain"},
		{ledger.ErrReplacedKey, exitUsage, "log-key-replaced"},
		{ledger.ErrUnknownFormat, exitUnprovable, "unknown-format"},
		{gitrepo.ErrMismatch, exitTampered, "malformed-object"},
		{gitrepo.ErrUnauthorized, exitForbidden, "repository-unauthorized"},
		{gitrepo.ErrForbidden, exitForbidden, "repository-forbidden"},
		{gitrepo.ErrRefused, exitForbidden, "push-refused"},
		{gitrepo.ErrHostKey, exitForbidden, "host-key"},
		{gitlab.ErrUnauthorized, exitForbidden, "forge-unauthorized"},
		{gitlab.ErrForbidden, exitForbidden, "forge-forbidden"},
		{gitlab.ErrArchived, exitForbidden, "project-archived"},
		{integrations.ErrForbidden, exitForbidden, integrations.CodeForbidden},
		{gitrepo.ErrNotFound, exitUsage, "repository-not-found"},
		{gitlab.ErrNotFound, exitUsage, "forge-lost-access"},
		{gitrepo.ErrEmpty, exitUsage, "repository-empty"},
		{gitrepo.ErrRedirected, exitUsage, "repository-redirected"},
		{reconciler.ErrNotSealed, exitUsage, "not-sealed"},
		{reconciler.ErrClock, exitUnavailable, "clock"},
		{gitrepo.ErrNoSpace, exitUnavailable, "disk-full"},
		{gitrepo.ErrUnreachable, exitUnavailable, "repository-unreachable"},
		{gitlab.ErrUnavailable, exitUnavailable, "forge-unavailable"},
		{gitlab.ErrIncomplete, exitUnavailable, "forge-incomplete"},
		{gitlab.ErrMissing, exitUnavailable, "forge-missing"},
		{integrations.ErrSettings, exitUsage, integrations.CodeSettings},
		{integrations.ErrFull, exitUnavailable, integrations.CodeFull},
		{integrations.ErrUnavailable, exitUnavailable, integrations.CodeUnavailable},
		{schema.ErrUnknownOutcome, exitUnavailable, "unknown-outcome"},
		{schema.ErrMoved, exitConflict, "ledger-moved"},
		{gitlab.ErrRefused, exitConflict, "forge-refused"},
		{integrations.ErrFenced, exitConflict, integrations.CodeFenced},
		{integrations.ErrTaken, exitConflict, integrations.CodeTaken},
		{integrations.ErrConflict, exitConflict, integrations.CodeConflict},
		{integrations.ErrBlocked, exitUsage, integrations.CodeBlocked},
		{gitrepo.ErrShallow, exitUnprovable, "shallow-clone"},
		{gitrepo.ErrMissing, exitUnprovable, "object-missing"},
		{ledger.ErrMissing, exitUnprovable, "history-missing"},
		{integrations.ErrTooLarge, exitNo, integrations.CodeTooLarge},
		{integrations.ErrInvalid, exitUsage, integrations.CodeInvalid},
		{integrations.ErrForeign, exitNo, integrations.CodeForeign},
		{provider.ErrRefused, exitTampered, "reader-refused"},
		{provider.ErrBackwards, exitTampered, "reader-refused"},
		{provider.ErrRejected, exitNo, "reader-rejected"},
		{provider.ErrRetired, exitNo, "reader-retired"},
		{provider.ErrUnavailable, exitUnavailable, "reader-unavailable"},
		{provider.ErrStale, exitUnavailable, "reader-unavailable"},
		{context.Canceled, exitInterrupted, ""},
	}
}

func classOf(err error) (class, bool) {
	for _, c := range classes() {
		if errors.Is(err, c.is) {
			return c, true
		}
	}
	return class{}, false
}

// exitCode is the worst that any of the joined causes ends with; what nobody has classified is a usage error.
func exitCode(err error) int {
	worst := exitDone
	for _, p := range problems(err) {
		worst = worse(worst, p.exit)
	}
	return worst
}
