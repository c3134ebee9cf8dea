package gitlabtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

type projectsView struct {
	page
	Projects []projectRow
}

type projectRow struct {
	Path, Method, Clone string
	Open                int
}

func (g *pager) frame(title string, crumbs ...crumb) page {
	return page{Title: title, Crumbs: crumbs, Now: when(g.s.now())}
}

// when is a time as the pages write it.
func when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04:05")
}

func (g *pager) projects() projectsView {
	view := projectsView{page: g.frame("Projects")}
	for _, p := range g.s.projects {
		view.Projects = append(view.Projects, projectRow{p.Path, p.MergeMethod, g.s.url + "/" + p.Path + ".git", p.count("opened")})
	}
	return view
}

func (p *project) count(state string) int {
	n := 0
	for _, mr := range p.mrs {
		if mr.State == state {
			n++
		}
	}
	return n
}

type projectView struct {
	page
	Path, Clone string
	Open        int
	Branches    []branchRow
	Rules       []ruleRow
	Members     []memberRow
}

type branchRow struct {
	Name, SHA, Short, Subject, Author string
	Default, Protected                bool
}

type ruleRow struct {
	Name, Push, Merge string
	Force             bool
}

type memberRow struct {
	Username, Name, Role, State string
	Bot                         bool
}

func (g *pager) project(p *project) projectView {
	view := projectView{page: g.frame(p.Path, crumb{p.Path, "/" + p.Path}), Path: p.Path,
		Clone: g.s.url + "/" + p.Path + ".git", Open: p.count("opened")}
	out, err := p.repo.run("for-each-ref", "--format=%(refname:lstrip=2)%09%(objectname)%09%(authorname)%09%(subject)", "refs/heads")
	if err != nil {
		view.Refusal = err.Error()
	}
	for line := range strings.Lines(out) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 4)
		if len(f) == 4 {
			view.Branches = append(view.Branches, branchRow{f[0], f[1], short(f[1]), f[3], f[2], f[0] == p.DefaultBranch, len(p.rules(f[0])) > 0})
		}
	}
	for _, rule := range p.Protected {
		view.Rules = append(view.Rules, ruleRow{rule.Name, accessWords(rule.Push), accessWords(rule.Merge), rule.AllowForcePush})
	}
	for _, u := range g.s.users {
		if level := p.Members[u.Username]; level > NoAccess || u.Admin {
			view.Members = append(view.Members, memberRow{u.Username, u.Name, role(p, u), u.State, u.Bot})
		}
	}
	return view
}

func accessWords(list []Access) string {
	var words []string
	for _, a := range list {
		if a.User != "" {
			words = append(words, a.User)
			continue
		}
		words = append(words, a.Level.String())
	}
	return strings.Join(words, ", ")
}

// role is one word for what a user is in a project.
func role(p *project, u *User) string {
	level := p.Members[u.Username]
	switch {
	case u.Admin:
		return "admin"
	case level == NoAccess:
		return "no member"
	case level == Developer:
		return "developer"
	case level == Maintainer:
		return "maintainer"
	}
	return strings.ToLower(level.String())
}

type listView struct {
	page
	Path string
	Tabs []tab
	List []listRow
}

type tab struct {
	State, Text string
	Count       int
	Current     bool
}

type listRow struct {
	IID                             int
	Title, State, Author            string
	Source, Target, When, Approvals string
	Labels                          []string
}

func (g *pager) mergeRequests(p *project, state string) listView {
	if state == "" {
		state = "opened"
	}
	view := listView{page: g.frame("Merge requests, "+p.Path, crumb{p.Path, "/" + p.Path}, crumb{"Merge requests", "/" + p.Path + "/-/merge_requests"}), Path: p.Path}
	for _, t := range []tab{{"opened", "Open", 0, false}, {"merged", "Merged", 0, false}, {"closed", "Closed", 0, false}, {"all", "All", len(p.mrs), false}} {
		if t.State != "all" {
			t.Count = p.count(t.State)
		}
		t.Current = t.State == state
		view.Tabs = append(view.Tabs, t)
	}
	for _, mr := range slices.Backward(p.mrs) {
		if state != "all" && mr.State != state {
			continue
		}
		var by []string
		for _, a := range mr.Approvals {
			by = append(by, a.User)
		}
		view.List = append(view.List, listRow{mr.IID, mr.Title, mr.State, mr.Author, mr.SourceBranch, mr.TargetBranch,
			"opened " + when(mr.CreatedAt), strings.Join(by, ", "), mr.Labels})
	}
	return view
}

type commitView struct {
	page
	SHA, Subject, Message, Author, Committer, Signed string
	Parents                                          []string
	Files                                            []fileView
}

func (g *pager) commit(p *project, name string) (commitView, error) {
	sha := p.repo.commit(name)
	if sha == "" {
		return commitView{}, notFound("Commit")
	}
	list, err := p.repo.commits([]string{sha})
	if err != nil {
		return commitView{}, err
	}
	c := list[0]
	view := commitView{page: g.frame(c.title+", "+p.Path, crumb{p.Path, "/" + p.Path}), SHA: c.sha, Subject: c.title, Message: c.message,
		Author: c.author.String(), Committer: c.committer.String(), Parents: c.parents}
	header, err := p.repo.signatureOf(sha)
	if err != nil {
		return commitView{}, err
	}
	if header != "" {
		view.Signed = "signed (not verified here)"
	}
	from := emptyTree
	if len(c.parents) > 0 {
		from = c.parents[0]
	}
	files, err := p.repo.diff(from, sha)
	view.Files = viewFiles(files)
	return view, err
}

func (s signature) String() string { return fmt.Sprintf("%s <%s>, %s", s.name, s.email, when(s.at)) }

// emptyTree is git's name for a tree without files.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
