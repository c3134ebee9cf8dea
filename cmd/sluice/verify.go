package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"

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
else the trust directory on the default branch; or against --trust. It exits with 0 when all are signed by known people,
with 3 when one is not, and with 7 when history or keys are missing. In a range, the merge commits that a forge makes need
no signature where they add nothing to what their parents hold.`,
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
	good := true
	for _, id := range commits {
		v, err := judge(ctx, repo, keyring, id)
		if err != nil {
			return err
		}
		// What a merge brought is in the range as well. One commit alone has to stand for itself.
		v.Merge = v.Merge && len(commits) > 1
		good = good && v.good()
		if err := a.printCommit(v); err != nil {
			return err
		}
	}
	if !good {
		return answer{exitTampered}
	}
	return nil
}

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
	v := judged{CommitVerdict: keyring.Commit(id, raw, signing.Acceptance{At: now()})}
	v.Subject = v.CommitVerdict.Subject
	if v.Code != signing.CodeUnsigned && v.Code != signing.CodeForgeKeyOnly {
		return v, nil
	}
	v.Merge, err = plainMerge(ctx, repo, id)
	return v, err
}

func (a *app) printCommit(v judged) error {
	if a.json() {
		return json.NewEncoder(a.out).Encode(v)
	}
	code, who := string(v.Code), v.Principal
	switch {
	case v.Merge:
		code, who = "merge", "-"
	case who == "":
		who = "nobody known"
	}
	_, err := fmt.Fprintf(a.out, "%s  %-22s %-12s %s\n", v.Commit.Short(), code, who, schema.Printable(v.Subject))
	if err == nil && !v.good() && v.Detail != "" {
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
	_, keyring, err := a.trustOnBranch(ctx, f.control, repo, refs)
	return keyring, err
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
	below := map[string][]byte{}
	for path, data := range files {
		if rest, ok := strings.CutPrefix(path, schema.TrustDir+"/"); ok {
			below[rest] = data
		}
	}
	if len(below) == 0 {
		return schema.Trust{}, nil, &failure{code: exitUnprovable, err: fmt.Errorf("no trust directory at %s", id.Short()), hint: "give one with --trust, or start with: sluice init"}
	}
	return newKeyring(below)
}

// controlCommit finds where control files are read: told, or the default branch; never the change under test (RULES R9).
func controlCommit(ctx context.Context, rev string, repo *gitrepo.Repo, refs map[string]schema.Hash, environ func(string) string) (schema.Hash, error) {
	if rev != "" {
		return resolveName(refs, rev)
	}
	if name, id, err := repo.DefaultBranch(ctx); err == nil && name != "" && !id.IsZero() {
		return id, nil
	}
	if name := environ("CI_DEFAULT_BRANCH"); name != "" {
		return resolveName(refs, name)
	}
	if tip := branch(refs, "main"); !tip.IsZero() {
		return tip, nil
	}
	return schema.Hash{}, &failure{code: exitUsage, err: fmt.Errorf("the default branch is not known here"), hint: "name a revision with --control"}
}

func trustDirectory(dir string) (*signing.Keyring, error) {
	files, err := readTree(os.DirFS(dir), ".")
	if err != nil {
		return nil, &failure{code: exitUnprovable, err: fmt.Errorf("read the trust directory %s: %w", dir, reason(err))}
	}
	_, keyring, err := newKeyring(files)
	return keyring, err
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
