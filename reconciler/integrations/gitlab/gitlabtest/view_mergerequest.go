package gitlabtest

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
)

type mergeRequestView struct {
	page
	Users []userOption
	MR    requestView
}

type userOption struct {
	Username, Role string
	Selected       bool
}

type requestView struct {
	IID                                  int
	URL, Commits                         string
	Title, State, Author, Source, Target string
	Created, MergedAt, MergedBy          string
	MergeCommit, SquashCommit            string
	Verdict, Error                       string
	Squash, Mergeable                    bool
	Labels, Reviewers                    []string
	Description                          template.HTML
	Approvals                            []approvalView
	Versions                             []versionView
	Statuses                             []statusView
	Notes                                []noteView
	Files                                []fileView
}

type approvalView struct {
	User, When string
	Old        bool
}

type versionView struct {
	Number                           int
	Latest                           bool
	Head, HeadShort, Base, BaseShort string
	Count                            int
	When                             string
}

type statusView struct{ Name, State, Text, URL string }

type noteView struct {
	ID           int
	Author, When string
	System, Bot  bool
	Body         template.HTML
}

func (g *pager) mergeRequest(p *project, mr *mergeRequest, as, refusal string) mergeRequestView {
	list := "/" + p.Path + "/-/merge_requests"
	view := mergeRequestView{page: g.frame(fmt.Sprintf("%s (!%d), %s", mr.Title, mr.IID, p.Path), crumb{p.Path, "/" + p.Path},
		crumb{"Merge requests", list}, crumb{fmt.Sprintf("!%d", mr.IID), fmt.Sprintf("%s/%d", list, mr.IID)})}
	view.Refusal = refusal
	for _, u := range g.s.users {
		view.Users = append(view.Users, userOption{u.Username, role(p, u), u.Username == as})
	}
	status := g.s.detailedStatus(p, mr)
	view.MR = requestView{
		IID: mr.IID, URL: fmt.Sprintf("%s/%d", list, mr.IID), Commits: "/" + p.Path + "/-/commit", Title: mr.Title, State: mr.State,
		Author: mr.Author, Source: mr.SourceBranch, Target: mr.TargetBranch, Created: when(mr.CreatedAt), MergedAt: when(mr.MergedAt),
		MergedBy: mr.MergedBy, MergeCommit: mr.MergeCommitSHA, SquashCommit: mr.SquashCommitSHA, Error: mr.MergeError,
		Squash: mr.Squash && mr.State == "opened", Labels: mr.Labels, Reviewers: mr.Reviewers, Description: markdown(mr.Description),
		Verdict: verdict(status, mr), Mergeable: status == "mergeable",
	}
	for _, a := range mr.Approvals {
		view.MR.Approvals = append(view.MR.Approvals, approvalView{a.User, when(a.At), a.SHA != mr.SHA})
	}
	for i, v := range mr.Versions {
		view.MR.Versions = append(view.MR.Versions, versionView{len(mr.Versions) - i, i == 0, v.HeadSHA, short(v.HeadSHA), v.BaseSHA,
			short(v.BaseSHA), len(v.Commits), when(v.CreatedAt)})
	}
	g.addTalk(&view.MR, p, mr)
	files, err := p.repo.diff(mr.head().BaseSHA, mr.SHA)
	if err != nil {
		view.Refusal = err.Error()
	}
	view.MR.Files = viewFiles(files)
	return view
}

// addTalk adds what people and machines said: statuses and notes.
func (g *pager) addTalk(view *requestView, p *project, mr *mergeRequest) {
	seen := map[string]bool{}
	for _, st := range slices.Backward(p.statuses) {
		if st.sha != mr.SHA || seen[st.name] {
			continue
		}
		seen[st.name] = true
		link := st.targetURL
		if !strings.HasPrefix(link, "http://") && !strings.HasPrefix(link, "https://") {
			link = ""
		}
		view.Statuses = append(view.Statuses, statusView{st.name, st.state, st.description, link})
	}
	for _, n := range mr.Notes {
		u := g.s.user(n.Author)
		view.Notes = append(view.Notes, noteView{n.ID, n.Author, when(n.CreatedAt), n.System, u != nil && u.Bot, markdown(n.Body)})
	}
}

// verdict puts detailed_merge_status into words.
func verdict(status string, mr *mergeRequest) string {
	switch status {
	case "mergeable":
		return "Ready to merge."
	case "not_open":
		if mr.State == "merged" {
			return "Merged."
		}
		return "Closed without merging."
	case "preparing", "checking":
		return "Checking whether it can be merged …"
	case "conflict":
		return "Cannot be merged: there are conflicts with the target branch."
	case "need_rebase":
		return "Cannot be merged: the target branch has moved on, rebase first."
	case "draft_status":
		return "Cannot be merged: it is a draft."
	case "commits_status":
		return "Cannot be merged: the source branch is gone or has no commits of its own."
	case "approvals_syncing":
		return "Cannot be merged yet: approvals of an older version are being removed."
	case "not_approved":
		return "Cannot be merged: approvals are missing."
	case "ci_must_pass":
		return "Cannot be merged: its pipeline must succeed."
	case "ci_still_running":
		return "Cannot be merged yet: its pipeline is running."
	}
	return status
}
