package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain [CODE]", Short: "Say what a code means and what to do about it", Args: cobra.MaximumNArgs(1),
		Long: `explain says of a code that stands in [brackets] in messages, in the ledger and on the page why it happens and what to do,
and shows a case of it. Without a code it lists all of them.`,
		Example: `  sluice explain unsigned`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return words(schema.Codes()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listCodes()
			}
			return a.explain(schema.Code(args[0]))
		},
	}
}

// explanation is what explain answers.
type explanation struct {
	Code    schema.Code `json:"code"`
	Title   string      `json:"title"`
	Cause   string      `json:"cause"`
	Fix     string      `json:"fix"`
	Example string      `json:"example"`
	Warning bool        `json:"warning,omitempty"`
}

func explanationOf(info schema.CodeInfo) explanation {
	return explanation{Code: info.Code, Title: info.Title, Cause: info.Cause, Fix: info.Fix, Example: info.Example, Warning: info.Warning}
}

func (a *app) explain(code schema.Code) error {
	info, ok := schema.Explain(code)
	if !ok {
		hint := schema.DidYouMean(string(code), words(schema.Codes()))
		if hint == "" {
			hint = "sluice explain lists all codes"
		}
		return &failure{code: exitUsage, err: fmt.Errorf("no code is called %q", code), hint: hint}
	}
	if a.json() {
		return a.encode(explanationOf(info))
	}
	_, err := fmt.Fprintf(a.out, "%s: %s\n\nwhy:  %s\nfix:  %s\n\nexample:\n%s\n", info.Code, info.Title, info.Cause, info.Fix, indented(info.Example))
	return err
}

func (a *app) listCodes() error {
	for _, code := range schema.Codes() {
		info, _ := schema.Explain(code)
		var err error
		if a.json() {
			err = a.encode(explanationOf(info))
		} else {
			_, err = fmt.Fprintf(a.out, "%-26s %s\n", code, info.Title)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// words turns names of any type into plain text, for hints and completion.
func words[T ~string](names []T) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return out
}
