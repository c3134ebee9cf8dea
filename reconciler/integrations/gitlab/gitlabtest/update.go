package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
)

// Retarget moves a merge request to another target branch, which makes a new
// version of it.
func (s *Server) Retarget(path string, iid int, username, target string) error {
	return s.actOn(path, iid, username, "retarget", func(p *project, mr *mergeRequest, user *User) error {
		return s.update(p, mr, user, changes{target: &target})
	})
}

// CloseMergeRequest closes without merging.
func (s *Server) CloseMergeRequest(path string, iid int, username string) error {
	return s.actOn(path, iid, username, "close", func(p *project, mr *mergeRequest, user *User) error {
		return s.update(p, mr, user, changes{stateEvent: "close"})
	})
}

// ReopenMergeRequest opens a closed merge request again.
func (s *Server) ReopenMergeRequest(path string, iid int, username string) error {
	return s.actOn(path, iid, username, "reopen", func(p *project, mr *mergeRequest, user *User) error {
		return s.update(p, mr, user, changes{stateEvent: "reopen"})
	})
}

// EditMergeRequest changes the title; "Draft: " in front marks it a draft.
func (s *Server) EditMergeRequest(path string, iid int, username, title string) error {
	return s.actOn(path, iid, username, "edit", func(p *project, mr *mergeRequest, user *User) error {
		return s.update(p, mr, user, changes{title: &title})
	})
}

// changes are the parameters of an update; nil means leave it.
type changes struct {
	title, description, target *string
	stateEvent                 string
	squash, removeSource       *bool
	labels                     *[]string
	addLabels, removeLabels    []string
	reviewers                  *[]string
}

func (c changes) empty() bool {
	return c.title == nil && c.description == nil && c.target == nil && c.stateEvent == "" && c.squash == nil &&
		c.removeSource == nil && c.labels == nil && c.addLabels == nil && c.removeLabels == nil && c.reviewers == nil
}

// update changes a merge request. The author and Developers may. Callers hold mu.
func (s *Server) update(p *project, mr *mergeRequest, user *User, c changes) error {
	if p.level(user) < Developer && user.Username != mr.Author {
		return forbidden()
	}
	if err := checkTexts(c.title, c.description); err != nil {
		return err
	}
	if c.stateEvent != "" {
		if err := s.changeState(p, mr, user, c.stateEvent); err != nil {
			return err
		}
	}
	if c.target != nil && *c.target != mr.TargetBranch {
		if err := s.retarget(p, mr, user, *c.target); err != nil {
			return err
		}
	}
	s.updateText(p, mr, user, c)
	if c.squash != nil {
		mr.Squash = p.squashDefault(c.squash)
	}
	if c.removeSource != nil {
		mr.RemoveSource = *c.removeSource
	}
	mr.updateLabels(c)
	if c.reviewers != nil {
		mr.Reviewers = slices.Clone(*c.reviewers)
	}
	s.touch(mr)
	return nil
}

func (s *Server) updateText(p *project, mr *mergeRequest, user *User, c changes) {
	if c.description != nil && *c.description != mr.Description {
		mr.Description, _ = s.obey(p, mr, user, *c.description, "")
	}
	if c.title == nil || *c.title == mr.Title {
		return
	}
	old, draft := mr.Title, mr.Draft
	mr.setTitle(*c.title)
	switch {
	case mr.Draft && !draft:
		s.systemNote(mr, user.Username, "marked this merge request as **draft**")
	case !mr.Draft && draft:
		s.systemNote(mr, user.Username, "marked this merge request as **ready**")
	default:
		s.systemNote(mr, user.Username, fmt.Sprintf("changed title from **%s** to **%s**", old, mr.Title))
	}
}

func (mr *mergeRequest) updateLabels(c changes) {
	if c.labels != nil {
		mr.Labels = sortedSet(*c.labels)
	}
	mr.Labels = sortedSet(append(slices.Clone(mr.Labels), c.addLabels...))
	mr.Labels = slices.DeleteFunc(mr.Labels, func(l string) bool { return slices.Contains(c.removeLabels, l) })
}

func (s *Server) changeState(p *project, mr *mergeRequest, user *User, event string) error {
	switch {
	case event == "close" && mr.State == "opened":
		mr.State, mr.ClosedAt, mr.ClosedBy = "closed", s.now(), user.Username
		s.deliver(p, user, mr, "close", nil)
	case event == "reopen" && mr.State == "closed":
		if err := p.duplicate(mr.SourceBranch, mr.TargetBranch); err != nil {
			return err
		}
		mr.State, mr.ClosedAt, mr.ClosedBy = "opened", mr.MergedAt, ""
		s.deliver(p, user, mr, "reopen", nil)
		return s.sync(p, user)
	case event != "close" && event != "reopen":
		return refuse(http.StatusBadRequest, "state_event does not have a valid value")
	}
	return nil
}

// retarget changes the target branch; on Premium that removes approvals where
// a push would.
func (s *Server) retarget(p *project, mr *mergeRequest, user *User, target string) error {
	switch {
	case mr.State != "opened":
		return refuse(http.StatusUnprocessableEntity, "Target branch can't be changed")
	case p.repo.tip(target) == "":
		return &Error{http.StatusUnprocessableEntity, map[string][]string{"target_branch": {"does not exist"}}}
	case target == mr.SourceBranch:
		return &Error{http.StatusUnprocessableEntity, []string{"Source branch You can't use same project/branch for source and target"}}
	}
	if err := p.duplicate(mr.SourceBranch, target); err != nil {
		return err
	}
	old, before := mr.head(), mr.TargetBranch
	mr.TargetBranch = target
	if mr.sourceTip != "" {
		if err := s.addVersion(p, mr); err != nil {
			return err
		}
	}
	s.systemNote(mr, user.Username, fmt.Sprintf("changed target branch from `%s` to `%s`", before, target))
	s.resetOnPush(p, mr, old, user)
	s.deliver(p, user, mr, "update", nil)
	return nil
}
