package gitlabtest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// MergeOptions are the parameters of a merge. The zero value is the button.
type MergeOptions struct {
	SHA           string // refuse unless the head is this one
	Message       string // of the merge commit
	Squash        bool   // false follows the merge request, as in GitLab
	SquashMessage string
	RemoveSource  bool
	// Auto sets the merge request to merge when its pipeline succeeds, if one
	// is running.
	Auto bool
}

// Merge merges as a user would, by the project's merge method.
func (s *Server) Merge(path string, iid int, username string, opts MergeOptions) (MergeRequest, error) {
	var out MergeRequest
	err := s.actOn(path, iid, username, "merge", func(p *project, mr *mergeRequest, user *User) error {
		if err := s.accept(p, mr, user, opts); err != nil {
			return err
		}
		out = s.snapshot(p, mr)
		return nil
	})
	return out, err
}

// accept checks in GitLab's order (rights, sha, state) and merges. Callers hold mu.
func (s *Server) accept(p *project, mr *mergeRequest, user *User, opts MergeOptions) error {
	if s.opts.RequireSHA && opts.SHA == "" {
		return refuse(http.StatusBadRequest, "SHA must be provided when merging")
	}
	if !p.canMerge(user, mr.TargetBranch) {
		return unauthorized()
	}
	if opts.SHA != "" && opts.SHA != mr.SHA {
		return shaMismatch(mr.SHA)
	}
	if opts.Squash && p.SquashOption != "never" {
		mr.Squash = true
	}
	mr.RemoveSource = mr.RemoveSource || opts.RemoveSource
	status := s.detailedStatus(p, mr)
	if opts.Auto && status == "ci_still_running" {
		mr.autoMerge = user.Username
		s.touch(mr)
		return nil
	}
	if status == "conflict" && s.opts.Conflict406 {
		return refuse(http.StatusNotAcceptable, "Branch cannot be merged")
	}
	if status != "mergeable" {
		return refuse(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	}
	if err := s.land(p, mr, user, opts); err != nil {
		mr.MergeError = err.Error()
		return refuse(http.StatusUnprocessableEntity, "Branch cannot be merged")
	}
	return s.merged(p, mr, user)
}

// land writes what the merge method makes and moves the target branch.
func (s *Server) land(p *project, mr *mergeRequest, user *User, opts MergeOptions) error {
	target := p.repo.tip(mr.TargetBranch)
	source := mr.SHA
	if mr.Squash {
		squashed, err := s.squash(p, mr, user, opts.SquashMessage)
		if err != nil {
			return fmt.Errorf("squash: %w", err)
		}
		source = squashed
	}
	tip := source
	if p.MergeMethod != "ff" {
		commit, err := s.mergeCommit(p, mr, user, target, source, opts.Message)
		if err != nil {
			return err
		}
		tip = commit
	}
	if err := p.repo.update("refs/heads/"+mr.TargetBranch, tip, target); err != nil {
		return err
	}
	mr.LandedSHA, mr.targetTip = tip, tip
	s.deliverPush(p, user, mr.TargetBranch, target, tip)
	if mr.Squash {
		mr.SquashCommitSHA = source
	}
	if p.MergeMethod != "ff" {
		mr.MergeCommitSHA = tip
	}
	return nil
}

func (s *Server) mergeCommit(p *project, mr *mergeRequest, user *User, target, source, message string) (string, error) {
	tree, err := p.repo.mergeTrees(target, source)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(message) == "" {
		message = fmt.Sprintf("Merge branch '%s' into '%s'\n\n%s\n\nSee merge request %s!%d",
			mr.SourceBranch, mr.TargetBranch, mr.Title, p.Path, mr.IID)
	}
	return s.commitTree(p, tree, []string{target, source}, message, s.sign(user), s.sign(user))
}

// squash makes one commit of the source branch: the merge request's author
// wrote it, whoever merges committed it. A single commit whose message would
// stay the same is left as it is, and counts as its own squash.
func (s *Server) squash(p *project, mr *mergeRequest, user *User, message string) (string, error) {
	if strings.TrimSpace(message) == "" {
		message = mr.Title
	}
	v := mr.head()
	if len(v.Commits) == 1 {
		only, err := p.repo.commits(v.Commits)
		if err != nil {
			return "", err
		}
		if strings.TrimSpace(only[0].message) == strings.TrimSpace(message) {
			return mr.SHA, nil
		}
	}
	parent := v.StartSHA
	if p.MergeMethod != "merge" {
		parent = p.repo.tip(mr.TargetBranch)
	}
	tree, err := p.repo.mergeTrees(parent, mr.SHA)
	if err != nil {
		return "", err
	}
	author := signature{mr.Author, mr.Author + "@example.com", s.now()}
	if u := s.user(mr.Author); u != nil {
		author = s.sign(u)
	}
	return s.commitTree(p, tree, []string{parent}, message, author, s.sign(user))
}

// merged records a merge that has happened and lets the other merge requests
// of the project follow.
func (s *Server) merged(p *project, mr *mergeRequest, user *User) error {
	now := s.now()
	mr.State, mr.MergedAt, mr.UpdatedAt, mr.MergedBy, mr.MergeError = "merged", now, now, user.Username, ""
	mr.autoMerge = ""
	kept := p.repo.keep(mr.LandedSHA)
	if mr.SquashCommitSHA != "" {
		kept = errors.Join(kept, p.repo.keep(mr.SquashCommitSHA))
	}
	if mr.RemoveSource && len(p.rules(mr.SourceBranch)) == 0 && mr.SourceBranch != p.DefaultBranch {
		kept = errors.Join(kept, p.repo.update("refs/heads/"+mr.SourceBranch, nullSHA, mr.sourceTip))
		mr.sourceTip = ""
	}
	if kept != nil {
		return fmt.Errorf("tidy up after the merge of !%d: %w", mr.IID, kept)
	}
	s.deliver(p, user, mr, "merge", nil)
	return s.sync(p, user)
}
