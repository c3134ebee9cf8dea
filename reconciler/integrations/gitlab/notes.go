package gitlab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Note makes a text the body of the one note of ours below a merge request, and returns the note's number. Ours are those
// that begin with the marker and that the token's own user wrote: a marker alone anybody can write. What is so already is
// not written again.
//
// It looks before it writes and after, so that there is one note even where an answer was lost, or where somebody else
// with the same token was at it: of several the oldest stays. A note that cannot be changed is replaced by a new one.
//
// It sends 2 requests where the note is known and says so already; 3 to change it; 4 + N to make it, N pages of notes.
func (c *Client) Note(ctx context.Context, want schema.StickyNote) (int64, error) {
	if !strings.HasPrefix(want.Body, want.Marker+"\n") || want.Marker == "" {
		return 0, fmt.Errorf("note of %s: the body does not begin with its marker", bang(want.MergeRequest))
	}
	me, err := c.self(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := c.projectID(ctx); err != nil {
		return 0, err
	}
	s := sticky{c: c, reading: c.reading(), me: me.ID, want: want}
	id, err := s.settle(ctx)
	if err != nil {
		return 0, c.lostAccess(ctx, err)
	}
	return id, nil
}

// sticky is one call's work at one note.
type sticky struct {
	c       *Client
	reading *reading
	me      int64
	want    schema.StickyNote
}

func (s sticky) settle(ctx context.Context) (int64, error) {
	if s.want.ID != 0 {
		n, err := s.one(ctx, s.want.ID)
		if err == nil && s.ours(n) {
			if err = s.rewrite(ctx, n); err == nil {
				return n.ID, nil
			}
		}
		if err != nil && !lost(err) {
			return 0, err
		}
	}
	return s.search(ctx, true)
}

// lost says that a note is gone or not ours to change any more.
func lost(err error) bool { return errors.Is(err, ErrMissing) || errors.Is(err, ErrForbidden) }

// search finds our notes, and makes one where there is none.
func (s sticky) search(ctx context.Context, create bool) (int64, error) {
	ours, err := s.list(ctx)
	if err != nil {
		return 0, err
	}
	for i, n := range ours {
		switch err := s.rewrite(ctx, n); {
		case err == nil:
			s.removeAll(ctx, ours[i+1:])
			return n.ID, nil
		case !lost(err):
			return 0, err
		}
	}
	if !create {
		return 0, &Error{Doing: s.doing("find"), Kind: ErrIncomplete, Message: "the note that was made is not there"}
	}
	if err := s.create(ctx); err != nil {
		return 0, err
	}
	return s.search(ctx, false)
}

// removeAll takes away younger notes of ours. One that stays is found again by the next look.
func (s sticky) removeAll(ctx context.Context, notes []note) {
	for _, n := range notes {
		err := s.c.send(ctx, change{doing: s.doing("remove a second"), method: http.MethodDelete, path: s.path(n.ID), repeatable: true}, nil)
		if err != nil && !errors.Is(err, ErrMissing) {
			s.c.cfg.Log.Warn("a second note of ours stays", "merge_request", s.want.MergeRequest, "note", n.ID, "error", err)
		}
	}
}

func (s sticky) ours(n note) bool {
	line, _, _ := strings.Cut(sameLines(n.Body), "\n")
	return !n.System && n.Author.ID == s.me && line == s.want.Marker
}

// sameLines is a body as GitLab may give it back: it keeps no care for what stands at the ends of lines and of the whole.
func sameLines(body string) string {
	return strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
}

func (s sticky) one(ctx context.Context, id int64) (note, error) {
	var n note
	r := request{doing: s.doing("read"), path: s.path(id)}
	a, err := s.c.ask(ctx, r)
	if err != nil {
		return n, err
	}
	return n, s.c.decode(r.doing, a, &n)
}

// list is our notes, oldest first.
func (s sticky) list(ctx context.Context) ([]note, error) {
	r := request{doing: "read the notes of " + bang(s.want.MergeRequest), path: s.reading.path(s.want.MergeRequest, "/notes"),
		query: query{OrderBy: "created_at", Sort: "asc", Activity: "only_comments"}}
	var l list
	err := s.c.steadily(ctx, func() (err error) {
		l, err = s.c.list(ctx, r, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	var ours []note
	for i, row := range l.rows {
		var n note
		if err := json.Unmarshal(row, &n); err != nil {
			e := s.c.incomplete(r.doing, l.pages[0], ErrIncomplete, "row %d is not a note", i+1)
			e.Err = err
			return nil, e
		}
		if s.ours(n) {
			ours = append(ours, n)
		}
	}
	slices.SortFunc(ours, func(a, b note) int { return cmp.Compare(a.ID, b.ID) })
	return ours, nil
}

// rewrite changes a note of ours, if it does not say what it should.
func (s sticky) rewrite(ctx context.Context, n note) error {
	if sameLines(n.Body) == sameLines(s.want.Body) {
		return nil
	}
	return s.c.send(ctx, change{
		doing: s.doing("change"), method: http.MethodPut, path: s.path(n.ID), body: map[string]string{"body": s.want.Body}, repeatable: true,
	}, nil)
}

func (s sticky) create(ctx context.Context) error {
	return s.c.send(ctx, change{
		doing: s.doing("write"), method: http.MethodPost, path: s.reading.path(s.want.MergeRequest, "/notes"),
		body: map[string]string{"body": s.want.Body},
	}, nil)
}

func (s sticky) path(id int64) string {
	return s.reading.path(s.want.MergeRequest, fmt.Sprintf("/notes/%d", id))
}

func (s sticky) doing(what string) string { return what + " note of " + bang(s.want.MergeRequest) }
