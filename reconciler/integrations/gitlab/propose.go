package gitlab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gogitlab "github.com/xanzy/go-gitlab"

	"github.com/sluice-gitops/sluice/schema"
)

// Host is GitLab's host as the trust root's accounts name it.
func (c *Client) Host() string { return c.host }

// proposed is what we read of a merge request that may be ours to take over.
type proposed struct {
	mergeRequest
	Description string  `json:"description"`
	ClosedBy    account `json:"closed_by"`
}

// Propose makes sure that a merge request is open from the proposal's branch, with its title and description. It looks before
// it opens one, and takes over what somebody else opened meanwhile; labels and reviewers are set once and then people's. That
// somebody closed one before does not matter here: ask Refused first.
func (c *Client) Propose(ctx context.Context, p schema.Proposal) (int64, error) {
	path, err := c.below(ctx, "merge_requests")
	if err != nil {
		return 0, err
	}
	there, err := c.proposedFrom(ctx, path, p.SourceRef, p.TargetRef)
	if err != nil {
		return 0, err
	}
	for _, mr := range there {
		if mr.State == "opened" || mr.State == "locked" {
			return mr.IID, c.reword(ctx, path, mr, p)
		}
	}
	return c.openOne(ctx, path, p)
}

// Refused is the merge request from one branch into another that a person closed, and so said no to the promotion, whatever
// commit it had then: a branch that is deleted or made anew is the same question. 0 where nobody did, or one was merged since.
func (c *Client) Refused(ctx context.Context, sourceRef, targetRef string) (int64, error) {
	path, err := c.below(ctx, "merge_requests")
	if err != nil {
		return 0, err
	}
	there, err := c.proposedFrom(ctx, path, sourceRef, targetRef)
	if err != nil {
		return 0, err
	}
	for _, mr := range there {
		switch {
		case mr.State == "merged":
			return 0, nil
		case mr.State == "closed" && !mr.withdrawn():
			return mr.IID, nil
		}
	}
	return 0, nil
}

// closedByUs begins the description of what Withdraw closed.
const closedByUs = "**Closed by sluice: "

// withdrawn reports whether sluice closed it. Its mark alone does not say so, because it stays when people open and close the
// request again: whoever closed it has to be its author, or both are users behind access tokens, of which the one before a
// token was replaced is another. In doubt it was a person, whose no stands.
func (mr proposed) withdrawn() bool {
	by, author := mr.ClosedBy, mr.Author
	return strings.HasPrefix(mr.Description, closedByUs) && by.ID != 0 &&
		(by.ID == author.ID || by.basic().Bot && author.basic().Bot)
}

// proposedFrom lists the merge requests from a branch into another, in every state, newest first. GitLab filters; what it
// lists beside is left out here.
func (c *Client) proposedFrom(ctx context.Context, path, source, target string) ([]proposed, error) {
	r := request{doing: "look for a merge request from " + branchOf(source), path: path, query: query{
		State: "all", Scope: "all", Source: branchOf(source), Target: branchOf(target), OrderBy: "created_at", Sort: "asc",
	}}
	var out []proposed
	err := c.steadily(ctx, func() error {
		out = nil
		l, err := c.list(ctx, r, false)
		if err != nil {
			return err
		}
		for i := range l.rows {
			if _, err := c.row(r, l, i); err != nil {
				return err
			}
			var mr proposed
			if err := json.Unmarshal(l.rows[i], &mr); err != nil {
				return c.incomplete(r.doing, l.pages[0], ErrIncomplete, "row %d is not a merge request", i+1)
			}
			if mr.SourceProjectID == mr.TargetProjectID && mr.into(c.project.Load(), target) && branchRef(mr.SourceBranch) == source {
				out = append(out, mr)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b proposed) int { return cmp.Compare(b.IID, a.IID) })
	return out, c.lostAccess(ctx, err)
}

// reword brings title and description up to date; the same words are not written again.
func (c *Client) reword(ctx context.Context, path string, mr proposed, p schema.Proposal) error {
	if mr.Title == p.Title && strings.TrimSpace(mr.Description) == strings.TrimSpace(p.Description) {
		return nil
	}
	return c.send(ctx, change{
		doing: "change the words of " + bang(mr.IID), method: http.MethodPut, path: fmt.Sprintf("%s/%d", path, mr.IID), repeatable: true,
		body: map[string]any{"title": p.Title, "description": p.Description},
	}, nil)
}

// taken is how GitLab names the merge request that is open already.
var taken = regexp.MustCompile(`already exists for this source branch: !([0-9]+)`)

func (c *Client) openOne(ctx context.Context, path string, p schema.Proposal) (int64, error) {
	var made mergeRequest
	err := c.send(ctx, change{
		doing: "open a merge request from " + branchOf(p.SourceRef), method: http.MethodPost, path: path,
		body: map[string]any{
			"source_branch": branchOf(p.SourceRef), "target_branch": branchOf(p.TargetRef), "title": p.Title, "description": p.Description,
			"labels": strings.Join(p.Labels, ","), "reviewer_ids": p.Reviewers, "remove_source_branch": true, "squash": false,
		},
	}, &made)
	var refused *Error
	switch {
	case !errors.As(err, &refused) || !errors.Is(err, ErrRefused):
		return made.IID, err
	case refused.Status == http.StatusConflict && taken.MatchString(refused.Message):
		iid, err := strconv.ParseInt(taken.FindStringSubmatch(refused.Message)[1], 10, 64)
		if err != nil {
			return 0, refused
		}
		return iid, c.isFrom(ctx, iid, p)
	case refused.Status == http.StatusBadRequest && strings.Contains(refused.Message, "source_branch"):
		return 0, fmt.Errorf("%w: %w", schema.ErrTryLater, err) // a push is seen a moment later
	}
	return 0, err
}

// isFrom holds a merge request that GitLab named in a refusal to what was asked for.
func (c *Client) isFrom(ctx context.Context, iid int64, p schema.Proposal) error {
	mr, a, err := c.reading().one(ctx, iid)
	if err != nil {
		return c.lostAccess(ctx, err)
	}
	if mr.State != "opened" || branchRef(mr.SourceBranch) != p.SourceRef || !mr.into(c.project.Load(), p.TargetRef) {
		return c.incomplete(doing(iid), a, errMoved, "it is not the open merge request from %s", printable(branchOf(p.SourceRef)))
	}
	return nil
}

// Withdraw closes an open merge request with a word why at the top of its description, in one change, and deletes its
// branch. What is closed or deleted already is left so.
func (c *Client) Withdraw(ctx context.Context, iid int64, ref, why string) error {
	path, err := c.below(ctx, "merge_requests/%d", iid)
	if err != nil {
		return err
	}
	var mr proposed
	ask := request{doing: doing(iid), path: path}
	a, err := c.ask(ctx, ask)
	if err == nil {
		err = c.decode(ask.doing, a, &mr)
	}
	if err != nil {
		return c.lostAccess(ctx, err)
	}
	if mr.State == "opened" {
		err = c.send(ctx, change{doing: "close " + bang(iid), method: http.MethodPut, path: path, repeatable: true, body: map[string]any{
			"state_event": "close", "description": closedByUs + why + ".**\n\n" + mr.Description,
		}}, nil)
		if err != nil {
			return err
		}
	}
	return c.deleteBranch(ctx, branchOf(ref))
}

func (c *Client) deleteBranch(ctx context.Context, branch string) error {
	path, err := c.below(ctx, "repository/branches/%s", gogitlab.PathEscape(branch))
	if err != nil {
		return err
	}
	err = c.send(ctx, change{doing: "delete branch " + branch, method: http.MethodDelete, path: path, repeatable: true}, nil)
	if errors.Is(err, ErrMissing) {
		return nil
	}
	return err
}

func branchOf(ref string) string { return strings.TrimPrefix(ref, branchRef("")) }
