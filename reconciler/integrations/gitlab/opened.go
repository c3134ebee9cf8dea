package gitlab

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

const (
	// relistEvery is how often all open merge requests are listed anew. Between, only what changed is asked for; what GitLab
	// changes without noting a time (a merge request that was deleted) shows then.
	relistEvery = time.Hour
	// overlap is how far before the newest change is asked again: a change gets its time before it can be seen, and a copy of
	// GitLab's database may lag.
	overlap = time.Minute
)

// openList is what is known of the open merge requests.
type openList struct {
	using  chan struct{} // held by whoever reads or changes the rest
	rows   map[int64]mergeRequest
	newest time.Time // change that was seen, by GitLab's clock
	listed time.Time // when all were listed, by ours
	pages  int       // that this took
	asOf   time.Time
}

func newOpenList() openList { return openList{using: make(chan struct{}, 1)} }

// Opened returns the open merge requests, oldest first, as a list tells them: without versions, approvals, raw answers,
// and with no more than the names of people. GitLab keeps the bodies of lists for hours: before anything is done about a
// merge request it is read by [Client.MergeRequest].
//
// With P pages of 100 open merge requests it sends P requests once an hour, and where P is 1 always. Else it sends one, and
// one more for each further 99 changes since a minute before the last one that it saw, but never more than 2 × P; all of that
// three times at most where the list changes while it is read.
func (c *Client) Opened(ctx context.Context) ([]schema.MergeRequest, error) {
	path, err := c.below(ctx, "merge_requests")
	if err != nil {
		return nil, err
	}
	l := &c.open
	select {
	case l.using <- struct{}{}:
		defer func() { <-l.using }()
	case <-ctx.Done():
		return nil, &Error{Doing: "list the open merge requests", Kind: ErrUnavailable, Err: context.Cause(ctx)}
	}
	whole := l.pages < 2 || c.cfg.Now().Sub(l.listed) >= relistEvery
	if !whole {
		whole, err = c.reviseOpen(ctx, path)
	}
	if whole && err == nil {
		err = c.steadily(ctx, func() error { return c.listOpen(ctx, path) })
	}
	if err != nil {
		return nil, c.lostAccess(ctx, err)
	}
	return l.basic(c.host), nil
}

// basic are the rows as others see them, oldest first.
func (l *openList) basic(host string) []schema.MergeRequest {
	out := make([]schema.MergeRequest, 0, len(l.rows))
	for _, row := range l.rows {
		mr := row.basic(host)
		mr.AsOf = l.asOf
		out = append(out, mr)
	}
	slices.SortFunc(out, func(a, b schema.MergeRequest) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.IID, b.IID))
	})
	return out
}

// listOpen lists all of them.
func (c *Client) listOpen(ctx context.Context, path string) error {
	r := request{doing: "list the open merge requests", path: path, query: query{State: "opened", Scope: "all", OrderBy: "created_at", Sort: "asc"}}
	l, err := c.list(ctx, r, false)
	if err != nil {
		return err
	}
	rows, newest := map[int64]mergeRequest{}, time.Time{}
	for i := range l.rows {
		row, err := c.row(r, l, i)
		if err != nil {
			return err
		}
		if row.UpdatedAt.After(newest) {
			newest = row.UpdatedAt
		}
		if row.State == "opened" { // the bodies of lists are cached
			rows[row.IID] = row
		}
	}
	o := &c.open
	o.rows, o.newest, o.listed, o.pages, o.asOf = rows, newest, c.cfg.Now(), len(l.pages), l.pages[0].date()
	return nil
}

// reviseOpen asks for what changed, whatever its state is now, and says whether all have to be listed after all.
func (c *Client) reviseOpen(ctx context.Context, path string) (whole bool, err error) {
	o := &c.open
	changed, asOf, err := c.changes(ctx, path, o.newest.Add(-overlap), o.pages)
	if errors.Is(err, errMoved) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	o.asOf = asOf
	for _, row := range changed {
		if row.UpdatedAt.After(o.newest) {
			o.newest = row.UpdatedAt
		}
		delete(o.rows, row.IID)
		if row.State == "opened" {
			o.rows[row.IID] = row
		}
	}
	return false, nil
}

// changes lists the merge requests that changed since a moment, in the order of their changes; one that comes twice was
// changed on the way. It walks by the time of the change and not by the number of the page: whatever changes meanwhile goes to
// the end of such a list, and pages would leave out what takes its place. errMoved: there are more than so many pages, as when
// somebody leaves who took part in all of them, or a page full of one moment.
func (c *Client) changes(ctx context.Context, path string, since time.Time, most int) (all []mergeRequest, asOf time.Time, err error) {
	r := request{doing: "list the merge requests that changed", path: path, query: query{State: "all", Scope: "all",
		OrderBy: "updated_at", Sort: "asc", PerPage: pageSize}}
	for page := 1; page <= most; page++ {
		since = since.UTC().Truncate(time.Millisecond)
		r.query.Updated = since.Format("2006-01-02T15:04:05.000Z07:00")
		a, err := c.ask(ctx, r)
		if err != nil {
			return nil, asOf, err
		}
		rows, more, err := c.changed(r, a, since)
		if err != nil {
			return nil, asOf, err
		}
		if all = append(all, rows...); !more {
			return all, a.date(), nil
		}
		last := rows[len(rows)-1].UpdatedAt
		if !last.Truncate(time.Millisecond).After(since) {
			break
		}
		since = last
	}
	return nil, asOf, errMoved
}

// changed reads one page of changes, oldest first, and whether there are more.
func (c *Client) changed(r request, a answer, since time.Time) (rows []mergeRequest, more bool, err error) {
	raw, err := c.rows(r, a, map[int64]bool{})
	if err != nil {
		return nil, false, err
	}
	for i := range raw {
		row, err := c.row(r, list{rows: raw, pages: []answer{a}}, i)
		if err != nil {
			return nil, false, err
		}
		if row.UpdatedAt.Before(since) {
			return nil, false, c.incomplete(r.doing, a, errMoved, "row %d changed before the one above it, or before what was asked for", i+1)
		}
		since = row.UpdatedAt
		rows = append(rows, row)
	}
	next := a.header.Values("X-Next-Page")
	if len(next) == 0 && len(rows) >= smallestDef {
		return nil, false, c.incomplete(r.doing, a, ErrIncomplete, "nothing says whether more rows follow the first %d", len(rows))
	}
	return rows, len(rows) > 0 && len(next) > 0 && next[0] != "", nil
}
