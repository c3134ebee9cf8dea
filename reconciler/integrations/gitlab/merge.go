package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// AsMerged reads an open merge request in full, as it would be if the token's own account merged it now.
func (c *Client) AsMerged(ctx context.Context, iid int64) (schema.MergeRequest, error) {
	if _, err := c.projectID(ctx); err != nil {
		return schema.MergeRequest{}, err
	}
	var mr schema.MergeRequest
	err := c.steadily(ctx, func() (err error) {
		r := c.reading()
		if _, mr, err = r.full(ctx, iid); err != nil {
			return err
		}
		if mr.State != "opened" {
			return nil
		}
		if mr.MergedBy, err = c.self(ctx); err != nil {
			return err
		}
		return r.person(ctx, &mr.MergedBy)
	})
	switch {
	case err != nil:
		return schema.MergeRequest{}, c.lostAccess(ctx, err)
	case mr.State != "opened":
		return schema.MergeRequest{}, fmt.Errorf("%s is %s: %w", bang(iid), printable(mr.State), schema.ErrTryLater)
	}
	return mr, nil
}

// self is the account behind the token.
func (c *Client) self(ctx context.Context) (schema.Account, error) {
	ask := request{doing: "read our own account", path: "user"}
	a, err := c.ask(ctx, ask)
	if err != nil {
		return schema.Account{}, err
	}
	var me account
	if err := c.decode(ask.doing, a, &me); err != nil {
		return schema.Account{}, err
	}
	if me.ID <= 0 {
		return schema.Account{}, c.incomplete(ask.doing, a, ErrIncomplete, "the account has no number")
	}
	return me.basic(), nil
}

// mergeTries bounds how often one merge is asked for: GitLab may say no for a moment after it said that it could.
const mergeTries = 4

// passing are the states of a merge request that GitLab is still finding out.
var passing = []string{"checking", "unchecked", "preparing", "approvals_syncing", "mergeable"}

// stuck are those that only another commit or branch can end.
var stuck = []string{"conflict", "need_rebase", "broken_status", "commits_status", "not_open"}

// mergeState is what is asked about a merge request between two tries.
type mergeState struct {
	mergeRequest
	Squash bool   `json:"squash"`
	Status string `json:"detailed_merge_status"`
	Error  string `json:"merge_error"`
}

// Merge merges with this head or not at all, at once: never when a pipeline succeeds, which would merge whatever passes then.
// [schema.ErrTryLater] is wrapped where it waits for somebody or something, [schema.ErrNotMergeable] where it cannot be
// merged as it is. After an answer that was lost it is looked at, and not asked for again.
func (c *Client) Merge(ctx context.Context, iid int64, head schema.Hash) error {
	path, err := c.below(ctx, "merge_requests/%d", iid)
	if err != nil {
		return err
	}
	if done, err := c.withoutSquash(ctx, iid, path, head); err != nil || done {
		return err
	}
	for try := 1; ; try++ {
		err := c.mergeOnce(ctx, iid, path, head)
		if err == nil || !mayPass(err) {
			return err
		}
		again, err := c.afterRefusal(ctx, iid, path, head, err)
		if err != nil || !again {
			return err
		}
		if try == mergeTries {
			return fmt.Errorf("merge %s: GitLab says that it is not mergeable %d times: %w", bang(iid), try, schema.ErrTryLater)
		}
		if err := c.cfg.Pause(ctx, backoff(try+1)); err != nil {
			return &Error{Doing: "merge " + bang(iid), Kind: ErrUnavailable, TokenFile: c.cfg.TokenFile, Err: err}
		}
	}
}

// withoutSquash takes the squash flag off: asking for a merge without one leaves it on. It reports whether the merge request
// was merged with this head already.
func (c *Client) withoutSquash(ctx context.Context, iid int64, path string, head schema.Hash) (bool, error) {
	now, err := c.mergeState(ctx, iid, path)
	if err != nil || now.State != "opened" {
		return err == nil && now.State == "merged" && now.SHA == head, errors.Join(err, now.isOpen(head))
	}
	if !now.Squash {
		return false, nil
	}
	return false, c.send(ctx, change{
		doing: "take the squash flag off " + bang(iid), method: http.MethodPut, path: path, repeatable: true, body: map[string]any{"squash": false},
	}, nil)
}

// isOpen says why a merge request cannot be merged any more; that it was merged with this very head is none.
func (s mergeState) isOpen(head schema.Hash) error {
	switch {
	case s.State == "opened", s.State == "merged" && s.SHA == head:
		return nil
	case s.State == "locked":
		return fmt.Errorf("%s is being merged: %w", bang(s.IID), schema.ErrTryLater)
	}
	return fmt.Errorf("%s is %s: %w", bang(s.IID), printable(s.State), schema.ErrNotMergeable)
}

func (c *Client) mergeOnce(ctx context.Context, iid int64, path string, head schema.Hash) error {
	var made mergeRequest
	err := c.send(ctx, change{
		doing: "merge " + bang(iid), method: http.MethodPut, path: path + "/merge",
		body: map[string]any{"sha": head.String(), "should_remove_source_branch": true},
	}, &made)
	if err != nil {
		return err
	}
	if made.State != "merged" || made.SHA != head {
		return fmt.Errorf("%s is %s after the merge: %w", bang(iid), printable(made.State), schema.ErrTryLater)
	}
	return nil
}

// mayPass picks the answers after which it is looked at again. 401 is that we may not merge, 409 that the head is another.
func mayPass(err error) bool {
	e := (*Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnprocessableEntity:
		return true
	}
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrIncomplete)
}

// afterRefusal looks at what became of the merge request, and says whether asking once more may help.
func (c *Client) afterRefusal(ctx context.Context, iid int64, path string, head schema.Hash, refused error) (bool, error) {
	now, err := c.mergeState(ctx, iid, path)
	if err != nil {
		return false, errors.Join(refused, err)
	}
	if now.State != "opened" {
		return false, now.isOpen(head)
	}
	if now.SHA != head {
		return false, fmt.Errorf("the head of %s is another: %w", bang(iid), schema.ErrTryLater)
	}
	status := printable(now.Status)
	switch {
	case !errors.Is(refused, ErrRefused):
		return false, fmt.Errorf("%w: %w", schema.ErrTryLater, refused)
	case slices.Contains(passing, now.Status):
		return true, nil
	case slices.Contains(stuck, now.Status):
		return false, fmt.Errorf("%s [%s]: %w", bang(iid), status, schema.ErrNotMergeable)
	}
	return false, fmt.Errorf("%s waits [%s]: %w", bang(iid), status, schema.ErrTryLater)
}

func (c *Client) mergeState(ctx context.Context, iid int64, path string) (mergeState, error) {
	var now mergeState
	ask := request{doing: doing(iid), path: path}
	a, err := c.ask(ctx, ask)
	if err == nil {
		err = c.decode(ask.doing, a, &now)
	}
	if err == nil && (now.IID != iid || now.State == "") {
		err = c.incomplete(ask.doing, a, ErrIncomplete, "the answer is about !%d", now.IID)
	}
	if err != nil {
		return now, c.lostAccess(ctx, err)
	}
	return now, nil
}
