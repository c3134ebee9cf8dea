package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// change is one thing that is written at GitLab.
type change struct {
	doing  string // for people, in errors
	method string // POST, PUT or DELETE
	path   string // below /api/v4/, escaped
	body   any    // sent as JSON; nil: none

	// repeatable says that making the change twice is making it once, as with the text of a note or a label. Only
	// then is it sent again after a lost connection. A POST and a merge never are.
	repeatable bool
}

// send makes a change and decodes what GitLab tells of it into into, which may be nil. It goes the way of [Client.ask]:
// one limiter, time limit and transport, redirects refused, every error an [*Error] with GitLab's status and words.
//
// [ErrRefused] is that GitLab understood and did not do it (400, 405, 406, 409, 413, 422): Error.Status tells which.
// [ErrArchived] that the project is. After [ErrUnavailable] and [ErrIncomplete] the change may have been made all the same: look before making it again.
// A 404 is [ErrMissing], or [ErrNotFound] when it is the project that is out of sight.
func (c *Client) send(ctx context.Context, w change, into any) error {
	r := request{doing: w.doing, method: w.method, path: w.path, body: w.body, again: w.repeatable && w.method != http.MethodPost}
	switch {
	case w.method != http.MethodPost && w.method != http.MethodPut && w.method != http.MethodDelete:
		return &Error{Doing: w.doing, Kind: ErrIncomplete, Err: errors.New("no change is made by " + w.method)}
	case w.method == http.MethodDelete && w.body != nil:
		return &Error{Doing: w.doing, Kind: ErrIncomplete, Err: errors.New("a DELETE has no body")}
	}
	a, err := c.ask(ctx, r)
	if err != nil {
		return c.archived(ctx, c.lostAccess(ctx, err))
	}
	if into == nil {
		return nil
	}
	if len(a.body) == 0 {
		return c.incomplete(w.doing, a, ErrIncomplete, "the answer is empty")
	}
	return c.decode(w.doing, a, into)
}

// archived finds out whether a change was forbidden because the project is archived: GitLab answers with a bare 403.
func (c *Client) archived(ctx context.Context, err error) error {
	e, ok := err.(*Error)
	id := c.project.Load()
	if !ok || e.Kind != ErrForbidden || id == 0 {
		return err
	}
	r := request{doing: "see whether the project is archived", path: fmt.Sprintf("projects/%d", id)}
	var project struct {
		Archived bool `json:"archived"`
	}
	a, askErr := c.ask(ctx, r)
	if askErr != nil || c.decode(r.doing, a, &project) != nil || !project.Archived {
		return err
	}
	e.Kind, e.Needs, e.Hint = ErrArchived, "", "unarchive the project, or point gitlab.project in reconciler.yaml elsewhere"
	return e
}
