package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) trustInitCommand() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use: "init", Short: "Make trust version 1, where there is none", Args: cobra.NoArgs,
		Long: `init makes the trust directory alone, as sluice init does for a new project: you get every role but bot, and the
reconciler its two keys. It overwrites nothing.`,
		Example: `  sluice trust init --keys ../sluice-keys`,
		RunE:    func(c *cobra.Command, _ []string) error { return a.trustInit(c.Context(), f) },
	}
	f.addPeople(c.Flags())
	return c
}

func (a *app) trustInit(ctx context.Context, f initFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	root, err := a.initRoot(ctx)
	if err != nil {
		return err
	}
	d, err := a.openTrust(ctx, trustFlags{clone: cloneFlags{ledger: schema.DefaultLedgerBranch}})
	if err != nil {
		return err
	}
	if d.force != nil || len(d.files) > 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("there is a trust directory already: %s", schema.TrustDir), hint: "sluice trust show; sluice trust add and the like prepare its next version"}
	}
	options, _, err := a.initOptions(ctx, f, root)
	if err != nil {
		return err
	}
	files, err := newTrust(root, options)
	if err != nil {
		return errors.Join(usageError(err), f.unmakeKeys())
	}
	if err := writeNew(filepath.Join(root, filepath.FromSlash(schema.TrustDir)), files); err != nil {
		return errors.Join(err, f.unmakeKeys())
	}
	if !a.json() {
		for _, path := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(a.out, "wrote %s/%s\n", schema.TrustDir, path)
		}
		fmt.Fprintln(a.out)
	}
	d.files, d.clean = files, false
	next, err := d.pending()
	if err != nil {
		return err
	}
	return a.printTrust(d.report(*next))
}

// newTrust gives the approver's role for each stage of the project: by sluice.yaml, else as sluice init would begin.
func newTrust(root string, o schema.InitOptions) (map[string][]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, schema.ProjectFile))
	if errors.Is(err, fs.ErrNotExist) {
		files, err := schema.NewProject(o)
		return belowTrust(files), err
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", schema.ProjectFile, reason(err))
	}
	project, found := schema.LoadProject(schema.ProjectFile, source)
	if err := found.Err(); err != nil {
		return nil, err
	}
	return schema.NewTrust(o, project)
}
