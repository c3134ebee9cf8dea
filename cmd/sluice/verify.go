package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

type verifyFlags struct {
	clone   cloneFlags
	trust   string
	control string
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use: "verify REV|A..B", Short: "Check the signatures of commits", Args: cobra.ExactArgs(1),
		Long: `verify checks one commit, or every commit that B has and A has not, against the people and keys in force: the ledger's,
else the trust directory on the default branch, where its roots signed it. With --trust it judges commits of any repository: by a trust directory, a
file of allowed signers as git knows it, or armored OpenPGP keys. It exits with 0 when all are signed by known people, with
3 when one is not, and with 7 when history or keys are missing, or a range has no commits though its ends differ. In a range, the merge commits that a forge makes need no
signature where they add nothing to what their parents hold.`,
		Example: `  sluice verify HEAD
  sluice verify origin/main~20..origin/main
  sluice verify v1.0..v1.1 --trust ~/.config/git/allowed_signers`,
		RunE: func(c *cobra.Command, args []string) error { return a.verify(c.Context(), f, args[0]) },
	}
	f.clone.add(c)
	c.Flags().StringVar(&f.trust, "trust", "", "who may sign: `PATH` of a trust directory, an allowed_signers file or armored OpenPGP keys")
	c.Flags().StringVar(&f.control, "control", "", "`REV` whose trust directory to judge by, and not by the ledger")
	c.MarkFlagsMutuallyExclusive("trust", "control")
	return c
}

func (a *app) verify(ctx context.Context, f verifyFlags, revs string) error {
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		return err
	}
	defer repo.Close()
	keyring, err := a.keyring(ctx, f, repo, refs)
	if err != nil {
		return err
	}
	commits, err := a.commitsOf(ctx, repo, refs, revs)
	if err != nil {
		return err
	}
	var all verdictCount
	for _, id := range commits {
		v, err := judge(ctx, repo, keyring, id)
		if err != nil {
			return err
		}
		// What a merge brought is in the range as well. One commit alone has to stand for itself.
		v.Merge = v.Merge && len(commits) > 1
		all.add(v)
		if err := a.printCommit(v); err != nil {
			return err
		}
	}
	if !a.json() {
		if _, err := fmt.Fprint(a.out, all.text()); err != nil {
			return err
		}
	}
	if all.bad > 0 {
		return answer{exitTampered}
	}
	return nil
}

// anyAge: how long ago a commit was signed counts where it is admitted. Here history is looked at, with the keys of today.
const anyAge = 200 * 365 * 24 * time.Hour

// judged is what verify says of a commit.
type judged struct {
	schema.CommitVerdict
	Subject string `json:"subject,omitempty"`
	// Merge is a commit that no person signed and that adds nothing to what its parents hold, as a forge makes it.
	Merge bool `json:"merge,omitempty"`
}

func (v judged) good() bool { return v.OK() || v.Merge }

func judge(ctx context.Context, repo *gitrepo.Repo, keyring *signing.Keyring, id schema.Hash) (judged, error) {
	_, raw, err := repo.Object(ctx, id)
	if err != nil {
		return judged{}, err
	}
	v := judged{CommitVerdict: keyring.Commit(id, raw, signing.Acceptance{At: now(), MaxAge: anyAge})}
	v.Subject = v.CommitVerdict.Subject
	if v.Code != signing.CodeUnsigned && v.Code != signing.CodeForgeKeyOnly {
		return v, nil
	}
	v.Merge, err = plainMerge(ctx, repo, id)
	return v, err
}

// keyring takes the trust from where it is surest: told by flag, in force by the ledger, else on the default branch.
func (a *app) keyring(ctx context.Context, f verifyFlags, repo *gitrepo.Repo, refs map[string]schema.Hash) (*signing.Keyring, error) {
	switch {
	case f.trust != "":
		return a.trustAt(f.trust)
	case f.control == "" && !branch(refs, f.clone.ledger).IsZero():
		anchor, err := a.anchor(f.clone)
		if err != nil {
			return nil, err
		}
		project, err := reconciler.OpenClone(ctx, repo, branch(refs, f.clone.ledger), anchor)
		if err != nil {
			return nil, err
		}
		if anchor == "" && !a.json() {
			fmt.Fprintln(a.errs, "note: no anchor was given, so whose people these are stays open: --anchor, or $SLUICE_ANCHOR")
		}
		return project.Keyring, nil
	}
	_, keyring, err := a.trustOnBranch(ctx, f.control, repo, refs)
	if err != nil {
		return nil, err
	}
	return keyring, a.trustFollows(ctx, f, repo, refs)
}

// trustFollows refuses a trust directory on a branch that its roots did not sign: whoever may push could have written it. Only
// a ledger has looked at that before.
func (a *app) trustFollows(ctx context.Context, f verifyFlags, repo *gitrepo.Repo, refs map[string]schema.Hash) error {
	tip, err := controlCommit(ctx, f.control, repo, refs, a.environ)
	if err != nil {
		return err
	}
	anchor, err := a.anchor(f.clone)
	if err != nil {
		return err
	}
	chain, commits, err := trustVersions(ctx, repo, tip, anchor)
	if err != nil {
		return err
	}
	steps := judgeHistory(anchor, chain, commits).Versions
	last := steps[len(steps)-1]
	if last.OK {
		return nil
	}
	where := "on the default branch"
	if f.control != "" {
		where = "at " + f.control
	}
	return &failure{
		code: exitTampered, err: fmt.Errorf("trust version %d %s, by commit %s, is refused: %s [%s]", last.Version, where, last.Commit.Short(), last.Detail, last.Code),
		hint: fmt.Sprintf("who wrote it? every version: sluice trust verify %s; the ledger knows what is in force: git fetch origin '+refs/heads/*:refs/remotes/origin/*'", tip.Short()),
	}
}

func (a *app) trustOnBranch(ctx context.Context, rev string, repo *gitrepo.Repo, refs map[string]schema.Hash) (schema.Trust, *signing.Keyring, error) {
	id, err := controlCommit(ctx, rev, repo, refs, a.environ)
	if err != nil {
		return schema.Trust{}, nil, err
	}
	info, err := repo.Commit(ctx, id)
	if err != nil {
		return schema.Trust{}, nil, err
	}
	_, files, err := reconciler.ControlFiles(ctx, gitrepo.Mirror{Repo: repo}, info.Tree)
	if err != nil {
		return schema.Trust{}, nil, err
	}
	below := belowTrust(files)
	if len(below) == 0 {
		return schema.Trust{}, nil, &failure{code: exitUnprovable, err: fmt.Errorf("no trust directory at %s", id.Short()), hint: "give one with --trust, or start with: sluice init"}
	}
	return newKeyring(below)
}

// controlCommit finds where control files are read: told, or the default branch; never the change under test (RULES R9).
func controlCommit(ctx context.Context, rev string, repo *gitrepo.Repo, refs map[string]schema.Hash, environ func(string) string) (schema.Hash, error) {
	if rev != "" {
		return resolve(ctx, repo, refs, rev)
	}
	if name, id, err := repo.DefaultBranch(ctx); err == nil && name != "" && !id.IsZero() {
		return id, nil
	}
	if name := environ("CI_DEFAULT_BRANCH"); name != "" { // the branch: whoever may push a tag of its name decides nothing
		if tip := branch(refs, name); !tip.IsZero() {
			return tip, nil
		}
		return schema.Hash{}, &failure{code: exitUsage, err: fmt.Errorf("the default branch %s is neither here nor at origin", schema.Printable(name)), hint: "fetch it (git fetch origin), or name a revision with --control"}
	}
	if tip := branch(refs, "main"); !tip.IsZero() {
		return tip, nil
	}
	return schema.Hash{}, &failure{code: exitUsage, err: fmt.Errorf("the default branch is not known here"), hint: "name a revision with --control"}
}

// trustAt reads who may sign from a path. Keys that do not count are named, so that nobody looks for the fault in a commit.
func (a *app) trustAt(path string) (*signing.Keyring, error) {
	trust, err := signing.TrustFrom(expandHome(path))
	var lost *fs.PathError
	switch {
	case errors.As(err, &lost):
		return nil, &failure{code: exitUnprovable, err: fmt.Errorf("read the trust %s: %w", path, reason(err)), hint: "--trust takes a trust directory, an allowed_signers file, or the output of gpg --armor --export"}
	case err != nil:
		return nil, &failure{code: exitUnprovable, err: err}
	}
	keyring, problems := signing.NewKeyring(trust)
	if len(problems) == len(trust.Keys)+len(trust.ForgeKeys) {
		return nil, &failure{code: exitUnprovable, err: fmt.Errorf("%s has no usable key: %w", path, errors.Join(problems...))}
	}
	for _, problem := range problems {
		fmt.Fprintf(a.errs, "warning: %s\n", schema.Printable(problem.Error()))
	}
	return keyring, nil
}

// readTree reads every file below a directory, by its path from there.
func readTree(root fs.FS, dir string) (map[string][]byte, error) {
	below, err := fs.Sub(root, dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	err = fs.WalkDir(below, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[path], err = fs.ReadFile(below, path)
		return err
	})
	return files, err
}

func newKeyring(files map[string][]byte) (schema.Trust, *signing.Keyring, error) {
	trust, found := schema.LoadTrust(files)
	if err := found.Err(); err != nil {
		return trust, nil, &failure{code: exitUnprovable, err: err}
	}
	keyring, problems := signing.NewKeyring(trust)
	if len(problems) == len(trust.Keys)+len(trust.ForgeKeys) && len(problems) > 0 {
		return trust, nil, &failure{code: exitUnprovable, err: fmt.Errorf("no usable key: %w", problems[0])}
	}
	return trust, keyring, nil
}
