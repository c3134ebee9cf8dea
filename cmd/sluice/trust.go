package main

import "github.com/spf13/cobra"

// trustCommand holds the commands about who may do what.
func (a *app) trustCommand() *cobra.Command {
	var f trustFlags
	c := &cobra.Command{
		Use: "trust", Short: "Say who may do what: show, change and sign the trust directory", Args: knownCommand,
		Long: `trust works on .sluice/trust in the checkout. Each command that changes something prepares the next version, on top of the
one in force; several in a row make one version. The roots sign it, and a merge request with nothing else brings it in.
What the reconciler would refuse is refused at once, and nothing is written.`,
		Example: `  sluice trust show
  sluice trust add bob --key bob.pub --role author     prepares the next version
  sluice trust sign                                    signs it, after showing what it changes
  sluice trust verify                                  says what it still lacks`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	f.add(c)
	c.AddCommand(
		a.trustInitCommand(), a.trustShowCommand(&f), a.trustAddCommand(&f), a.trustRemoveCommand(&f), a.trustRevokeCommand(&f), a.trustRotateCommand(&f),
		a.trustRenewCommand(&f), a.trustThresholdCommand(&f), a.trustForgeCommand(&f), a.trustWitnessCommand(&f),
		a.trustProveCommand(&f), a.trustSignCommand(&f), a.trustVerifyCommand(&f),
	)
	return c
}
