package gitlabtest

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Project is a repository with its settings. Zero settings are GitLab's own
// defaults for a private project.
type Project struct {
	ID            int
	Path          string // path_with_namespace, e.g. "acme/config"
	DefaultBranch string // default "main"
	// Public lets everybody signed in read; otherwise a project one is not a
	// member of does not exist (404).
	Public bool
	// MergeMethod is merge (default), rebase_merge or ff.
	MergeMethod string
	// SquashOption is never, always, default_on or default_off (default).
	SquashOption string
	// Members are roles by username. Admins need no entry.
	Members map[string]AccessLevel
	// Protected are the branch rules. Nil protects the default branch for
	// Maintainers, as GitLab does; empty protects nothing.
	Protected []ProtectedBranch

	PipelineMustSucceed bool // only_allow_merge_if_pipeline_succeeds
	RemoveSourceBranch  bool // remove_source_branch_after_merge
	Archived            bool

	// ResetApprovalsOnPush removes approvals when a push changes the diff.
	// GitLab has it on Premium only; here the switch works on every tier.
	ResetApprovalsOnPush bool
	// Premium only:
	ApprovalsRequired         int
	AuthorApproval            bool // the author may approve
	OverridingApprovers       bool // each merge request may change its rules
	DisableCommittersApproval bool
	PushRule                  *PushRule
}

// PushRule is the part of a Premium push rule that is shown; it is not enforced.
type PushRule struct {
	ID                    int
	RejectUnsignedCommits bool
	CommitCommitterCheck  bool
}

type project struct {
	Project
	former    []string // paths it had before
	repo      repository
	createdAt time.Time
	mrs       []*mergeRequest // by iid
	statuses  []*commitStatus // oldest first
	pipelines []*pipeline     // oldest first
	hooks     []*hook
	unseen    map[string]int // questions left that do not see a pushed commit
}

// AddProject makes an empty bare repository and returns the project with its
// defaults filled in.
func (s *Server) AddProject(in Project) (Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := fillProject(&in); err != nil {
		return Project{}, fmt.Errorf("add project %s: %w", in.Path, err)
	}
	if s.project(in.Path) != nil {
		return Project{}, fmt.Errorf("add project %s: already there", in.Path)
	}
	for name := range in.Members {
		if s.user(name) == nil {
			return Project{}, fmt.Errorf("add project %s: no user %s", in.Path, name)
		}
	}
	if in.ID == 0 {
		in.ID = s.next("project")
	}
	p := &project{Project: in, createdAt: s.now()}
	p.Protected = nil
	for _, rule := range in.Protected {
		p.Protected = append(p.Protected, s.newProtected(rule))
	}
	dir := filepath.Join(s.dir, "repositories", filepath.FromSlash(in.Path)+".git")
	repo, err := s.git.initBare(dir, in.DefaultBranch)
	if err != nil {
		return Project{}, fmt.Errorf("add project %s: %w", in.Path, err)
	}
	p.repo = repo
	s.projects = append(s.projects, p)
	return p.snapshot(), nil
}

func fillProject(p *Project) error {
	p.Path = strings.Trim(p.Path, "/")
	if !strings.Contains(p.Path, "/") || path.Clean(p.Path) != p.Path || strings.HasPrefix(p.Path, ".") {
		return errors.New("path must be group/name")
	}
	p.Members = maps.Clone(p.Members)
	if p.Members == nil {
		p.Members = map[string]AccessLevel{}
	}
	if p.DefaultBranch == "" {
		p.DefaultBranch = "main"
	}
	if p.MergeMethod == "" {
		p.MergeMethod = "merge"
	}
	if !slices.Contains([]string{"merge", "rebase_merge", "ff"}, p.MergeMethod) {
		return fmt.Errorf("merge method %q is none of merge, rebase_merge, ff", p.MergeMethod)
	}
	if p.SquashOption == "" {
		p.SquashOption = "default_off"
	}
	if !slices.Contains([]string{"never", "always", "default_on", "default_off"}, p.SquashOption) {
		return fmt.Errorf("squash option %q is none of never, always, default_on, default_off", p.SquashOption)
	}
	if p.Protected == nil {
		p.Protected = []ProtectedBranch{{Name: p.DefaultBranch, Push: []Access{{Level: Maintainer}}, Merge: []Access{{Level: Maintainer}}}}
	}
	return nil
}

// UpdateProject changes the settings or members of a project. Branch rules are
// changed with Protect and Unprotect, the path not at all.
func (s *Server) UpdateProject(path string, change func(*Project)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(path)
	if p == nil {
		return fmt.Errorf("update project %s: no such project", path)
	}
	next := p.snapshot()
	change(&next)
	next.ID, next.Path, next.Protected = p.ID, p.Path, p.Protected
	if err := fillProject(&next); err != nil {
		return fmt.Errorf("update project %s: %w", path, err)
	}
	p.Project = next
	return nil
}

// Project returns the settings of a project.
func (s *Server) Project(path string) (Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(path)
	if p == nil {
		return Project{}, fmt.Errorf("project %s: no such project", path)
	}
	return p.snapshot(), nil
}

// RepoDir is the bare repository of a project, "" when there is none. Commits
// written there directly are seen by the next request.
func (s *Server) RepoDir(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.project(path); p != nil {
		return p.repo.dir
	}
	return ""
}

// CloneURL is the address to clone, fetch and push as a user, with the token
// in it. An empty user gives the address without credentials.
func (s *Server) CloneURL(path, username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := url.Parse(s.url + "/" + path + ".git")
	if err != nil {
		return ""
	}
	if user := s.user(username); user != nil {
		u.User = url.UserPassword(user.Username, user.Token)
	}
	return u.String()
}

// RenameProject moves a project. API requests for the old path are redirected
// (301) to the project's number; Git requests for it are served.
func (s *Server) RenameProject(path, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(path)
	if p == nil || s.project(to) != nil {
		return fmt.Errorf("rename project %s to %s: no such project, or the new path is taken", path, to)
	}
	next := p.snapshot()
	next.Path = to
	if err := fillProject(&next); err != nil {
		return fmt.Errorf("rename project %s to %s: %w", path, to, err)
	}
	p.former, p.Path = append(p.former, path), next.Path
	for _, mr := range p.mrs {
		mr.Project = p.Path
	}
	return nil
}

// Tip is the commit of a branch, "" when there is no such branch.
func (s *Server) Tip(path, branch string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.project(path); p != nil {
		return p.repo.tip(branch)
	}
	return ""
}

// RemoveProject forgets a project and deletes its repository.
func (s *Server) RemoveProject(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(path)
	if p == nil {
		return fmt.Errorf("remove project %s: no such project", path)
	}
	s.projects = slices.DeleteFunc(s.projects, func(o *project) bool { return o == p })
	return os.RemoveAll(p.repo.dir)
}

// project finds a project by its path. Callers hold mu.
func (s *Server) project(path string) *project {
	for _, p := range s.projects {
		if p.Path == path {
			return p
		}
	}
	return nil
}

// projectMoved finds a project by a path it had before. Callers hold mu.
func (s *Server) projectMoved(path string) *project {
	for _, p := range s.projects {
		if slices.Contains(p.former, path) {
			return p
		}
	}
	return nil
}

// projectByKey finds a project by number or path, as the API does. Callers hold mu.
func (s *Server) projectByKey(key string) *project {
	id, err := strconv.Atoi(key)
	if err != nil {
		return s.project(key)
	}
	for _, p := range s.projects {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// level is the role of a user in the project.
func (p *project) level(u *User) AccessLevel {
	switch {
	case u == nil || u.State != "active":
		return NoAccess
	case u.Admin:
		return Admin
	}
	return p.Members[u.Username]
}

// visible says whether the project exists for a user.
func (p *project) visible(u *User) bool {
	return p.Public || p.level(u) >= Guest
}

func (p *project) snapshot() Project {
	out := p.Project
	out.Members = maps.Clone(p.Members)
	out.Protected = nil
	for _, rule := range p.Protected {
		out.Protected = append(out.Protected, rule.clone())
	}
	return out
}
