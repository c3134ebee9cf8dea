package gitlabtest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Rebase replays the source branch onto the target, as the button does: new
// commits by the same authors, committed by the user, signed by nobody.
func (s *Server) Rebase(path string, iid int, username string) (MergeRequest, error) {
	var out MergeRequest
	err := s.actOn(path, iid, username, "rebase", func(p *project, mr *mergeRequest, user *User) error {
		if err := s.rebase(p, mr, user); err != nil {
			return err
		}
		out = s.snapshot(p, mr)
		return nil
	})
	return out, err
}

func (s *Server) rebase(p *project, mr *mergeRequest, user *User) error {
	if mr.State != "opened" || mr.sourceTip == "" {
		return refuse(http.StatusConflict, "Failed to enqueue the rebase operation, possibly due to a long-lived transaction. Try again later.")
	}
	if !p.canPush(user, mr.SourceBranch) || !p.canForce(mr.SourceBranch) {
		return refuse(http.StatusForbidden, "403 Forbidden - Cannot push to source branch")
	}
	target := p.repo.tip(mr.TargetBranch)
	if p.repo.ancestor(target, mr.SHA) {
		return nil
	}
	tip, err := s.replay(p, mr.head().Commits, target, user)
	if errors.Is(err, errConflict) {
		mr.MergeError = "Rebase failed: Rebase locally, resolve all conflicts, then push the branch."
		return nil // GitLab answers 202 and tells in merge_error
	}
	if err != nil {
		return err
	}
	if err := p.repo.update("refs/heads/"+mr.SourceBranch, tip, mr.SHA); err != nil {
		return err
	}
	mr.MergeError = ""
	s.deliverPush(p, user, mr.SourceBranch, mr.SHA, tip)
	return s.sync(p, user)
}

// replay picks commits (newest first) onto a tip. Merges are left out, and so
// is what changes nothing any more.
func (s *Server) replay(p *project, commits []string, onto string, user *User) (string, error) {
	list, err := p.repo.commits(commits)
	if err != nil {
		return "", err
	}
	slices.Reverse(list)
	for _, c := range list {
		if len(c.parents) != 1 {
			continue
		}
		next, err := s.pickCommit(p, c, onto, user)
		if err != nil {
			return "", err
		}
		onto = next
	}
	return onto, nil
}

func (s *Server) pickCommit(p *project, c commit, onto string, user *User) (string, error) {
	trees := make([]string, 3)
	for i, name := range []string{c.parents[0], onto, c.sha} {
		tree, err := p.repo.tree(name)
		if err != nil {
			return "", err
		}
		trees[i] = tree
	}
	tree, err := p.repo.pick(trees[0], trees[1], trees[2])
	if err != nil || tree == trees[1] {
		return onto, err
	}
	return s.commitTree(p, tree, []string{onto}, c.message, c.author, s.sign(user))
}

// Revert undoes a merged merge request, as the button does: a branch
// revert-<sha> with one commit the forge makes, and a merge request for it.
func (s *Server) Revert(path string, iid int, username string) (MergeRequest, error) {
	var out MergeRequest
	err := s.actOn(path, iid, username, "revert", func(p *project, mr *mergeRequest, user *User) error {
		opened, err := s.revert(p, mr, user)
		if err != nil {
			return err
		}
		out = s.snapshot(p, opened)
		return nil
	})
	return out, err
}

func (s *Server) revert(p *project, mr *mergeRequest, user *User) (*mergeRequest, error) {
	if mr.State != "merged" || mr.LandedSHA == "" {
		return nil, refuse(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	}
	if p.level(user) < Developer {
		return nil, forbidden()
	}
	// A fast-forward of several commits is undone as a whole: back to the
	// target's tip at the time, not only the last commit.
	before := mr.head().StartSHA
	if mr.MergeCommitSHA != "" || mr.SquashCommitSHA != "" {
		before = mr.LandedSHA + "^1"
	}
	target := p.repo.tip(mr.TargetBranch)
	trees := make([]string, 3)
	for i, name := range []string{mr.LandedSHA, target, before} {
		tree, err := p.repo.tree(name)
		if err != nil {
			return nil, err
		}
		trees[i] = tree
	}
	tree, err := p.repo.pick(trees[0], trees[1], trees[2])
	if errors.Is(err, errConflict) || err == nil && tree == trees[1] {
		return nil, refuse(http.StatusBadRequest, "Sorry, we cannot revert this merge request automatically. It may have been reverted already, or a more recent commit may have updated some of its content.")
	}
	if err != nil {
		return nil, err
	}
	return s.openRevert(p, mr, user, tree, target)
}

func (s *Server) openRevert(p *project, mr *mergeRequest, user *User, tree, target string) (*mergeRequest, error) {
	title := `Revert "` + p.repo.subject(mr.LandedSHA) + `"`
	message := fmt.Sprintf("%s\n\nThis reverts merge request !%d", title, mr.IID)
	sha, err := s.commitTree(p, tree, []string{target}, message, s.sign(user), s.sign(user))
	if err != nil {
		return nil, err
	}
	branch := "revert-" + short(mr.LandedSHA)
	if err := p.repo.update("refs/heads/"+branch, sha, nullSHA); err != nil {
		return nil, refuse(http.StatusBadRequest, "A branch called '%s' already exists.", branch)
	}
	return s.open(p, user, NewMergeRequest{
		SourceBranch: branch, TargetBranch: mr.TargetBranch, Title: title,
		Description: fmt.Sprintf("This reverts merge request !%d", mr.IID), RemoveSource: true,
	})
}
