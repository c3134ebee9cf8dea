package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) auditCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "audit", Short: "Prove the whole project from a clone", Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.auditVerifyCommand(), a.auditCheckpointCommand())
	return c
}

func (a *app) auditVerifyCommand() *cobra.Command {
	var f cloneFlags
	var known knownFlags
	c := &cobra.Command{
		Use: "verify", Short: "Prove the ledger: chain, signatures, and that every stage's tip is in it", Args: cobra.NoArgs,
		Long: `audit verify needs a clone with the ledger's branch and the anchor that the project's admins told; it asks no server. It
makes every append of the ledger again and compares, checks every signature, and looks for stage tips that no entry names.
It exits with 0 when all is proven, 3 when something was tampered with, 7 when it cannot be proven, for example without
an anchor; it then prints the one that it found, which proves nothing until somebody you trust has told you the same.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.auditVerify(c.Context(), f, known) },
	}
	f.add(c)
	known.add(c)
	return c
}

// proof is what audit verify answers.
type proof struct {
	ledger.Report
	Proven bool `json:"proven"`
}

func (a *app) auditVerify(ctx context.Context, f cloneFlags, known knownFlags) error {
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		return err
	}
	defer repo.Close()
	tip := branch(refs, f.ledger)
	if tip.IsZero() {
		return noLedger(f.ledger)
	}
	anchor, err := a.anchor(f)
	if err != nil {
		return err
	}
	evidence := reconciler.NewEvidence()
	report, err := reconciler.Audit(ctx, reconciler.AuditOptions{
		Repository: repo.Beside(evidence.Object), Evidence: evidence, Tip: tip, Anchor: anchor, Reread: gitlab.Reread,
		Ref: func(ref string) (schema.Hash, bool) {
			tip := branch(refs, strings.TrimPrefix(ref, "refs/heads/"))
			return tip, !tip.IsZero()
		},
	})
	if err != nil {
		return err
	}
	if err := known.auditKnown(ctx, repo, tip, &report); err != nil {
		return err
	}
	return a.printProof(proof{Report: report, Proven: report.Proven()})
}

func (a *app) printProof(p proof) error {
	if a.json() {
		if err := json.NewEncoder(a.out).Encode(p); err != nil {
			return err
		}
	} else {
		a.printProofText(p)
	}
	switch {
	case p.Violated():
		return answer{exitTampered}
	case !p.Proven:
		return answer{exitUnprovable}
	}
	return nil
}

func (a *app) printProofText(p proof) {
	if p.Proven {
		fmt.Fprintf(a.out, "proven: %s, %s, %s;\n        every one signed, chained and folded into the state at %s\n",
			count(p.Entries, "entry", "entries"), count(int64(p.Apps), "app", "apps"), count(int64(p.Commits), "append", "appends"), p.Tip.Short())
		return
	}
	for _, f := range p.Findings {
		where := ""
		if f.Seq > 0 {
			where += fmt.Sprintf("entry #%d  ", f.Seq)
		}
		if !f.Commit.IsZero() {
			where += "commit " + f.Commit.Short() + "  "
		}
		if f.Path != "" {
			where += schema.Printable(f.Path) + "  "
		}
		fmt.Fprintf(a.out, "%s[%s] %s\n", where, f.Code, schema.Printable(f.Detail))
	}
	if p.Violated() {
		fmt.Fprintf(a.out, "NOT PROVEN: %s; do not repair the ledger by hand, compare it with another clone\n", count(int64(len(p.Findings)), "finding", "findings"))
		return
	}
	fmt.Fprintf(a.out, "cannot prove: %s\n", count(int64(len(p.Findings)), "finding", "findings"))
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
