package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// bring makes the commit, pushes it and has the merge request opened. A commit that was pushed before is taken as it is.
func (d *desk) bring(ctx context.Context, f proposeFlags, drafting reconciler.Drafting, draft reconciler.Draft, out *proposed) error {
	if f.dryRun {
		out.State = "dry-run"
		return nil
	}
	head, err := d.standing(ctx, f, draft.SourceRef)
	if err != nil {
		return err
	}
	if !head.IsZero() {
		return d.resume(ctx, f, drafting, draft, head, out)
	}
	if err := d.agree("Propose it?"); err != nil {
		return err
	}
	commit, err := d.makeCommit(ctx, draft)
	if err != nil {
		return err
	}
	out.Commit, out.State = commit.String(), "pushed"
	if f.token != "" {
		return d.pushThenOpen(ctx, f, draft, commit, out)
	}
	return d.pushAsking(ctx, f, draft, commit, out)
}

// makeCommit writes the trees and has git sign the commit, as it signs every other.
func (d *desk) makeCommit(ctx context.Context, draft reconciler.Draft) (schema.Hash, error) {
	for _, o := range draft.Objects {
		made, _, err := d.a.gitWith(ctx, o.Data, "hash-object", "-t", string(o.Kind), "-w", "--stdin")
		if err != nil {
			return schema.Hash{}, err
		}
		if made != o.ID.String() {
			return schema.Hash{}, fmt.Errorf("git names a tree %s that has the id %s", made, o.ID)
		}
	}
	text, _, err := d.a.gitWith(ctx, []byte(draft.Message), "commit-tree", "-S", "-p", draft.Parent.String(), draft.Tree.String())
	if err != nil {
		return schema.Hash{}, &failure{code: exitUsage, err: err, hint: "git has to be able to sign: git config user.signingkey, and gpg.format ssh for an SSH key"}
	}
	commit, err := schema.ParseHash(text)
	if err != nil {
		return schema.Hash{}, err
	}
	raw, _, err := d.a.gitRaw(ctx, nil, "cat-file", "commit", commit.String())
	if err != nil {
		return schema.Hash{}, err
	}
	return commit, d.counts(commit, raw, draft)
}

// counts asks whether the signature would let anything in, before anybody is asked to approve it.
func (d *desk) counts(commit schema.Hash, raw []byte, draft reconciler.Draft) error {
	switch code, who := d.signature(commit, raw, draft); code {
	case "":
		return nil
	case "principal-not-authorised":
		return &failure{code: exitForbidden, err: fmt.Errorf("%s may not propose for %s: it wants the role author or release [%s]", who, draft.Cell, code), hint: "ask one who may: sluice trust show"}
	default:
		return &failure{code: exitForbidden, err: fmt.Errorf("your signature would not count [%s]: nothing was pushed", code), hint: "sluice explain " + string(code)}
	}
}

// signature says why a commit would not count, empty where it would, and whose it is. A robot may copy what was admitted.
func (d *desk) signature(commit schema.Hash, raw []byte, draft reconciler.Draft) (code schema.Code, who string) {
	v := d.Keyring.Commit(commit, raw, signing.Acceptance{At: d.made.Add(signing.DefaultSkew), LastSeq: d.Ledger.Head().Size})
	if !v.OK() {
		return v.Code, v.Principal
	}
	p, _ := d.Trust.Principal(v.Principal)
	copies := !draft.Change.Tune && (draft.Change.Kind == schema.Promote || draft.Change.Kind == schema.Rollback)
	if p.Has(schema.RoleAuthor, draft.Cell) || p.Has(schema.RoleRelease, draft.Cell) || copies && p.Has(schema.RoleBot, draft.Cell) {
		return "", p.ID
	}
	return "principal-not-authorised", p.ID
}

// pushAsking pushes, and asks the forge to open the merge request for it; one that does not understand that is only pushed to.
// Only an address that came back says that there is one.
func (d *desk) pushAsking(ctx context.Context, f proposeFlags, draft reconciler.Draft, commit schema.Hash, out *proposed) error {
	push := []string{"push", f.remote, commit.String() + ":" + draft.SourceRef}
	asking := append(push[:len(push):len(push)], "-o", "merge_request.create", "-o", "merge_request.target="+out.Target, "-o", "merge_request.title="+draft.Title,
		"-o", "merge_request.remove_source_branch", "-o", "merge_request.label=sluice", "-o", "merge_request.description="+optionText(draft.Description))
	_, said, err := d.a.gitWith(ctx, nil, asking...)
	if err != nil && strings.Contains(err.Error(), "does not support push options") {
		_, said, err = d.a.gitWith(ctx, nil, push...)
	}
	if err != nil {
		return notPushed(err, f, commit, draft)
	}
	if m := mergeRequestAddress.FindStringSubmatch(said); m != nil {
		if out.MergeRequest, err = strconv.ParseInt(m[1], 10, 64); err == nil && out.MergeRequest > 0 {
			out.State = "proposed"
			return nil
		}
	}
	out.Open = d.whereToOpen(ctx, f, *out)
	return nil
}

var mergeRequestAddress = regexp.MustCompile(`/-/merge_requests/([0-9]+)\b`)

// optionText is a text as GitLab reads it from a push option, where a line ends with the two characters \n. One that was in the
// text already would become a line of its own: it is taken apart.
func optionText(text string) string {
	const most = 32 << 10 // of one option; a longer text is cut at a line
	text = strings.ReplaceAll(text, `\n`, `\ n`)
	if len(text) > most {
		text = text[:strings.LastIndexByte(text[:most], '\n')+1]
	}
	return strings.ReplaceAll(text, "\n", `\n`)
}

// notPushed tells three ends apart: the branch was made by somebody else meanwhile, the server refused, or it could not be reached.
func notPushed(err error, f proposeFlags, commit schema.Hash, draft reconciler.Draft) error {
	by := fmt.Sprintf("push it yourself: git push %s %s:%s", redacted(f.remote), commit, draft.SourceRef)
	said := strings.ToLower(err.Error())
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(said, w) })
	}
	var known *failure
	switch refused := noAccess(err, f.remote); {
	case errors.As(refused, &known) && known.code == exitForbidden:
		return refused
	case has("(fetch first)", "(non-fast-forward)", "(stale info)", "(already exists)", "reference already exists", "cannot lock ref", "failed to update ref"):
		return &failure{code: exitConflict, err: err, hint: "somebody pushed that branch meanwhile: run it again, it looks at what is there"}
	case has("[remote rejected]", "not allowed to", "protected branch", "not found", "could not be found"):
		return &failure{code: exitForbidden, err: err, hint: by}
	}
	return &failure{code: exitUnavailable, err: err, hint: "run it again, or " + by}
}

// gitWith is git with something on its standard input; said is what it wrote for people.
func (a *app) gitWith(ctx context.Context, in []byte, args ...string) (out, said string, err error) {
	raw, said, err := a.gitRaw(ctx, in, args...)
	return strings.TrimSpace(string(raw)), said, err
}

func (a *app) gitRaw(ctx context.Context, in []byte, args ...string) (out []byte, said string, err error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", a.dir}, args...)...)
	var errs bytes.Buffer
	cmd.Env = append(cmd.Environ(), "LC_ALL=C") // what git says is read here
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &errs
	if out, err = cmd.Output(); err != nil {
		return nil, errs.String(), fmt.Errorf("git %s: %w", command(args), gitSaid(errs.String(), err))
	}
	return out, errs.String(), nil
}
