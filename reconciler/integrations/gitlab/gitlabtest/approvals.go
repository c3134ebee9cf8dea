package gitlabtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Approval is one person's yes to a merge request.
type Approval struct {
	User string // username
	At   time.Time
	// SHA is the head it was given on. GitLab does not tell, so the API does
	// not either; it is here for tests.
	SHA string
}

// approvalReset is the removal of approvals that a push asked for and that
// comes into force later. Approvals given after the push are not in it.
type approvalReset struct {
	due  time.Time
	gone []Approval
}

// Approve approves the current head, as the button does.
func (s *Server) Approve(path string, iid int, username string) error {
	return s.actOn(path, iid, username, "approve", func(p *project, mr *mergeRequest, user *User) error {
		return s.approve(p, mr, user, "")
	})
}

// Unapprove takes an approval back.
func (s *Server) Unapprove(path string, iid int, username string) error {
	return s.actOn(path, iid, username, "unapprove", s.unapprove)
}

// ResetApprovals removes all approvals at once, as a push on Premium does.
func (s *Server) ResetApprovals(project string, iid int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, mr, err := s.find(project, iid)
	if err != nil {
		return fmt.Errorf("reset approvals of %s!%d: %w", project, iid, err)
	}
	mr.Approvals = nil
	return nil
}

// actOn finds the merge request and user of a Go call and runs an action.
func (s *Server) actOn(path string, iid int, username, verb string, act func(*project, *mergeRequest, *User) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, mr, err := s.find(path, iid)
	if err != nil {
		return fmt.Errorf("%s %s!%d: %w", verb, path, iid, err)
	}
	user := s.user(username)
	if user == nil {
		return fmt.Errorf("%s %s!%d: %w", verb, path, iid, notFound("User"))
	}
	if err := act(p, mr, user); err != nil {
		return fmt.Errorf("%s %s!%d: %w", verb, path, iid, err)
	}
	return nil
}

func (s *Server) approve(p *project, mr *mergeRequest, user *User, sha string) error {
	if !s.canApprove(p, mr, user) && !mr.approvedBy(user) {
		return unauthorized()
	}
	if sha != "" && sha != mr.SHA {
		return shaMismatch(mr.SHA)
	}
	if mr.approvedBy(user) {
		return unauthorized()
	}
	mr.Approvals = append(mr.Approvals, Approval{User: user.Username, At: s.now(), SHA: mr.SHA})
	s.systemNote(mr, user.Username, "approved this merge request")
	s.touch(mr)
	s.deliver(p, user, mr, "approved", nil)
	return nil
}

func (s *Server) unapprove(p *project, mr *mergeRequest, user *User) error {
	if !mr.approvedBy(user) {
		return notFound("")
	}
	mr.Approvals = slices.DeleteFunc(mr.Approvals, func(a Approval) bool { return a.User == user.Username })
	s.systemNote(mr, user.Username, "unapproved this merge request")
	s.touch(mr)
	s.deliver(p, user, mr, "unapproved", nil)
	return nil
}

func (mr *mergeRequest) approvedBy(user *User) bool {
	return slices.ContainsFunc(mr.Approvals, func(a Approval) bool { return a.User == user.Username })
}

// canApprove says whether the Approve button would work. Authors may approve
// their own work except on Premium, where a setting decides.
func (s *Server) canApprove(p *project, mr *mergeRequest, user *User) bool {
	if p.level(user) < Developer || mr.approvedBy(user) || p.Archived {
		return false
	}
	if s.opts.Tier != Premium {
		return true
	}
	if user.Username == mr.Author && !p.AuthorApproval {
		return false
	}
	return !p.DisableCommittersApproval || !p.repo.committed(mr.head().Commits, user.Email)
}

// committed says whether a person is the committer of one of the commits.
func (r repository) committed(commits []string, email string) bool {
	list, err := r.commits(commits)
	return err != nil || slices.ContainsFunc(list, func(c commit) bool { return c.committer.email == email })
}

// approvalsLeft is what Premium still asks for.
func (s *Server) approvalsLeft(p *project, mr *mergeRequest) int {
	if s.opts.Tier != Premium {
		return 0
	}
	return max(0, p.ApprovalsRequired-len(mr.Approvals))
}

// resetOnPush removes the approvals given before a push, unless the diff stayed
// the same (a rebase). With a delay the old ones are served a while longer, as
// GitLab's background job leaves them.
func (s *Server) resetOnPush(p *project, mr *mergeRequest, old Version, pusher *User) {
	if !p.ResetApprovalsOnPush || len(mr.Approvals) == 0 {
		return
	}
	if p.repo.samePatch(old, mr.head()) {
		return
	}
	now := s.now()
	mr.resets = append(mr.resets, approvalReset{due: now.Add(s.faults.resetDelay()), gone: slices.Clone(mr.Approvals)})
	if s.dueResets(p, mr) {
		s.deliver(p, pusher, mr, "unapproved", map[string]any{"system": true, "system_action": "approvals_reset_on_push"})
	}
}

// dueResets carries out the resets whose time has come. It writes no system
// note: GitLab does not either.
func (s *Server) dueResets(p *project, mr *mergeRequest) bool {
	now, before := s.now(), len(mr.Approvals)
	mr.resets = slices.DeleteFunc(mr.resets, func(r approvalReset) bool {
		if now.Before(r.due) {
			return false
		}
		mr.Approvals = slices.DeleteFunc(mr.Approvals, func(a Approval) bool { return slices.Contains(r.gone, a) })
		return true
	})
	return len(mr.Approvals) < before
}

// samePatch compares two versions by git patch-id.
func (r repository) samePatch(a, b Version) bool {
	id := func(v Version) string {
		diff, err := r.run("diff", v.BaseSHA, v.HeadSHA)
		if err != nil {
			return ""
		}
		out, err := r.git.run(r.dir, diff, nil, "patch-id", "--stable")
		if err != nil {
			return ""
		}
		id, _, _ := strings.Cut(out, " ")
		return id
	}
	first := id(a)
	return first != "" && first == id(b)
}
