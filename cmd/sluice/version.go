package main

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json() {
				return a.encode(map[string]string{"version": version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(a.out, "sluice %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// commandsCommand lists what the binary has, for the test that holds the manual to it.
func (a *app) commandsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "commands", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.encode(map[string]any{"commands": describe(c.Root())})
		},
	}
}

type commandFlag struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
}

type commandInfo struct {
	Path     string        `json:"path"`
	Runnable bool          `json:"runnable"`
	Flags    []commandFlag `json:"flags"`
}

func describe(c *cobra.Command) []commandInfo {
	if c.Hidden || c.Name() == "help" {
		return nil
	}
	info := commandInfo{Path: c.CommandPath(), Runnable: c.Runnable(), Flags: []commandFlag{}}
	flags := c.LocalFlags()
	if !c.HasParent() {
		flags = c.PersistentFlags()
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			info.Flags = append(info.Flags, commandFlag{Name: f.Name, Usage: f.Usage})
		}
	})
	out := []commandInfo{info}
	for _, child := range c.Commands() {
		out = append(out, describe(child)...)
	}
	return out
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
