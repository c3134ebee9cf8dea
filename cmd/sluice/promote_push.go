package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// bring makes the commit, pushes it and has the merge request opened. What is proposed already is left as it is.
func (d *desk) bring(ctx context.Context, f proposeFlags, drafting reconciler.Drafting, draft reconciler.Draft, out *proposed) error {
	if f.dryRun {
		out.State = "dry-run"
		return nil
	}
	if head := d.tip(draft.SourceRef); !head.IsZero() {
		fits, err := drafting.Fits(ctx, draft, head)
		if err != nil {
			return err
		}
		if !fits {
			return &failure{
				code: exitConflict, err: fmt.Errorf("the branch %s is there with something else: an older proposal", out.Branch),
				hint: fmt.Sprintf("close its merge request and delete it: git push %s --delete %s", f.remote, out.Branch),
			}
		}
		out.State, out.Commit = "proposed", head.String()
		return nil
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
		return d.openByToken(ctx, f, draft, commit, out)
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
	return commit, d.counts(commit, raw, draft.Cell)
}

// counts asks whether the signature would let anything in, before anybody is asked to approve it.
func (d *desk) counts(commit schema.Hash, raw []byte, cell schema.Cell) error {
	v := d.Keyring.Commit(commit, raw, signing.Acceptance{At: d.made.Add(signing.DefaultSkew), LastSeq: d.Ledger.Head().Size})
	who, _ := d.Trust.Principal(v.Principal)
	switch {
	case !v.OK():
		return &failure{code: exitForbidden, err: fmt.Errorf("your signature would not count [%s]: nothing was pushed", v.Code), hint: "sluice explain " + string(v.Code)}
	case !who.Has(schema.RoleAuthor, cell) && !who.Has(schema.RoleRelease, cell):
		return &failure{code: exitForbidden, err: fmt.Errorf("%s may not propose for %s: it wants the role author or release [principal-not-authorised]", who.ID, cell), hint: "ask one who may: sluice trust show"}
	}
	return nil
}

// pushAsking pushes, and asks the forge to open the merge request for it; one that does not understand that is only pushed to.
func (d *desk) pushAsking(ctx context.Context, f proposeFlags, draft reconciler.Draft, commit schema.Hash, out *proposed) error {
	push := []string{"push", f.remote, commit.String() + ":" + draft.SourceRef}
	asking := append(push[:len(push):len(push)], "-o", "merge_request.create", "-o", "merge_request.target="+out.Target, "-o", "merge_request.title="+draft.Title,
		"-o", "merge_request.remove_source_branch", "-o", "merge_request.label=sluice")
	_, said, err := d.a.gitWith(ctx, nil, asking...)
	if err != nil && strings.Contains(err.Error(), "does not support push options") {
		_, said, err = d.a.gitWith(ctx, nil, push...)
		said += "\n"
		out.State = "pushed"
	} else if err == nil {
		out.State = "proposed"
	}
	if err != nil {
		return d.notPushed(err, f, commit, draft)
	}
	if m := mergeRequestAddress.FindStringSubmatch(said); m != nil {
		_, _ = fmt.Sscan(m[1], &out.MergeRequest) // stays 0: the address is for people
	}
	return nil
}

var mergeRequestAddress = regexp.MustCompile(`/-/merge_requests/([0-9]+)\b`)

func (d *desk) notPushed(err error, f proposeFlags, commit schema.Hash, draft reconciler.Draft) error {
	var known *failure
	if refused := noAccess(err, f.remote); errors.As(refused, &known) && known.code == exitForbidden {
		return refused
	}
	return &failure{code: exitForbidden, err: err, hint: fmt.Sprintf("push it yourself: git push %s %s:%s", f.remote, commit, draft.SourceRef)}
}

// openByToken pushes with the user's own access and opens the merge request at GitLab's API.
func (d *desk) openByToken(ctx context.Context, f proposeFlags, draft reconciler.Draft, commit schema.Hash, out *proposed) error {
	cfg, err := d.gitlabOf(ctx, f)
	if err != nil {
		return err
	}
	client, err := gitlab.New(cfg)
	if err != nil {
		return &failure{code: exitUsage, err: err, hint: "--gitlab-url, --gitlab-project and --gitlab-token-file say where and as whom"}
	}
	defer client.Close()
	if _, _, err := d.a.gitWith(ctx, nil, "push", f.remote, commit.String()+":"+draft.SourceRef); err != nil {
		return d.notPushed(err, f, commit, draft)
	}
	iid, err := client.Propose(ctx, schema.Proposal{
		SourceRef: draft.SourceRef, TargetRef: draft.TargetRef, Head: commit, Title: draft.Title, Description: draft.Description, Labels: []string{"sluice"},
	})
	if err != nil {
		return fmt.Errorf("the commit is pushed to %s, its merge request is not open: %w", out.Branch, err)
	}
	out.MergeRequest, out.State = iid, "proposed"
	return nil
}

// gitlabOf says where GitLab is: by flags, or by the remote's URL.
func (d *desk) gitlabOf(ctx context.Context, f proposeFlags) (gitlab.Config, error) {
	cfg := gitlab.Config{URL: f.url, Project: f.project, TokenFile: f.token, CAFile: f.caFile}
	if cfg.URL != "" && cfg.Project != "" {
		return cfg, nil
	}
	remote, err := d.a.git(ctx, "remote", "get-url", f.remote)
	if err != nil {
		return cfg, err
	}
	home, project := homeOf(remote)
	if cfg.URL == "" {
		cfg.URL = home
	}
	if cfg.Project == "" {
		cfg.Project = project
	}
	if cfg.URL == "" || cfg.Project == "" {
		return cfg, usageError(fmt.Errorf("the URL of %s does not say where GitLab is: give --gitlab-url and --gitlab-project", f.remote))
	}
	return cfg, nil
}

// homeOf reads GitLab's address and the project's path from the URL of a clone: over HTTP, or over SSH at the same host.
func homeOf(remote string) (home, project string) {
	u, err := url.Parse(remote)
	if host, path, ok := strings.Cut(remote, ":"); err != nil || ok && !strings.Contains(remote, "://") {
		_, after, found := strings.Cut(host, "@")
		if !found {
			after = host
		}
		u = &url.URL{Scheme: "https", Host: after, Path: path}
	}
	switch u.Scheme {
	case "ssh":
		u = &url.URL{Scheme: "https", Host: u.Hostname(), Path: u.Path}
	case "http", "https":
	default:
		return "", ""
	}
	if u.Host == "" {
		return "", ""
	}
	return u.Scheme + "://" + u.Host, strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
}

// gitWith is git with something on its standard input; said is what it wrote for people.
func (a *app) gitWith(ctx context.Context, in []byte, args ...string) (out, said string, err error) {
	raw, said, err := a.gitRaw(ctx, in, args...)
	return strings.TrimSpace(string(raw)), said, err
}

func (a *app) gitRaw(ctx context.Context, in []byte, args ...string) (out []byte, said string, err error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", a.dir}, args...)...)
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &errs
	if out, err = cmd.Output(); err != nil {
		return nil, errs.String(), fmt.Errorf("git %s: %w", command(args), gitSaid(errs.String(), err))
	}
	return out, errs.String(), nil
}
