package gitlabtest

import (
	"slices"
	"strings"
)

// perform does one quick action and returns GitLab's line about it, "" when it
// had no effect: a command one may not give is dropped without a word.
func (s *Server) perform(p *project, mr *mergeRequest, user *User, c command, head string) string {
	said, change, err := "", changes{}, error(nil)
	switch c.name {
	case "approve":
		said, err = "Approved the current merge request.", s.approve(p, mr, user, "")
	case "unapprove":
		said, err = "Unapproved the current merge request.", s.unapprove(p, mr, user)
	case "merge":
		if head != mr.SHA { // GitLab wants merge_request_diff_head_sha for this one
			return ""
		}
		said, err = "Merged this merge request.", s.accept(p, mr, user, MergeOptions{SHA: head, Auto: true})
	case "rebase":
		said, err = "Scheduled a rebase of branch "+mr.SourceBranch+".", s.rebase(p, mr, user)
	default:
		if said, change = s.wordedChange(mr, c); said != "" {
			err = s.update(p, mr, user, change)
		}
	}
	if err != nil {
		return ""
	}
	return said
}

// wordedChange is the update of a merge request that a quick action asks for.
func (s *Server) wordedChange(mr *mergeRequest, c command) (string, changes) {
	bare := strings.TrimPrefix(mr.Title, "Draft: ")
	draft, names := "Draft: "+bare, labelNames(c.arg)
	switch c.name {
	case "close", "reopen":
		return strings.ToUpper(c.name[:1]) + c.name[1:] + "d this merge request.", changes{stateEvent: c.name}
	case "draft":
		return "Marked this merge request as a draft.", changes{title: &draft}
	case "ready":
		return "Marked this merge request as ready.", changes{title: &bare}
	case "title":
		if c.arg != "" {
			return "Changed the title to \"" + c.arg + "\".", changes{title: &c.arg}
		}
	case "target_branch":
		return "Set target branch to " + c.arg + ".", changes{target: &c.arg}
	case "label", "labels":
		return "Added " + c.arg + " label.", changes{addLabels: names}
	case "unlabel", "remove_label":
		if c.arg == "" {
			names = slices.Clone(mr.Labels)
		}
		return "Removed " + c.arg + " label.", changes{removeLabels: names}
	case "relabel":
		return "Replaced all labels with " + c.arg + " label.", changes{labels: &names}
	}
	return s.reviewerChange(mr, c)
}

func (s *Server) reviewerChange(mr *mergeRequest, c command) (string, changes) {
	next := slices.Clone(mr.Reviewers)
	named := strings.Fields(strings.ReplaceAll(c.arg, "@", ""))
	switch c.name {
	case "assign_reviewer", "reviewer", "request_review":
		for _, name := range named {
			if s.user(name) != nil && !slices.Contains(next, name) {
				next = append(next, name)
			}
		}
		return "Assigned " + c.arg + " as reviewer.", changes{reviewers: &next}
	case "unassign_reviewer", "remove_reviewer":
		next = slices.DeleteFunc(next, func(name string) bool { return len(named) == 0 || slices.Contains(named, name) })
		return "Removed " + c.arg + " reviewer.", changes{reviewers: &next}
	}
	return "", changes{}
}

// labelNames reads `~bug ~"needs review"`.
func labelNames(arg string) []string {
	var out []string
	for part := range strings.SplitSeq(arg, "~") {
		if name := strings.Trim(strings.TrimSpace(part), `"`); name != "" {
			out = append(out, name)
		}
	}
	return out
}
