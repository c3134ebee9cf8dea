package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) auditCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "audit", Short: "Prove the whole project from a clone", Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.auditVerifyCommand(), a.auditShowCommand(), a.auditProveCommand(), a.auditExportCommand(), a.auditReportCommand(), a.auditCheckpointCommand())
	return c
}

func (a *app) auditVerifyCommand() *cobra.Command {
	var f cloneFlags
	var live liveFlags
	var known knownFlags
	c := &cobra.Command{
		Use: "verify", Short: "Prove the ledger, and decide again about everything it let in", Args: cobra.NoArgs,
		Long: `audit verify needs a clone with the ledger's branch and the anchor that the project's admins told; it asks no server. It
makes every append of the ledger again and compares, checks every signature, decides again about everything that was let in by
what was in force then, follows each promoted file back to where it came in, and looks for stage tips that no entry names.
With --state it also compares what a target holds: a directory, or what "etcdctl get --prefix '' -w json" printed.
It exits with 0 when all is proven, 1 when it is but entries rest on a key that was stolen, 3 when something was tampered with,
7 when it cannot be proven, for example without an anchor; it then prints the one that it found, which proves nothing until
somebody you trust has told you the same.`,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := a.proof(c.Context(), f, live, known)
			if err != nil {
				return err
			}
			return a.printProof(p)
		},
	}
	f.add(c)
	live.add(c)
	known.add(c)
	return c
}

// proof is what audit verify answers.
type proof struct {
	ledger.Report
	Proven bool `json:"proven"`
}

// proof audits the project of the clone.
func (a *app) proof(ctx context.Context, f cloneFlags, live liveFlags, known knownFlags) (proof, error) {
	repo, refs, err := a.openRepo(ctx, gitrepo.WithLimits(gitrepo.DefaultLimits().Frugal()))
	if err != nil {
		return proof{}, err
	}
	defer repo.Close()
	tip := branch(refs, f.ledger)
	if tip.IsZero() {
		return proof{}, noLedger("", f.ledger)
	}
	anchor, err := a.anchor(f)
	if err != nil {
		return proof{}, err
	}
	// A proof reads much and keeps little: collecting twice as often keeps its peak low on machines that do other work.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	evidence := reconciler.NewEvidence()
	options := reconciler.AuditOptions{
		Repository: repo.Beside(evidence.Object), Evidence: evidence, Tip: tip, Anchor: anchor, Reread: gitlab.Reread, RereadGuards: gitlab.RereadGuards,
		Ref: func(ref string) (schema.Hash, bool) {
			tip := branch(refs, strings.TrimPrefix(ref, "refs/heads/"))
			return tip, !tip.IsZero()
		},
	}
	if options.Live, err = a.live(ctx, f, live); err != nil {
		return proof{}, err
	}
	report, err := reconciler.Audit(ctx, options)
	if err != nil {
		return proof{}, err
	}
	if err := known.auditKnown(ctx, repo, tip, &report); err != nil {
		return proof{}, err
	}
	return proof{Report: report, Proven: report.Proven()}, nil
}

func (a *app) printProof(p proof) error {
	if a.json() {
		if err := a.encode(p); err != nil {
			return err
		}
	} else {
		a.printProofText(p)
	}
	return p.end()
}

// end is how a command ends that asked for a proof.
func (p proof) end() error {
	switch {
	case p.Violated():
		return answer{exitTampered}
	case !p.Proven:
		return answer{exitUnprovable}
	case p.Doubtful():
		return answer{exitNo}
	}
	return nil
}

func (a *app) printProofText(p proof) {
	for _, f := range p.Findings {
		fmt.Fprintln(a.out, findingLine(f))
	}
	fmt.Fprintln(a.out, p.summary())
}

// beside reports whether only branches and targets differ from a ledger that holds itself.
func (p proof) beside() bool {
	return !slices.ContainsFunc(p.Findings, func(f ledger.Finding) bool {
		return f.Class == ledger.Violated && f.Code != reconciler.Unlogged && f.Code != reconciler.Drifted
	})
}

// summary is the last word on a proof.
func (p proof) summary() string {
	findings := count(int64(len(p.Findings)), "finding", "findings")
	switch {
	case p.Violated() && p.beside():
		return "NOT PROVEN: " + findings + "; the ledger holds, but what lies beside it is not what it says"
	case p.Violated():
		return "NOT PROVEN: " + findings + "; do not repair the ledger by hand, compare it with another clone"
	case !p.Proven:
		return "cannot prove: " + findings
	}
	text := fmt.Sprintf("proven: %s, %s, %s;\n        every one signed, chained and folded into the state at %s,\n        and everything that was let in comes out again",
		count(p.Entries, "entry", "entries"), count(int64(p.Apps), "app", "apps"), count(int64(p.Commits), "append", "appends"), p.Tip.Short())
	if p.Doubtful() {
		text += ";\nTAINTED: " + count(int64(len(p.Findings)), "entry rests", "entries rest") + " on a key that was stolen; look at what it let in, and roll back or acknowledge it"
	}
	return text
}

// findingLine is one finding: entry, commit, path, reason.
func findingLine(f ledger.Finding) string {
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
	return fmt.Sprintf("%s[%s] %s", where, f.Code, schema.Printable(f.Detail))
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
