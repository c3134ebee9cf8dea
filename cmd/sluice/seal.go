package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// seal makes the genesis request of RULES R25 from what the remote has and pushes it as a tag.
func (a *app) seal(ctx context.Context, f initFlags) error {
	if _, err := a.git(ctx, "remote", "get-url", f.remote); err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("there is no remote %q here", redacted(f.remote)), hint: "the request is made for what the remote has: git remote add " + redacted(f.remote) + " URL, or name another one with --remote"}
	}
	if _, err := a.git(ctx, "fetch", "--quiet", f.remote); err != nil {
		return noAccess(err, f.remote)
	}
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		return err
	}
	defer repo.Close()
	control, project, err := sealable(ctx, repo, refs, a.environ)
	if err != nil {
		return err
	}
	sealing, err := reconciler.Seal(ctx, gitrepo.Mirror{Repo: repo}, control, remoteBranches(refs, f.remote))
	if err != nil {
		return usageError(err)
	}
	if err := found(project, sealing); err != nil {
		return err
	}
	if err := sealFits(ctx, repo, project, f.config, sealing); err != nil {
		return err
	}
	statement, err := sealing.Statement()
	if err != nil {
		return err
	}
	person, signature, err := a.signRequest(ctx, f, repo, control, statement)
	if err != nil {
		return err
	}
	request, err := schema.ParseRequest([]byte(string(statement) + "\n" + string(signature)))
	if err != nil {
		return err
	}
	tag := request.TagName(person)
	// The same statement is the same request. Made again, it would only be another tag object of that name.
	there, err := a.git(ctx, "ls-remote", f.remote, "refs/tags/"+tag)
	if err != nil {
		return noAccess(err, f.remote)
	}
	if there == "" {
		if err := a.pushTag(ctx, f.remote, tag, control, string(statement)+"\n"+string(signature)); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "sealed %s\nrequest %s\nanchor  %s\nnext: sluice run turns the request into entry 1 of the ledger\n", sealedText(sealing.Cells), tag, sealing.Anchor)
	return nil
}

// sealable finds the commit whose control files are sealed, with its project, and refuses what cannot be sealed.
func sealable(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash, environ func(string) string) (schema.Hash, schema.Project, error) {
	var none schema.Project
	if tip := branch(refs, schema.DefaultLedgerBranch); !tip.IsZero() {
		return tip, none, &failure{code: exitUsage, err: errors.New("the project is sealed already: its ledger has a first entry"), hint: "sluice status shows what it holds"}
	}
	control, err := controlCommit(ctx, "", repo, refs, environ)
	if err != nil {
		return control, none, err
	}
	info, err := repo.Commit(ctx, control)
	if err != nil {
		return control, none, err
	}
	entry, ok, err := repo.Lookup(ctx, info.Tree, schema.ProjectFile)
	if err != nil {
		return control, none, err
	}
	if !ok {
		return control, none, &failure{
			code: exitUsage, err: fmt.Errorf("the default branch, at %s, has no %s", control.Short(), schema.ProjectFile),
			hint: "commit and push what sluice init wrote, then run this again",
		}
	}
	data, err := repo.Blob(ctx, entry.ID)
	if err != nil {
		return control, none, err
	}
	project, problems := policies.LoadProject(schema.ProjectFile, data)
	return control, project, problems.Err()
}

// found refuses to seal a project as empty because the branch that sluice.yaml names is another one.
func found(project schema.Project, sealing reconciler.Sealing) error {
	if project.Layout == schema.BranchLayout || len(sealing.Tips) > 0 || len(project.Stages) == 0 {
		return nil
	}
	ref := strings.TrimPrefix(project.Ref(project.Stages[0]), "refs/heads/")
	return &failure{
		code: exitUsage, err: fmt.Errorf("sluice.yaml says that the stages are on branch %s, which the remote does not have", ref),
		hint: "push that branch, or correct branch: in sluice.yaml",
	}
}

// sealedText says what was sealed, and which apps are not the same everywhere: the first promotion will change them.
func sealedText(cells []ledger.SealedCell) string {
	if len(cells) == 0 {
		return "an empty project: no stage holds an app yet"
	}
	stages, apps, differ := map[schema.StageName]bool{}, map[schema.App]schema.Revision{}, map[schema.App]bool{}
	for _, c := range cells {
		stages[c.Stage] = true
		if first, seen := apps[c.App]; seen && first != c.Revision {
			differ[c.App] = true
		}
		apps[c.App] = c.Revision
	}
	text := count(int64(len(apps)), "app", "apps") + " in " + count(int64(len(stages)), "stage", "stages")
	if len(differ) > 0 {
		text += "; not the same in all of them: " + strings.Join(words(slices.Sorted(maps.Keys(differ))), ", ")
	}
	return text
}

// remoteBranches maps the branches of a remote to the names they have there.
func remoteBranches(refs map[string]schema.Hash, remote string) map[string]schema.Hash {
	out := map[string]schema.Hash{}
	for ref, id := range refs {
		if name, ok := strings.CutPrefix(ref, "refs/remotes/"+remote+"/"); ok && name != "HEAD" {
			out["refs/heads/"+name] = id
		}
	}
	return out
}

// signRequest signs with the person's key and finds in the trust whose it is.
func (a *app) signRequest(ctx context.Context, f initFlags, repo *gitrepo.Repo, control schema.Hash, statement []byte) (string, []byte, error) {
	trust, keyring, err := a.trustOnBranch(ctx, control.String(), repo, nil)
	if err != nil {
		return "", nil, err
	}
	if trust.Root.Version != 1 {
		return "", nil, &failure{code: exitUsage, err: fmt.Errorf("the trust directory on the default branch is version %d, and a ledger begins with version 1", trust.Root.Version),
			hint: "bring version 1 back (git revert), seal it, then make the change again: sluice trust"}
	}
	with, err := a.signer(ctx, f.signWith)
	if err != nil {
		return "", nil, err
	}
	signature, err := with.Sign(reconciler.RequestNamespace, statement)
	if err != nil {
		return "", nil, err
	}
	signer, code := keyring.Detached(reconciler.RequestNamespace, statement, signature, schema.UsageApproval, signing.Acceptance{At: now()})
	if code != "ok" {
		return "", nil, &failure{code: exitForbidden, err: fmt.Errorf("your signature does not count in this project: %s", code.Message(nil)), hint: "sign with a key that stands in .sluice/trust/keys on the default branch: --sign-with FILE"}
	}
	if person, known := trust.Principal(signer.Principal); !known || !person.Has(schema.RoleAdmin, schema.Control) {
		return "", nil, &failure{code: exitForbidden, err: fmt.Errorf("%s is no admin of this project, and only admins seal it", signer.Principal), hint: "ask one of those who have the role admin in .sluice/trust/principals.yaml"}
	}
	return signer.Principal, signature, nil
}

// pushTag makes the annotated tag with the user's git and pushes it with the user's credentials.
func (a *app) pushTag(ctx context.Context, remote, tag string, at schema.Hash, message string) error {
	file, err := os.CreateTemp("", "sluice-request")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // a leftover of a few hundred bytes
	if _, err := file.WriteString(message); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	if _, err := a.git(ctx, "-c", "tag.gpgSign=false", "tag", "-a", "-f", "--cleanup=verbatim", "-F", file.Name(), tag, at.String()); err != nil {
		return err
	}
	if _, err := a.git(ctx, "push", "--quiet", remote, "refs/tags/"+tag); err != nil {
		return &failure{code: exitForbidden, err: err, hint: "push it yourself: git push " + remote + " refs/tags/" + tag}
	}
	return nil
}
