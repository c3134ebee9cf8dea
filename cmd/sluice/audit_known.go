package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// knownFlags say what an auditor knows of the ledger from elsewhere.
type knownFlags struct {
	files   []string
	minimum int64
	quorum  bool
	maxAge  time.Duration
}

func (f *knownFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.files, "known", nil, "`FILE` with a checkpoint seen elsewhere, which the ledger has to hold; may be repeated")
	c.Flags().Int64Var(&f.minimum, "min-checkpoint", 0, "the ledger has at least `N` entries")
	c.Flags().BoolVar(&f.quorum, "witness-quorum", false, "a checkpoint given with --known is cosigned by the quorum of witnesses that root.yaml asks for")
	c.Flags().DurationVar(&f.maxAge, "max-age", 0, "that quorum cosigned at most `DURATION` ago")
}

// auditKnown adds to a report what speaks against the ledger from elsewhere.
func (f knownFlags) auditKnown(ctx context.Context, objs ledger.Objects, tip schema.Hash, report *ledger.Report) error {
	if f.minimum < 0 || f.maxAge < 0 {
		return usageError(fmt.Errorf("--min-checkpoint and --max-age are not negative"))
	}
	known := reconciler.Known{MinSize: f.minimum, Quorum: f.quorum, MaxAge: f.maxAge, Now: time.Now()}
	for _, name := range f.files {
		data, err := os.ReadFile(name)
		if err != nil {
			return usageError(fmt.Errorf("--known: %w", err))
		}
		known.Notes = append(known.Notes, reconciler.KnownNote{Name: name, Data: data})
	}
	findings, err := reconciler.AuditKnown(ctx, objs, tip, known)
	report.Findings = append(report.Findings, findings...)
	return err
}

func (a *app) auditCheckpointCommand() *cobra.Command {
	var f cloneFlags
	c := &cobra.Command{
		Use: "checkpoint", Short: "Print the ledger's signed checkpoint", Args: cobra.NoArgs,
		Long: `audit checkpoint prints how long the ledger is and what it holds, signed by the log key, as a C2SP note. Keep it somewhere
else: audit verify --known FILE proves later that the ledger still holds it. Whoever knows the log key can verify it.`,
		Example: `  sluice audit checkpoint --anchor sha256:… > checkpoint
  sluice audit verify --anchor sha256:… --known checkpoint`,
		RunE: func(c *cobra.Command, _ []string) error { return a.auditCheckpoint(c.Context(), f) },
	}
	f.add(c)
	return c
}

// signedCheckpoint is what audit checkpoint answers.
type signedCheckpoint struct {
	ledger.Checkpoint
	Note string `json:"note"`
}

func (a *app) auditCheckpoint(ctx context.Context, f cloneFlags) error {
	c, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer c.Close()
	note, err := c.Ledger.SignedCheckpoint(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.encode(signedCheckpoint{Checkpoint: c.Ledger.Checkpoint(), Note: string(note)})
	}
	_, err = a.out.Write(note)
	return err
}
