package gitlabtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// text is a parameter, nil when it was not sent.
func (c *call) text(name string) *string {
	values, sent := c.params[name]
	if !sent || len(values) == 0 {
		return nil
	}
	return &values[0]
}

func (c *call) string(name string) string { return c.params.Get(name) }

// flag is a boolean parameter, nil when it was not sent.
func (c *call) flag(name string) *bool {
	v := c.text(name)
	if v == nil || *v == "" {
		return nil
	}
	b := *v == "true" || *v == "1"
	return &b
}

func (c *call) is(name string) bool { b := c.flag(name); return b != nil && *b }

func (c *call) number(name string, missing int) int {
	n, err := strconv.Atoi(c.string(name))
	if err != nil {
		return missing
	}
	return n
}

// number reads the number in a path; 0, which names nothing, for any other text.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// list is a parameter given as comma separated text or as several values.
func (c *call) list(name string) []string {
	values, sent := c.params[name]
	if !sent {
		values, sent = c.params[name+"[]"]
	}
	if !sent {
		return nil
	}
	out := []string{}
	for _, part := range strings.Split(strings.Join(values, ","), ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// instant is a time parameter, zero when it was not sent.
func (c *call) instant(name string) (time.Time, error) {
	text := c.string(name)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, refuse(http.StatusBadRequest, "%s is invalid", name)
}

// paginate cuts the page a call asks for out of a list and sets the headers of
// offset pagination.
func paginate[T any](c *call, all []T) []T {
	return paged(c, all, true)
}

// paginateUncounted leaves the totals out, as GitLab does for commits.
func paginateUncounted[T any](c *call, all []T) []T {
	return paged(c, all, false)
}

func paged[T any](c *call, all []T, totals bool) []T {
	page, per := max(1, c.number("page", 1)), c.number("per_page", 20)
	if per < 1 || per > 100 {
		per = 100
	}
	pages := max(1, (len(all)+per-1)/per)
	h := c.w.Header()
	h.Set("X-Page", strconv.Itoa(page))
	h.Set("X-Per-Page", strconv.Itoa(per))
	h.Set("X-Next-Page", "")
	h.Set("X-Prev-Page", "")
	links := []string{c.link("first", 1, per)}
	if page > 1 {
		h.Set("X-Prev-Page", strconv.Itoa(page-1))
		links = append(links, c.link("prev", page-1, per))
	}
	if page < pages {
		h.Set("X-Next-Page", strconv.Itoa(page+1))
		links = append(links, c.link("next", page+1, per))
	}
	if totals && len(all) <= 10_000 && !c.s.opts.HideTotals {
		h.Set("X-Total", strconv.Itoa(len(all)))
		h.Set("X-Total-Pages", strconv.Itoa(pages))
		links = append(links, c.link("last", pages, per))
	}
	h.Set("Link", strings.Join(links, ", "))
	from := min((page-1)*per, len(all))
	return all[from:min(from+per, len(all))]
}

func (c *call) link(rel string, page, per int) string {
	query := c.r.URL.Query()
	query.Set("page", strconv.Itoa(page))
	query.Set("per_page", strconv.Itoa(per))
	return fmt.Sprintf("<%s%s?%s>; rel=%q", c.s.url, c.r.URL.EscapedPath(), query.Encode(), rel)
}

// stamp is a time as GitLab writes it; nil for the zero time.
func stamp(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}

// orNull is null for an empty string.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
