package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
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
)

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

// classes maps what packages say to exit codes; the first that matches decides, worst first (RULES R42).
var classes = []struct {
	is   error
	code int
	hint string
}{
	{ledger.ErrDoubt, exitTampered, "do not repair the ledger by hand; compare it with another clone: sluice audit verify"},
	{ledger.ErrUnknownFormat, exitUnprovable, "a newer sluice wrote this"},
	{gitrepo.ErrUnauthorized, exitForbidden, "check the token or key file of the repository"},
	{gitrepo.ErrForbidden, exitForbidden, "the account may not do this in the repository"},
	{gitrepo.ErrRefused, exitForbidden, "the server refused the push: protect the ledger's branch so that only the reconciler's account may push to it"},
	{gitlab.ErrUnauthorized, exitForbidden, "the token is wrong or has expired; put a new one into the token file"},
	{gitlab.ErrForbidden, exitForbidden, "the token needs scope read_api and role Reporter"},
	{integrations.ErrForbidden, exitForbidden, "check the target's credentials"},
	{gitrepo.ErrNotFound, exitUsage, "check the address; a private repository looks like a missing one to a token without access"},
	{gitlab.ErrNotFound, exitUsage, "check the project's path or number; a private project looks like a missing one to a token without access"},
	{gitrepo.ErrEmpty, exitUsage, "push a first commit, then: sluice init"},
	{gitrepo.ErrRedirected, exitUsage, "put the new address into the operator's file"},
	{reconciler.ErrNotSealed, exitUsage, "in a checkout: sluice init, push, then sluice init --seal"},
	{reconciler.ErrClock, exitUnavailable, "set this machine's clock"},
	{gitrepo.ErrUnreachable, exitUnavailable, "trying again may help"},
	{gitrepo.ErrNoSpace, exitUnavailable, "make room on the disk of the state directory"},
	{gitlab.ErrUnavailable, exitUnavailable, "trying again may help"},
	{gitlab.ErrIncomplete, exitUnavailable, "trying again may help"},
	{integrations.ErrUnavailable, exitUnavailable, "trying again may help"},
	{schema.ErrUnknownOutcome, exitUnavailable, "trying again will find out"},
	{schema.ErrMoved, exitConflict, "somebody else wrote the ledger; run again"},
	{integrations.ErrConflict, exitConflict, "another writer owns the place"},
	{gitrepo.ErrShallow, exitUnprovable, "fetch the whole history: git fetch --unshallow"},
	{gitrepo.ErrMissing, exitUnprovable, "fetch what is missing: git fetch origin '+refs/heads/*:refs/remotes/origin/*'"},
	{ledger.ErrMissing, exitUnprovable, ""},
	{integrations.ErrForeign, exitNo, "adopt or overwrite it explicitly"},
	{context.Canceled, 130, ""},
}

func exitCode(err error) int {
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	for _, c := range classes {
		if errors.Is(err, c.is) {
			return c.code
		}
	}
	return exitUsage
}

func hintOf(err error) string {
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		return f.hint
	}
	for _, c := range classes {
		if errors.Is(err, c.is) {
			return c.hint
		}
	}
	return ""
}

// printError writes what went wrong and what to do next, findings in files with their source line.
func (a *app) printError(command *cobra.Command, err error) {
	var found schema.Diagnostics
	if errors.As(err, &found) && !a.json() {
		a.printDiagnostics(found)
		return
	}
	if a.json() {
		_ = json.NewEncoder(a.errs).Encode(map[string]any{
			"kind": "Error", "exitCode": exitCode(err), "message": err.Error(), "hint": hintOf(err),
		})
		return
	}
	fmt.Fprintf(a.errs, "sluice: %s\n", schema.Printable(err.Error()))
	hint := hintOf(err)
	if hint == "" && exitCode(err) == exitUsage && command != nil {
		hint = command.CommandPath() + " --help"
	}
	if hint != "" {
		fmt.Fprintf(a.errs, "hint: %s\n", hint)
	}
}

func (a *app) printDiagnostics(found schema.Diagnostics) {
	for i, d := range found {
		if i > 0 {
			fmt.Fprintln(a.errs)
		}
		d.Render(a.errs, a.colored())
	}
}
