package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

// standing is the commit that the branch of a proposal has now. What an earlier fetch left in the clone says nothing: the forge
// deletes branches too.
func (d *desk) standing(ctx context.Context, f proposeFlags, ref string) (schema.Hash, error) {
	if d.tip(ref).IsZero() {
		return schema.Hash{}, nil
	}
	out, err := d.a.git(ctx, "ls-remote", "--refs", f.remote, ref)
	if err != nil {
		return schema.Hash{}, noAccess(err, f.remote)
	}
	for line := range strings.Lines(out) {
		if id, name, _ := strings.Cut(strings.TrimSpace(line), "\t"); name == ref {
			return schema.ParseHash(id)
		}
	}
	return schema.Hash{}, nil
}

// resume goes on from what was pushed before, once it is sure that it could be admitted. Without a token nobody sees from
// here whether its merge request is open: a branch alone is no proposal.
func (d *desk) resume(ctx context.Context, f proposeFlags, drafting reconciler.Drafting, draft reconciler.Draft, head schema.Hash, out *proposed) error {
	inTheWay := func(err error) error {
		return &failure{code: exitConflict, err: err, hint: fmt.Sprintf("close its merge request and delete it, then propose again: git push %s --delete %s", redacted(f.remote), out.Branch)}
	}
	fits, err := drafting.Fits(ctx, draft, head)
	if err != nil {
		return err
	}
	if !fits {
		return inTheWay(fmt.Errorf("the branch %s is there with something else: an older proposal", out.Branch))
	}
	raw, _, err := d.a.gitRaw(ctx, nil, "cat-file", "commit", head.String())
	if err != nil {
		return err
	}
	if code, _ := d.signature(head, raw, draft); code != "" {
		return inTheWay(fmt.Errorf("the branch %s is there with commit %s, whose signature would not count [%s]: it can never be admitted", out.Branch, head.Short(), code))
	}
	out.Commit, out.State, out.before = head.String(), "pushed", true
	if f.token == "" {
		out.Open = d.whereToOpen(ctx, f, *out)
		return nil
	}
	if err := d.agree("Open its merge request?"); err != nil {
		return err
	}
	client, err := d.forge(ctx, f)
	if err != nil {
		return err
	}
	defer client.Close()
	return openAt(ctx, client, f, draft, head, out)
}

// pushThenOpen pushes with the user's own access and opens the merge request at GitLab's API.
func (d *desk) pushThenOpen(ctx context.Context, f proposeFlags, draft reconciler.Draft, commit schema.Hash, out *proposed) error {
	client, err := d.forge(ctx, f)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, _, err := d.a.gitWith(ctx, nil, "push", f.remote, commit.String()+":"+draft.SourceRef); err != nil {
		return notPushed(err, f, commit, draft)
	}
	return openAt(ctx, client, f, draft, commit, out)
}

// openAt finds or opens the merge request of a commit that is pushed. That somebody closed one before binds the robot, not people.
func openAt(ctx context.Context, client *gitlab.Client, f proposeFlags, draft reconciler.Draft, commit schema.Hash, out *proposed) error {
	iid, err := client.Propose(ctx, schema.Proposal{
		SourceRef: draft.SourceRef, TargetRef: draft.TargetRef, Head: commit, Title: draft.Title, Description: draft.Description, Labels: []string{"sluice"},
	})
	if err != nil {
		return fmt.Errorf("the commit is pushed to %s, its merge request is not open: %w", out.Branch, err)
	}
	out.MergeRequest, out.State = iid, "proposed"
	return nil
}

func (d *desk) forge(ctx context.Context, f proposeFlags) (*gitlab.Client, error) {
	cfg, err := d.gitlabOf(ctx, f)
	if err != nil {
		return nil, err
	}
	client, err := gitlab.New(cfg)
	if err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: "--gitlab-url, --gitlab-project and --gitlab-token-file say where and as whom"}
	}
	return client, nil
}

// whereToOpen is GitLab's page for opening the merge request; empty where the remote does not say where GitLab is.
func (d *desk) whereToOpen(ctx context.Context, f proposeFlags, p proposed) string {
	cfg, err := d.gitlabOf(ctx, f)
	if err != nil {
		return ""
	}
	asked := url.Values{"merge_request[source_branch]": {p.Branch}, "merge_request[target_branch]": {p.Target}}
	project := url.URL{Path: "/" + cfg.Project}
	return strings.TrimSuffix(cfg.URL, "/") + project.EscapedPath() + "/-/merge_requests/new?" + asked.Encode()
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
		return cfg, usageError(fmt.Errorf("the URL of %s does not say where GitLab is: give --gitlab-url and --gitlab-project", redacted(f.remote)))
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
