package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
else the trust directory on the default branch, else --trust. It exits with 0 when all are signed by known people, with 3
when one is not, and with 7 when history or keys are missing.`,
		Example: `  sluice verify HEAD
  sluice verify origin/main~20..origin/main
  sluice verify main --trust ./people`,
		RunE: func(c *cobra.Command, args []string) error { return a.verify(c.Context(), f, args[0]) },
	}
	f.clone.add(c)
	c.Flags().StringVar(&f.trust, "trust", "", "trust `DIRECTORY` to judge by, as .sluice/trust is laid out")
	c.Flags().StringVar(&f.control, "control", "", "`REV` whose trust directory to judge by where there is no ledger")
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
	commits, err := commitsOf(ctx, repo, refs, revs)
	if err != nil {
		return err
	}
	bad := 0
	for _, id := range commits {
		_, raw, err := repo.Object(ctx, id)
		if err != nil {
			return err
		}
		v := keyring.Commit(id, raw, signing.Acceptance{At: time.Now()})
		if !v.OK() {
			bad++
		}
		if err := a.printCommit(v); err != nil {
			return err
		}
	}
	if bad > 0 {
		return answer{exitTampered}
	}
	return nil
}

func (a *app) printCommit(v schema.CommitVerdict) error {
	if a.json() {
		return json.NewEncoder(a.out).Encode(v)
	}
	who := v.Principal
	if who == "" {
		who = "nobody known"
	}
	_, err := fmt.Fprintf(a.out, "%s  %-22s %-12s %s\n", v.Commit.Short(), v.Code, who, schema.Printable(v.Subject))
	if err == nil && !v.OK() && v.Detail != "" {
		_, err = fmt.Fprintf(a.out, "          %s\n", schema.Printable(v.Detail))
	}
	return err
}

// keyring takes the trust from where it is surest: told by flag, in force by the ledger, else on the default branch.
func (a *app) keyring(ctx context.Context, f verifyFlags, repo *gitrepo.Repo, refs map[string]schema.Hash) (*signing.Keyring, error) {
	switch {
	case f.trust != "":
		return trustDirectory(f.trust)
	case f.control == "" && !branch(refs, f.clone.ledger).IsZero():
		anchor, err := a.anchor(f.clone)
		if err != nil {
			return nil, err
		}
		project, err := reconciler.OpenClone(ctx, repo, branch(refs, f.clone.ledger), anchor)
		if err != nil {
			return nil, err
		}
		return project.Keyring, nil
	}
	return a.trustOnBranch(ctx, f.control, repo, refs)
}

func (a *app) trustOnBranch(ctx context.Context, rev string, repo *gitrepo.Repo, refs map[string]schema.Hash) (*signing.Keyring, error) {
	id, err := controlCommit(ctx, rev, repo, refs, a.environ)
	if err != nil {
		return nil, err
	}
	info, err := repo.Commit(ctx, id)
	if err != nil {
		return nil, err
	}
	_, files, err := reconciler.ControlFiles(ctx, gitrepo.Mirror{Repo: repo}, info.Tree)
	if err != nil {
		return nil, err
	}
	below := map[string][]byte{}
	for path, data := range files {
		if rest, ok := strings.CutPrefix(path, ".sluice/trust/"); ok {
			below[rest] = data
		}
	}
	if len(below) == 0 {
		return nil, &failure{code: exitUnprovable, err: fmt.Errorf("no trust directory at %s", id.Short()), hint: "give one with --trust, or start with: sluice init"}
	}
	return newKeyring(below)
}

// controlCommit finds where control files are read: told, or the default branch; never the change under test (RULES R9).
func controlCommit(ctx context.Context, rev string, repo *gitrepo.Repo, refs map[string]schema.Hash, environ func(string) string) (schema.Hash, error) {
	if rev != "" {
		return resolve(refs, rev)
	}
	if name, id, err := repo.DefaultBranch(ctx); err == nil && name != "" && !id.IsZero() {
		return id, nil
	}
	if name := environ("CI_DEFAULT_BRANCH"); name != "" {
		return resolve(refs, name)
	}
	if tip := branch(refs, "main"); !tip.IsZero() {
		return tip, nil
	}
	return schema.Hash{}, &failure{code: exitUsage, err: fmt.Errorf("the default branch is not known here"), hint: "name a revision with --control"}
}

func trustDirectory(dir string) (*signing.Keyring, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rest, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rest)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		return nil, &failure{code: exitUnprovable, err: fmt.Errorf("read the trust directory: %w", err)}
	}
	return newKeyring(files)
}

func newKeyring(files map[string][]byte) (*signing.Keyring, error) {
	trust, found := schema.LoadTrust(files)
	if err := found.Err(); err != nil {
		return nil, err
	}
	keyring, problems := signing.NewKeyring(trust)
	if len(problems) == len(trust.Keys) && len(problems) > 0 {
		return nil, &failure{code: exitUnprovable, err: fmt.Errorf("no usable key: %w", problems[0])}
	}
	return keyring, nil
}

// commitsOf lists what a revision or a range names, oldest first.
func commitsOf(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash, revs string) ([]schema.Hash, error) {
	from, to, isRange := strings.Cut(revs, "..")
	if !isRange {
		id, err := revision(ctx, repo, refs, revs)
		return []schema.Hash{id}, err
	}
	after, err := revision(ctx, repo, refs, from)
	if err != nil {
		return nil, err
	}
	tip, err := revision(ctx, repo, refs, to)
	if err != nil {
		return nil, err
	}
	return repo.Between(ctx, []schema.Hash{after}, tip)
}

// revision resolves one revision, with HEAD and the first-parent suffix ~N.
func revision(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash, rev string) (schema.Hash, error) {
	name, steps, err := firstParentSteps(rev)
	if err != nil {
		return schema.Hash{}, err
	}
	var id schema.Hash
	if name == "" || name == "HEAD" {
		if _, id, err = repo.Head(ctx); err == nil && id.IsZero() {
			err = gitrepo.ErrEmpty
		}
	} else {
		id, err = resolve(refs, name)
	}
	for ; err == nil && steps > 0; steps-- {
		info, readErr := repo.Commit(ctx, id)
		if readErr != nil {
			return schema.Hash{}, readErr
		}
		if len(info.Parents) == 0 {
			return schema.Hash{}, usageError(fmt.Errorf("revision %q: history is shorter than that", rev))
		}
		id = info.Parents[0]
	}
	return id, err
}

func firstParentSteps(rev string) (string, int, error) {
	name, suffix, ok := strings.Cut(rev, "~")
	if !ok {
		return rev, 0, nil
	}
	steps := 1
	if suffix != "" {
		if _, err := fmt.Sscanf(suffix, "%d", &steps); err != nil || steps < 0 || fmt.Sprint(steps) != suffix {
			return "", 0, usageError(fmt.Errorf("revision %q: want a number after ~", rev))
		}
	}
	return name, steps, nil
}
