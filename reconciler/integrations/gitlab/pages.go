package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
)

const (
	pageSize    = 100  // the most that GitLab gives
	smallestDef = 20   // rows of a page when GitLab ignores what was asked
	maxPages    = 1000 // 100,000 rows: more is no list that we ask for
	maxReadings = 3    // of something that changes while it is read
)

// A list is all pages of one list, proven whole as far as GitLab's headers allow.
type list struct {
	rows  []json.RawMessage
	pages []answer
}

// list reads all pages. It is an error, and nothing is decided, if a page is missing or comes twice, if the totals
// change on the way (errMoved: reading again may help), or if the rows are fewer than the total. GitLab takes rows that
// the token may not see out of some lists after counting them; sieved says that this is one of those.
func (c *Client) list(ctx context.Context, r request, sieved bool) (list, error) {
	var l list
	seen := map[int64]bool{}
	r.query.PerPage = pageSize
	for page := 1; ; page++ {
		r.query.Page = page
		a, err := c.ask(ctx, r)
		if err != nil {
			return list{}, err
		}
		rows, err := c.rows(r, a, seen)
		if err != nil {
			return list{}, err
		}
		l.rows, l.pages = append(l.rows, rows...), append(l.pages, a)
		last, err := c.checkPage(r, l, sieved)
		if err != nil {
			return list{}, err
		}
		if last {
			return l, nil
		}
	}
}

// rows reads one page and refuses a row that was there before.
func (c *Client) rows(r request, a answer, seen map[int64]bool) ([]json.RawMessage, error) {
	var rows []json.RawMessage
	if err := c.decode(r.doing, a, &rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, c.incomplete(r.doing, a, ErrIncomplete, "null instead of a list")
	}
	for _, row := range rows {
		var named struct {
			ID int64 `json:"id"`
		}
		if err := json.Unmarshal(row, &named); err != nil || named.ID <= 0 {
			return nil, c.incomplete(r.doing, a, ErrIncomplete, "a row has no id")
		}
		if seen[named.ID] {
			return nil, c.incomplete(r.doing, a, errMoved, "row %d comes twice", named.ID)
		}
		seen[named.ID] = true
	}
	return rows, nil
}

// checkPage judges the newest page by its headers and says whether it is the last one.
func (c *Client) checkPage(r request, l list, sieved bool) (last bool, err error) {
	first, a := l.pages[0], l.pages[len(l.pages)-1]
	page := r.query.Page
	if got := a.header.Get("X-Page"); got != "" && got != strconv.Itoa(page) {
		return false, c.incomplete(r.doing, a, ErrIncomplete, "asked for page %d, got page %s", page, printable(got))
	}
	total := a.header.Get("X-Total")
	if total != first.header.Get("X-Total") {
		return false, c.incomplete(r.doing, a, errMoved, "the total went from %s to %s rows", printable(first.header.Get("X-Total")), printable(total))
	}
	switch next := a.header.Get("X-Next-Page"); {
	case next == "" && len(a.header.Values("X-Next-Page")) == 0 && len(l.rows) >= smallestDef:
		return false, c.incomplete(r.doing, a, ErrIncomplete, "nothing says whether more rows follow the first %d", len(l.rows))
	case next == "":
		return true, c.checkTotal(r, a, total, len(l.rows), sieved)
	case next != strconv.Itoa(page+1):
		return false, c.incomplete(r.doing, a, ErrIncomplete, "page %s follows page %d", printable(next), page)
	case page == maxPages:
		return false, c.incomplete(r.doing, a, ErrIncomplete, "more than %d pages", maxPages)
	}
	return false, nil
}

// checkTotal compares the rows with X-Total, which GitLab leaves out of very long lists.
func (c *Client) checkTotal(r request, a answer, total string, rows int, sieved bool) error {
	if total == "" {
		return nil
	}
	n, err := strconv.Atoi(total)
	if err != nil || rows > n || rows < n && !sieved {
		return c.incomplete(r.doing, a, errMoved, "%d of %s rows", rows, printable(total))
	}
	return nil
}

// steadily repeats a reading that something changed underneath. When it never holds still, the last error says so.
func (c *Client) steadily(ctx context.Context, read func() error) error {
	for reading := 1; ; reading++ {
		err := read()
		if !errors.Is(err, errMoved) || reading == maxReadings {
			return err
		}
		if stop := c.cfg.Pause(ctx, backoff(reading)); stop != nil {
			return errors.Join(err, stop)
		}
	}
}
