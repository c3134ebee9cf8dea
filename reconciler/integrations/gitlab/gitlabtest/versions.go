package gitlabtest

import (
	"fmt"
	"slices"
	"strings"
)

// addVersion records the source branch's tip as the newest version, keeps it
// reachable and moves refs/merge-requests/N/head to it. Callers hold mu.
func (s *Server) addVersion(p *project, mr *mergeRequest) error {
	head, target := p.repo.tip(mr.SourceBranch), p.repo.tip(mr.TargetBranch)
	commits, err := p.repo.revList(target, head)
	if err != nil {
		return err
	}
	v := Version{
		ID: s.next("version"), HeadSHA: head, StartSHA: target, BaseSHA: p.repo.mergeBase(target, head),
		CreatedAt: s.now(), Commits: commits,
	}
	v.Files = p.repo.changed(v)
	if err := p.repo.keep(head); err != nil {
		return err
	}
	if err := p.repo.put(headRef(mr), head); err != nil {
		return err
	}
	mr.Versions = slices.Insert(mr.Versions, 0, v)
	mr.SHA, mr.sourceTip, mr.targetTip = head, head, target
	return nil
}

// sync lets the open merge requests follow their branches: new versions when a
// source moved, assumed merges when a target took the commits in. It is called
// after every push and before every look, so direct writes to the repository
// are seen too; then pusher is nil. Callers hold mu.
func (s *Server) sync(p *project, pusher *User) error {
	for _, mr := range p.mrs {
		s.dueResets(p, mr)
		if mr.State != "opened" {
			continue
		}
		if err := s.follow(p, mr, pusher); err != nil {
			return fmt.Errorf("follow !%d: %w", mr.IID, err)
		}
	}
	return nil
}

func (s *Server) follow(p *project, mr *mergeRequest, pusher *User) error {
	source, target := p.repo.tip(mr.SourceBranch), p.repo.tip(mr.TargetBranch)
	if source != mr.sourceTip {
		mr.sourceTip = source
		if source != "" && source != mr.SHA {
			if err := s.pushed(p, mr, pusher); err != nil {
				return err
			}
		}
	}
	if target == mr.targetTip || target == "" {
		return nil
	}
	before := mr.targetTip
	mr.targetTip = target
	return s.targetMoved(p, mr, before, pusher)
}

// pushed follows a push to the source branch: a version, a system note, and
// approvals reset where the project says so.
func (s *Server) pushed(p *project, mr *mergeRequest, pusher *User) error {
	old := mr.head()
	if err := s.addVersion(p, mr); err != nil {
		return err
	}
	s.touch(mr)
	mr.checks = min(1, s.opts.Checks)
	who := mr.Author
	if pusher != nil {
		who = pusher.Username
	}
	added := slices.DeleteFunc(slices.Clone(mr.head().Commits), func(c string) bool { return slices.Contains(old.Commits, c) })
	noun := "commits"
	if len(added) == 1 {
		noun = "commit"
	}
	var list strings.Builder
	for _, c := range added {
		fmt.Fprintf(&list, "<li>%s - %s</li>", short(c), escape(p.repo.subject(c)))
	}
	s.systemNote(mr, who, fmt.Sprintf("added %d %s\n\n<ul>%s</ul>", len(added), noun, list.String()))
	s.resetOnPush(p, mr, old, pusher)
	s.deliver(p, s.user(who), mr, "update", map[string]any{"oldrev": old.HeadSHA})
	return nil
}

// targetMoved follows a change of the target branch. When the whole source is
// in it now, GitLab assumes the merge request merged, approved or not.
func (s *Server) targetMoved(p *project, mr *mergeRequest, before string, pusher *User) error {
	target := p.repo.tip(mr.TargetBranch)
	v := mr.head()
	landed := len(v.Commits) > 0 && !s.opts.NoAssumedMerge && p.repo.ancestor(mr.SHA, target) && !p.repo.ancestor(mr.SHA, before)
	if !landed {
		return s.partlyLanded(p, mr, target)
	}
	now := s.now()
	mr.State, mr.MergedAt, mr.UpdatedAt, mr.LandedSHA = "merged", now, now, target
	mr.MergedBy = mr.Author
	if pusher != nil {
		mr.MergedBy = pusher.Username
	}
	s.deliver(p, s.user(mr.MergedBy), mr, "merge", nil)
	return nil
}

// partlyLanded makes a new version with the same head when some, not all, of
// the commits reached the target.
func (s *Server) partlyLanded(p *project, mr *mergeRequest, target string) error {
	left, err := p.repo.revList(target, mr.SHA)
	if err != nil || len(left) == len(mr.head().Commits) || len(left) == 0 || mr.sourceTip != mr.SHA {
		return err
	}
	return s.addVersion(p, mr)
}

func short(sha string) string {
	if len(sha) < 8 {
		return sha
	}
	return sha[:8]
}

// subject is the title of a commit, "" when there is no such commit.
func (r repository) subject(name string) string {
	sha := r.commit(name)
	if sha == "" {
		return ""
	}
	list, err := r.commits([]string{sha})
	if err != nil {
		return ""
	}
	return list[0].title
}
