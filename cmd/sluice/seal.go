package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// seal makes the genesis request of RULES R25 from what the remote has and pushes it as a tag.
func (a *app) seal(ctx context.Context, f initFlags) error {
	if _, err := a.git(ctx, "fetch", "--quiet", f.remote); err != nil {
		return &failure{code: exitUnavailable, err: err}
	}
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		return err
	}
	defer repo.Close()
	control, err := controlCommit(ctx, "", repo, refs, a.environ)
	if err != nil {
		return err
	}
	sealing, err := reconciler.Seal(ctx, gitrepo.Mirror{Repo: repo}, control, remoteBranches(refs, f.remote))
	if err != nil {
		return usageError(err)
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
	if err := a.pushTag(ctx, f.remote, tag, control, string(statement)+"\n"+string(signature)); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "sealed %s in %s; request %s\n", count(int64(len(sealing.Cells)), "app in a stage", "apps in stages"), count(int64(len(sealing.Tips)), "ref", "refs"), tag)
	fmt.Fprintf(a.out, "anchor: %s\nnext: sluice run\n", sealing.Anchor)
	return nil
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
	keyring, err := a.trustOnBranch(ctx, control.String(), repo, nil)
	if err != nil {
		return "", nil, err
	}
	signature, err := a.sign(ctx, f.signWith, statement)
	if err != nil {
		return "", nil, err
	}
	signer, code := keyring.Detached(reconciler.RequestNamespace, statement, signature, schema.UsageApproval, signing.Acceptance{At: now()})
	if code != "ok" {
		return "", nil, &failure{code: exitTampered, err: fmt.Errorf("your signature does not count in this project [%s]", code), hint: "sign with a key that stands in .sluice/trust/keys on the default branch"}
	}
	return signer.Principal, signature, nil
}

// sign makes the detached signature with a key file, or with ssh-keygen where the key is in an agent.
func (a *app) sign(ctx context.Context, file string, statement []byte) ([]byte, error) {
	if file == "" {
		file, _ = a.git(ctx, "config", "user.signingkey")
	}
	if file == "" {
		return nil, &failure{code: exitUsage, err: errors.New("no signing key"), hint: "--sign-with FILE"}
	}
	file = expandHome(file)
	if private, ok := strings.CutSuffix(file, ".pub"); ok {
		if _, err := os.Stat(private); err == nil {
			file = private
		}
	}
	if !strings.HasSuffix(file, ".pub") {
		signer, err := signing.LoadSSHSigner(file)
		if err != nil {
			return nil, usageError(err)
		}
		return signer.Sign(reconciler.RequestNamespace, statement)
	}
	return signWithAgent(ctx, file, statement)
}

func signWithAgent(ctx context.Context, public string, statement []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "sluice-sign")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	message := filepath.Join(dir, "statement")
	if err := os.WriteFile(message, statement, 0o600); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, "ssh-keygen", "-Y", "sign", "-n", reconciler.RequestNamespace, "-f", public, message).CombinedOutput()
	if err != nil {
		return nil, usageError(fmt.Errorf("sign with the agent: %w: %s", err, strings.TrimSpace(string(out))))
	}
	return os.ReadFile(message + ".sig")
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
