package runner

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Event is what makes a pipeline.
type Event struct {
	Origin string // bare repository, on this machine
	Kind   string // merge_request, merged_result, merge_train, branch or schedule
	Branch string // that the merge request is for, or the branch itself
	IID    string // of the merge request, whose head is refs/merge-requests/IID/head
	Fork   bool   // the pipeline runs in the fork that the merge request comes from
	Config string // file with the pipeline's configuration; empty for the commit's own .gitlab-ci.yml
	Given  map[string]string
}

// Run is a pipeline that is about to be made: on which commit, and with which variables.
type Run struct {
	SHA, Ref  string
	Variables map[string]string
}

// Start finds the commit and says of it what GitLab does. The default branch is called main, and every branch is protected.
func (e Event) Start(ctx context.Context) (Run, error) {
	r := Run{Ref: "refs/heads/" + e.Branch, Variables: map[string]string{
		"CI": "true", "GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main", "CI_PROJECT_ID": "7", "CI_PROJECT_PATH": "acme/config",
		"CI_PROJECT_URL": "https://git.example.com/acme/config", "CI_SERVER_FQDN": "git.example.com", "CI_COMMIT_REF_PROTECTED": "true",
	}}
	var err error
	switch e.Kind {
	case "branch", "schedule":
		r.Variables["CI_COMMIT_BRANCH"] = e.Branch
		r.Variables["CI_PIPELINE_SOURCE"] = map[string]string{"branch": "push", "schedule": "schedule"}[e.Kind]
	case "merge_request", "merged_result", "merge_train":
		r.Ref, err = e.mergeRequest(ctx, r.Variables)
	default:
		return r, fmt.Errorf("there is no event %q", e.Kind)
	}
	if err != nil {
		return r, err
	}
	if r.SHA, err = git(ctx, e.Origin, "rev-parse", "--verify", r.Ref+"^{commit}"); err != nil {
		return r, err
	}
	r.Variables["CI_COMMIT_SHA"] = r.SHA
	for name, value := range e.Given {
		r.Variables[name] = value
	}
	return r, nil
}

// mergeRequest says what GitLab says of one, texts that people chose included, and returns the ref of its pipeline.
func (e Event) mergeRequest(ctx context.Context, variables map[string]string) (string, error) {
	ref := "refs/merge-requests/" + e.IID + "/head"
	head, err := git(ctx, e.Origin, "rev-parse", "--verify", ref)
	if err != nil {
		return "", err
	}
	target, err := git(ctx, e.Origin, "rev-parse", "--verify", "refs/heads/"+e.Branch)
	if err != nil {
		return "", err
	}
	base, err := git(ctx, e.Origin, "merge-base", target, head)
	if err != nil {
		return "", err
	}
	const hostile = "$(touch pwned)`touch pwned`'\"; touch pwned #"
	for name, value := range map[string]string{
		"PIPELINE_SOURCE": "merge_request_event", "MERGE_REQUEST_EVENT_TYPE": "detached", "MERGE_REQUEST_IID": e.IID,
		"MERGE_REQUEST_PROJECT_ID": "7", "MERGE_REQUEST_SOURCE_PROJECT_ID": "7", "MERGE_REQUEST_TARGET_BRANCH_NAME": e.Branch,
		"MERGE_REQUEST_SOURCE_BRANCH_NAME": "change", "MERGE_REQUEST_DIFF_BASE_SHA": base, "COMMIT_REF_PROTECTED": "false",
		"MERGE_REQUEST_TITLE": hostile, "MERGE_REQUEST_LABELS": hostile, "MERGE_REQUEST_DESCRIPTION": hostile + "\nsecond line",
	} {
		variables["CI_"+name] = value
	}
	if e.Fork {
		variables["CI_PROJECT_ID"], variables["CI_MERGE_REQUEST_SOURCE_PROJECT_ID"] = "8", "8"
	}
	if e.Kind == "merge_request" {
		return ref, nil
	}
	variables["CI_MERGE_REQUEST_EVENT_TYPE"] = e.Kind
	variables["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"], variables["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"] = head, target
	return e.mergedResult(ctx, target, head)
}

// mergedResult makes the merge that GitLab throws away afterwards.
func (e Event) mergedResult(ctx context.Context, target, head string) (string, error) {
	ref := "refs/merge-requests/" + e.IID + "/merge"
	tree, err := git(ctx, e.Origin, "merge-tree", "--write-tree", target, head)
	if err != nil {
		return "", err
	}
	merge, err := git(ctx, e.Origin, "-c", "user.name=GitLab", "-c", "user.email=noreply@git.example.com",
		"commit-tree", tree, "-p", target, "-p", head, "-m", "Merge result")
	if err != nil {
		return "", err
	}
	_, err = git(ctx, e.Origin, "update-ref", ref, merge)
	return ref, err
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimRight(string(out), "\n"), nil
}
