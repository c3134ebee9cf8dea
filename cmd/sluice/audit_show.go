package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) auditShowCommand() *cobra.Command {
	var f cloneFlags
	var at, stage string
	c := &cobra.Command{
		Use: "show SEQ", Short: "Show an entry of the ledger, or what was admitted at a moment", Args: cobra.MaximumNArgs(1),
		Long: `audit show prints one entry for people: what was decided, who signed and approved, every policy's answer, the evidence, and
that the entry is in the ledger's checkpoint. With --at it prints what was admitted in each stage at a moment.`,
		Example: `  sluice audit show 41
  sluice audit show --at 2026-11-23T09:00:00Z --stage production`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case at != "" && len(args) == 0:
				return a.showAt(c.Context(), f, at, stage)
			case at == "" && len(args) == 1 && stage == "":
				return a.showEntry(c.Context(), f, args[0])
			}
			return &failure{code: exitUsage, err: fmt.Errorf("name an entry, or a moment with --at"), hint: "sluice audit show 41; sluice audit show --at 2026-11-23T09:00:00Z"}
		},
	}
	f.add(c)
	c.Flags().StringVar(&at, "at", "", "show what was admitted at that `TIME`, RFC 3339, a day in UTC, or how long ago")
	c.Flags().StringVar(&stage, "stage", "", "with --at: only this `STAGE`")
	return c
}

// shownEntry is what audit show answers with -o json.
type shownEntry struct {
	Entry     ledger.Entry     `json:"entry"`
	Digest    schema.Digest    `json:"digest"`
	Inclusion ledger.Inclusion `json:"inclusion"`
}

func (a *app) showEntry(ctx context.Context, f cloneFlags, text string) error {
	seq, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64)
	if err != nil {
		return usageError(fmt.Errorf("entry %q: want its number", text))
	}
	project, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer project.Close()
	if size := project.Ledger.Head().Size; seq < 1 || seq > size {
		return &failure{code: exitUsage, err: fmt.Errorf("there is no entry #%d", seq), hint: fmt.Sprintf("the ledger in this clone has %s; git fetch first if it is new", count(size, "entry", "entries"))}
	}
	e, raw, err := project.Ledger.Entry(ctx, seq)
	if err != nil {
		return err
	}
	proofs, err := project.Ledger.Inclusions(ctx, seq)
	if err != nil {
		return err
	}
	shown := shownEntry{Entry: e, Digest: schema.DigestOf(raw), Inclusion: proofs[0]}
	if a.json() {
		return a.encode(shown)
	}
	s := auditSheet{to: a.out, color: a.colored()}
	s.entry(ctx, project, shown)
	return nil
}
