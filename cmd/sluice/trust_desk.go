package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// trustFlags say which version of the trust is in force.
type trustFlags struct {
	clone   cloneFlags
	control string
}

func (f *trustFlags) add(c *cobra.Command) {
	c.PersistentFlags().StringVar(&f.clone.ledger, "ledger", schema.DefaultLedgerBranch, "`BRANCH` of the ledger, in this clone or at its origin")
	c.PersistentFlags().StringVar(&f.clone.anchor, "anchor", "", "`DIGEST` of trust version 1, told by the project's admins (default $SLUICE_ANCHOR)")
	c.PersistentFlags().StringVar(&f.control, "control", "", "`REV` whose trust directory is in force where there is no ledger")
}

// trustDesk is what the trust commands work on: the version in force, and the directory in the checkout, which holds that
// version or prepares the next one.
type trustDesk struct {
	*app
	top    string // of the checkout; .sluice/trust is below it
	branch string // checked out; empty if none
	clean  bool   // its files are committed

	force  *signing.TrustVersion // nil before there is one
	source string                // where the version in force is from, for people to read
	sealed bool                  // the ledger says it

	files map[string][]byte // of the checkout's .sluice/trust, by path below it; nil if there are none
	mixed []string          // what the branch changes beside them
}

// openTrust reads both. It looks at the checkout without judging it.
func (a *app) openTrust(ctx context.Context, f trustFlags) (*trustDesk, error) {
	root, err := a.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("not in a checkout of a Git repository: %s", a.dir), hint: "run it in a clone of the configuration repository, or name one with -C"}
	}
	d := &trustDesk{app: a, top: root}
	d.branch, _ = a.git(ctx, "symbolic-ref", "--short", "HEAD")
	changed, err := a.git(ctx, "status", "--porcelain", "--", filepath.Join(root, schema.TrustDir))
	d.clean = err == nil && changed == ""
	if err := d.readForce(ctx, f); err != nil {
		return nil, err
	}
	inside, err := os.OpenRoot(d.top)
	if err != nil {
		return nil, err
	}
	defer inside.Close()
	d.files, err = readTree(inside.FS(), schema.TrustDir)
	if errors.Is(err, fs.ErrNotExist) {
		d.files, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", schema.TrustDir, err)
	}
	return d, nil
}

// readForce finds the version in force: the ledger's, else that of the default branch, else that of HEAD.
func (d *trustDesk) readForce(ctx context.Context, f trustFlags) error {
	repo, refs, err := d.openRepo(ctx)
	if err != nil {
		return err
	}
	defer repo.Close()
	d.readBranch(ctx, f.control, repo, refs)
	var files map[string][]byte
	if tip := branch(refs, f.clone.ledger); f.control == "" && !tip.IsZero() {
		anchor, err := d.anchor(f.clone)
		if err != nil {
			return err
		}
		project, err := reconciler.OpenClone(ctx, repo, tip, anchor)
		if err != nil {
			return err
		}
		files, d.sealed, d.source = belowTrust(project.Files), true, "by the ledger"
	} else if files, err = d.committed(ctx, f.control, repo, refs); err != nil {
		return err
	}
	if len(files) == 0 {
		return nil
	}
	version, err := signing.ReadTrustVersion(files)
	if err != nil {
		return &failure{code: exitUnprovable, err: fmt.Errorf("the trust directory in force, %s: %w", d.source, err)}
	}
	d.force = &version
	return nil
}

// readBranch finds what the branch changes beside the trust directory: a merge request with it is refused as a whole.
func (d *trustDesk) readBranch(ctx context.Context, rev string, repo *gitrepo.Repo, refs map[string]schema.Hash) {
	base, err := controlCommit(ctx, rev, repo, refs, d.environ)
	if err != nil {
		return
	}
	paths, err := d.gitPaths(ctx, "diff", "-z", "--no-renames", "--name-only", base.String()+"...HEAD", "--")
	if err != nil {
		return // another history, or none
	}
	for _, path := range paths {
		if !strings.HasPrefix(path, schema.TrustDir+"/") {
			d.mixed = append(d.mixed, path)
		}
	}
}

// committed reads the trust directory of a commit; empty where there is no commit or it has none.
func (d *trustDesk) committed(ctx context.Context, rev string, repo *gitrepo.Repo, refs map[string]schema.Hash) (map[string][]byte, error) {
	id, err := controlCommit(ctx, rev, repo, refs, d.environ)
	name := "on the default branch"
	if rev != "" {
		name = "at " + rev
	} else if err != nil {
		name = "at HEAD"
		_, id, err = repo.Head(ctx)
	}
	if err != nil || id.IsZero() {
		return nil, err
	}
	d.source = fmt.Sprintf("%s (commit %s)", name, id.Short())
	info, err := repo.Commit(ctx, id)
	if err != nil {
		return nil, err
	}
	_, files, err := reconciler.ControlFiles(ctx, gitrepo.Mirror{Repo: repo}, info.Tree)
	return belowTrust(files), err
}

func belowTrust(files map[string][]byte) map[string][]byte {
	below := map[string][]byte{}
	for path, data := range files {
		if rest, ok := strings.CutPrefix(path, schema.TrustDir+"/"); ok {
			below[rest] = data
		}
	}
	return below
}

// inForce is the version that the next one follows; the zero Trust before the first.
func (d *trustDesk) inForce() schema.Trust {
	if d.force == nil {
		return schema.Trust{}
	}
	return d.force.Trust
}

// pending reads the checkout strictly. The version is nil where the checkout has what is in force.
func (d *trustDesk) pending() (*signing.TrustVersion, error) {
	if err := d.exists(); err != nil {
		return nil, err
	}
	version, err := signing.ReadTrustVersion(d.files)
	if err != nil {
		return nil, err
	}
	if d.force != nil && version.Trust.RootDigest == d.force.Trust.RootDigest {
		return nil, nil
	}
	return &version, d.follows(version.Trust.Root)
}

func (d *trustDesk) exists() error {
	if _, ok := d.files[schema.RootFile]; !ok {
		return &failure{code: exitUsage, err: fmt.Errorf("no trust directory here: there is no %s/%s", schema.TrustDir, schema.RootFile), hint: "sluice trust init makes one; on a stage's branch, switch to the default branch"}
	}
	return nil
}

// follows refuses a checkout that is behind the version in force, or prepared beside it.
func (d *trustDesk) follows(root schema.Root) error {
	old := d.inForce()
	const again = "get the version in force, then make the change again: git fetch && git checkout origin/HEAD -- " + schema.TrustDir
	switch {
	case root.Version == old.Root.Version+1 && root.Prev == old.RootDigest:
		return nil
	case root.Version <= old.Root.Version:
		return &failure{code: exitConflict, err: fmt.Errorf("the checkout has a trust version %d that is not the version %d in force [trust-sequence]", root.Version, old.Root.Version), hint: again}
	case root.Version == old.Root.Version+1:
		return &failure{code: exitConflict, err: fmt.Errorf("trust version %d in the checkout follows another version %d than the one in force [trust-sequence]", root.Version, old.Root.Version), hint: again}
	}
	return &failure{code: exitConflict, err: fmt.Errorf("the checkout has trust version %d, and version %d is in force %s [trust-sequence]", root.Version, old.Root.Version, d.source),
		hint: "bring the versions between into force first, one after the other"}
}

// judge asks whether the version in the checkout may follow the one in force, as the reconciler will.
func (d *trustDesk) judge(next signing.TrustVersion) signing.Update {
	if d.force == nil {
		return signing.CheckFirst(next, now())
	}
	return signing.CheckUpdate(d.force.Trust, next, now(), d.force.Trust.Root.Version)
}
