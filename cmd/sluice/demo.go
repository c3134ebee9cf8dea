package main

import "github.com/spf13/cobra"

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{Use: "demo", Short: "Play a tour of sluice on this machine", RunE: func(*cobra.Command, []string) error { return nil }}
}
