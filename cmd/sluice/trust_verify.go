package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// maxTrustHistory bounds the walk of a history; more than that is no default branch.
const maxTrustHistory = 1_000_000

func (a *app) trustVerifyCommand(shared *trustFlags) *cobra.Command {
	return &cobra.Command{
		Use: "verify [REV]", Short: "Check the prepared version, or every version in a history", Args: cobra.MaximumNArgs(1),
		Long: `verify says of the version that the checkout prepares what it changes, who signed it and what it lacks. With REV it checks
every version of the trust directory in that commit's history, from the anchor on, each against the one before. It exits
with 0 when all is good, 1 when signatures or proofs are missing alone, 3 when a version is refused for another reason,
and 7 when it cannot be proven, for example without an anchor; it then prints the one it found.`,
		Example: `  sluice trust verify
  sluice trust verify origin/main --anchor sha256:...`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.trustVerifyHistory(c.Context(), *shared, args[0])
			}
			return a.trustVerify(c.Context(), *shared)
		},
	}
}

// trustVerify judges what the checkout prepares.
func (a *app) trustVerify(ctx context.Context, f trustFlags) error {
	d, err := a.openTrust(ctx, f)
	if err != nil {
		return err
	}
	if err := d.exists(); err != nil {
		return err
	}
	next, err := d.pending()
	if err != nil {
		refused := failure{err: err}
		var said *failure
		if errors.As(err, &said) {
			refused = *said
		}
		refused.code = exitTampered // whatever it is, this version is no next one
		return &refused
	}
	if next == nil {
		return a.nothingPrepared(d)
	}
	r := d.report(*next)
	if err := a.printTrust(r); err != nil {
		return err
	}
	switch {
	case len(r.Findings) > 0:
		return answer{exitTampered}
	case !r.Ready:
		return answer{exitNo}
	}
	return nil
}

func (a *app) nothingPrepared(d *trustDesk) error {
	root := d.force.Trust.Root
	if a.json() {
		return a.encode(trustReport{Version: root.Version, InForce: root.Version, Source: d.source, Ready: true, Changes: []trustChange{}, Next: []nextStep{}})
	}
	_, err := fmt.Fprintf(a.out, "trust version %d is in force %s, and the checkout has it unchanged\n", root.Version, d.source)
	return err
}
