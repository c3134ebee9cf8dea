package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// MergeRequest is a merge request as it stood when it was asked for.
type MergeRequest struct {
	ID, IID      int
	Project      string // path of the project
	Title        string
	Description  string
	State        string // opened, closed, merged
	Author       string // username
	SourceBranch string
	TargetBranch string
	SHA          string // head of the newest version
	// What landed, by the table of GitLab: empty strings where it answers null.
	MergeCommitSHA  string
	SquashCommitSHA string
	// LandedSHA is the target's tip right after the merge. GitLab keeps it
	// (merged_commit_sha) but never shows it.
	LandedSHA    string
	Squash       bool
	Draft        bool
	RemoveSource bool
	Labels       []string
	Reviewers    []string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	MergedAt     time.Time // zero until merged
	MergedBy     string    // username
	ClosedAt     time.Time
	ClosedBy     string
	Versions     []Version  // newest first
	Approvals    []Approval // oldest first
	Notes        []Note     // oldest first
	// DetailedStatus is detailed_merge_status.
	DetailedStatus string
	MergeError     string // of the last merge or rebase that failed
	WebURL         string
}

// Version is one state of the source branch in a merge request.
type Version struct {
	ID        int
	HeadSHA   string
	BaseSHA   string // merge base of head and target
	StartSHA  string // the target's tip
	CreatedAt time.Time
	Commits   []string // newest first
	Files     int      // how many differ between base and head
}

// mergeRequest is the record behind the snapshots. Callers hold Server.mu.
type mergeRequest struct {
	MergeRequest
	sourceTip string // tips seen by the last sync
	targetTip string
	checks    int    // reads left that answer checking
	autoMerge string // who set merge_when_pipeline_succeeds, "" when unset
	resets    []approvalReset
	conflicts map[string]bool // by "source target" tips
	row       object          // of lists, as it is cached
	rowKey    string
}

// NewMergeRequest says what to open.
type NewMergeRequest struct {
	Author       string // username
	SourceBranch string
	TargetBranch string // default: the default branch
	Title        string // default: the head commit's title
	Description  string
	Labels       []string
	Reviewers    []string
	// Squash nil follows the project's squash option.
	Squash       *bool
	RemoveSource bool
}

// OpenMergeRequest opens a merge request as its author would.
func (s *Server) OpenMergeRequest(project string, in NewMergeRequest) (MergeRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, user, err := s.actor(project, in.Author)
	if err != nil {
		return MergeRequest{}, fmt.Errorf("open merge request: %w", err)
	}
	if in.Title == "" {
		in.Title = p.repo.subject(in.SourceBranch)
	}
	mr, err := s.open(p, user, in)
	if err != nil {
		return MergeRequest{}, fmt.Errorf("open merge request: %w", err)
	}
	return s.snapshot(p, mr), nil
}

// MergeRequest returns a merge request.
func (s *Server) MergeRequest(project string, iid int) (MergeRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, mr, err := s.find(project, iid)
	if err != nil {
		return MergeRequest{}, err
	}
	return s.snapshot(p, mr), nil
}

// MergeRequests returns all merge requests of a project, oldest first.
func (s *Server) MergeRequests(project string) ([]MergeRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(project)
	if p == nil {
		return nil, notFound("Project")
	}
	if err := s.sync(p, nil); err != nil {
		return nil, err
	}
	var out []MergeRequest
	for _, mr := range p.mrs {
		out = append(out, s.snapshot(p, mr))
	}
	return out, nil
}

// actor finds a project and a user for a Go call. Callers hold mu.
func (s *Server) actor(project, username string) (*project, *User, error) {
	p, user := s.project(project), s.user(username)
	if p == nil {
		return nil, nil, notFound("Project")
	}
	if user == nil {
		return nil, nil, notFound("User")
	}
	return p, user, s.sync(p, nil)
}

// find finds a merge request, after following the branches. Callers hold mu.
func (s *Server) find(project string, iid int) (*project, *mergeRequest, error) {
	p := s.project(project)
	if p == nil {
		return nil, nil, notFound("Project")
	}
	if err := s.sync(p, nil); err != nil {
		return nil, nil, err
	}
	if iid < 1 || iid > len(p.mrs) {
		return nil, nil, notFound("")
	}
	return p, p.mrs[iid-1], nil
}

// open checks and records a new merge request. Callers hold mu.
func (s *Server) open(p *project, user *User, in NewMergeRequest) (*mergeRequest, error) {
	if in.TargetBranch == "" {
		in.TargetBranch = p.DefaultBranch
	}
	if p.level(user) < Developer {
		return nil, forbidden()
	}
	if err := checkTexts(&in.Title, &in.Description); err != nil {
		return nil, err
	}
	if in.SourceBranch == in.TargetBranch {
		return nil, &Error{http.StatusUnprocessableEntity, []string{"Source branch You can't use same project/branch for source and target"}}
	}
	for field, branch := range map[string]string{"source_branch": in.SourceBranch, "target_branch": in.TargetBranch} {
		if tip := p.repo.tip(branch); tip == "" || p.lags(tip) {
			return nil, &Error{http.StatusBadRequest, map[string][]string{field: {"does not exist"}}}
		}
	}
	if err := p.duplicate(in.SourceBranch, in.TargetBranch); err != nil {
		return nil, err
	}
	now := s.now()
	mr := &mergeRequest{MergeRequest: MergeRequest{
		ID: s.next("merge request"), IID: len(p.mrs) + 1, Project: p.Path,
		Description: in.Description, State: "opened", Author: user.Username,
		SourceBranch: in.SourceBranch, TargetBranch: in.TargetBranch,
		Squash: p.squashDefault(in.Squash), RemoveSource: in.RemoveSource || p.RemoveSourceBranch,
		Labels: sortedSet(in.Labels), Reviewers: slices.Clone(in.Reviewers), CreatedAt: now, UpdatedAt: now,
	}, checks: s.opts.Checks, conflicts: map[string]bool{}}
	mr.setTitle(in.Title)
	if err := s.addVersion(p, mr); err != nil {
		return nil, err
	}
	p.mrs = append(p.mrs, mr)
	s.deliver(p, user, mr, "open", nil)
	mr.Description, _ = s.obey(p, mr, user, in.Description, "")
	return mr, nil
}

// checkTexts refuses titles and descriptions that GitLab does not take.
func checkTexts(title, description *string) error {
	var wrong []string
	switch {
	case title != nil && strings.TrimSpace(*title) == "":
		wrong = append(wrong, "Title can't be blank")
	case title != nil && len([]rune(*title)) > 255:
		wrong = append(wrong, "Title is too long (maximum is 255 characters)")
	}
	if description != nil && len([]rune(*description)) > maxDescription {
		wrong = append(wrong, fmt.Sprintf("Description is too long (maximum is %d characters)", maxDescription))
	}
	if wrong == nil {
		return nil
	}
	return &Error{http.StatusUnprocessableEntity, wrong}
}

const maxDescription = 1_048_576 // characters

// duplicate refuses a second open merge request between the same branches.
func (p *project) duplicate(source, target string) error {
	for _, mr := range p.mrs {
		if mr.State == "opened" && mr.SourceBranch == source && mr.TargetBranch == target {
			return &Error{http.StatusConflict, []string{
				fmt.Sprintf("Another open merge request already exists for this source branch: !%d", mr.IID)}}
		}
	}
	return nil
}

func (p *project) squashDefault(asked *bool) bool {
	switch p.SquashOption {
	case "never":
		return false
	case "always":
		return true
	}
	if asked != nil {
		return *asked
	}
	return p.SquashOption == "default_on"
}

// setTitle keeps the draft flag in step with the title's prefix.
func (mr *mergeRequest) setTitle(title string) {
	mr.Title = title
	low := strings.ToLower(title)
	mr.Draft = strings.HasPrefix(low, "draft:") || strings.HasPrefix(low, "[draft]") || strings.HasPrefix(low, "(draft)")
}

// head is the newest version.
func (mr *mergeRequest) head() Version { return mr.Versions[0] }

// touch notes that the merge request changed.
func (s *Server) touch(mr *mergeRequest) { mr.UpdatedAt = s.now() }

func (s *Server) snapshot(p *project, mr *mergeRequest) MergeRequest {
	out := mr.MergeRequest
	out.Labels, out.Reviewers = slices.Clone(mr.Labels), slices.Clone(mr.Reviewers)
	out.Versions, out.Approvals, out.Notes = slices.Clone(mr.Versions), slices.Clone(mr.Approvals), slices.Clone(mr.Notes)
	out.DetailedStatus = s.detailedStatus(p, mr)
	out.WebURL = s.mergeRequestURL(p, mr)
	return out
}

func (s *Server) mergeRequestURL(p *project, mr *mergeRequest) string {
	return fmt.Sprintf("%s/%s/-/merge_requests/%d", s.url, p.Path, mr.IID)
}

func sortedSet(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(v string) bool { return v == "" })
}
