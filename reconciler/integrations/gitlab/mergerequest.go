package gitlab

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// mergeRequest is what we read of GitLab's answer, with the names that it uses. The library's own type lacks merge_user
// and fails as a whole on a pipeline that took a fraction of a second.
type mergeRequest struct {
	ID              int64       `json:"id"`
	IID             int64       `json:"iid"`
	ProjectID       int64       `json:"project_id"`
	TargetProjectID int64       `json:"target_project_id"`
	SourceProjectID int64       `json:"source_project_id"` // 0: a fork that is gone, or that the token may not see
	Title           string      `json:"title"`
	WebURL          string      `json:"web_url"`
	State           string      `json:"state"`
	Draft           bool        `json:"draft"`
	WorkInProgress  bool        `json:"work_in_progress"` // before 14.8
	Author          account     `json:"author"`
	MergeUser       account     `json:"merge_user"`
	MergedBy        account     `json:"merged_by"` // before 14.7
	CreatedAt       time.Time   `json:"created_at"`
	UpdatedAt       time.Time   `json:"updated_at"`
	MergedAt        time.Time   `json:"merged_at"`
	SourceBranch    string      `json:"source_branch"`
	TargetBranch    string      `json:"target_branch"`
	SHA             schema.Hash `json:"sha"`
	MergeSHA        schema.Hash `json:"merge_commit_sha"`
	SquashSHA       schema.Hash `json:"squash_commit_sha"`
}

// into says whether the merge request goes to a full ref name of this project.
func (m mergeRequest) into(project int64, ref string) bool {
	return m.TargetProjectID == project && branchRef(m.TargetBranch) == ref
}

// landed says whether the merge request, one that GitLab relates to the commit, brought it as a position of the target:
// it is the merge or the squash commit, or there is neither because the commits themselves were taken over.
// Some versions write the head as merge_commit_sha of a fast-forward; a real merge never is its own head.
func (m mergeRequest) landed(commit schema.Hash) bool {
	fastForward := m.SquashSHA.IsZero() && (m.MergeSHA.IsZero() || m.MergeSHA == m.SHA)
	return m.State == "merged" && (m.MergeSHA == commit || m.SquashSHA == commit || fastForward)
}

// same says whether nothing that matters happened between two readings.
func (m mergeRequest) same(o mergeRequest) bool {
	return m.SHA == o.SHA && m.State == o.State && m.TargetBranch == o.TargetBranch && m.UpdatedAt.Equal(o.UpdatedAt)
}

// basic is the merge request without what takes more requests.
func (m mergeRequest) basic(host string) schema.MergeRequest {
	source := branchRef(m.SourceBranch)
	if m.SourceProjectID != m.TargetProjectID {
		// The branch is in a fork. In our project a branch of that name is somebody else's; this ref holds the head.
		source = fmt.Sprintf("refs/merge-requests/%d/head", m.IID)
	}
	merger := m.MergeUser
	if merger.ID == 0 {
		merger = m.MergedBy
	}
	return schema.MergeRequest{
		Host: host, ProjectID: m.TargetProjectID, IID: m.IID, Title: m.Title, URL: m.WebURL,
		State: m.State, Draft: m.Draft || m.WorkInProgress,
		Author: m.Author.basic(), MergedBy: merger.basic(),
		CreatedAt: m.CreatedAt, MergedAt: m.MergedAt, UpdatedAt: m.UpdatedAt,
		SourceRef: source, TargetRef: branchRef(m.TargetBranch),
		Head: m.SHA, MergeSHA: m.MergeSHA, SquashSHA: m.SquashSHA,
	}
}

func branchRef(branch string) string { return "refs/heads/" + branch }
