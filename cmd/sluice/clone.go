package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// cloneFlags say where a reading command finds the ledger.
type cloneFlags struct {
	ledger string // branch
	anchor string
	remote string // whose branches are read; empty: origin
}

func (f *cloneFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.ledger, "ledger", schema.DefaultLedgerBranch, "`BRANCH` of the ledger, in this clone or at its origin")
	c.Flags().StringVar(&f.anchor, "anchor", "", "`DIGEST` of trust version 1, told by the project's admins (default $SLUICE_ANCHOR)")
}

// clone is an open local repository with the project its ledger describes.
type clone struct {
	*reconciler.Clone
	repo *gitrepo.Repo
	refs map[string]schema.Hash
}

// openClone reads the repository at -C. It asks no server: what the clone has is what is shown.
func (a *app) openClone(ctx context.Context, f cloneFlags) (*clone, error) {
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		return nil, err
	}
	tip := branchOf(refs, f.remote, f.ledger)
	if tip.IsZero() {
		return nil, errors.Join(noLedger(f.remote, f.ledger), repo.Close())
	}
	if err := checkLedger(ctx, repo, tip, f.ledger); err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	anchor, err := a.anchor(f)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	opened, err := reconciler.OpenClone(ctx, repo, tip, anchor)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	return &clone{Clone: opened, repo: repo, refs: refs}, nil
}

func (c *clone) Close() error { return c.repo.Close() }

// openRepo opens the repository that -C lies in, as git finds it: there or in a directory above.
func (a *app) openRepo(ctx context.Context, options ...gitrepo.Option) (*gitrepo.Repo, map[string]schema.Hash, error) {
	repo, err := openAbove(a.dir, options...)
	if err != nil {
		return nil, nil, err
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, repo.Close())
	}
	return repo, refs, nil
}

func openAbove(start string, options ...gitrepo.Option) (*gitrepo.Repo, error) {
	dir, err := filepath.Abs(start)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, usageError(fmt.Errorf("-C: %w", err))
	}
	for {
		repo, err := gitrepo.OpenLocal(dir, options...)
		if !errors.Is(err, gitrepo.ErrUsage) {
			return repo, err
		}
		if dir == filepath.Dir(dir) {
			return nil, &failure{code: exitUsage, err: fmt.Errorf("%s is not in a Git repository", start), hint: "run it in a clone of the configuration repository, or name one with -C"}
		}
		dir = filepath.Dir(dir)
	}
}

func (a *app) anchor(f cloneFlags) (schema.Digest, error) {
	value := f.anchor
	if value == "" {
		value = a.environ("SLUICE_ANCHOR")
	}
	if value == "" {
		return "", nil
	}
	anchor, err := schema.ParseDigest(value)
	if err != nil {
		return "", usageError(fmt.Errorf("anchor: %w", err))
	}
	return anchor, nil
}

// branch finds a branch as the origin has it, else as this repository has it: what a clone fetched is newer than what it
// happens to have checked out.
func branch(refs map[string]schema.Hash, name string) schema.Hash { return branchOf(refs, "", name) }

// branchOf is branch of another remote than origin.
func branchOf(refs map[string]schema.Hash, remote, name string) schema.Hash {
	if tip, ok := refs["refs/remotes/"+remoteName(remote)+"/"+name]; ok {
		return tip
	}
	return refs["refs/heads/"+name]
}

func remoteName(remote string) string { return cmp.Or(remote, "origin") }

// checkLedger refuses a branch that somebody names and that is none of ours at all: its commits would read like those of a ledger that was
// tampered with. On the branch where ledgers are by default everything counts as one, also nothing.
func checkLedger(ctx context.Context, repo *gitrepo.Repo, tip schema.Hash, name string) error {
	if name == schema.DefaultLedgerBranch {
		return nil
	}
	info, err := repo.Commit(ctx, tip)
	for _, path := range []string{"checkpoint", "entries", "state"} {
		there := false
		if err == nil {
			_, there, err = repo.Lookup(ctx, info.Tree, path)
		}
		if there || err != nil { // whoever reads it says what is wrong with it
			return nil
		}
	}
	return &failure{
		code: exitUnprovable, err: fmt.Errorf("branch %s holds no ledger: it has no file checkpoint and no entries", name),
		hint: "leave out --ledger: it is " + schema.DefaultLedgerBranch + " unless whoever runs the reconciler says otherwise (ledger: in reconciler.yaml)",
	}
}

func noLedger(remote, name string) error {
	remote = remoteName(remote)
	return &failure{
		code: exitUnprovable, err: fmt.Errorf("no ledger: branch %s is neither here nor at %s", name, remote),
		hint: "git fetch " + remote + "; if the project is not sealed yet: sluice init --seal",
	}
}
