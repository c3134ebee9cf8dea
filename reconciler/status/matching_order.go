package status

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// spot is where an app stands in an order of its own. It says so without the app, so that a page goes on after one that has gone.
type spot struct {
	worst int       // place of the state that counts
	since time.Time // of the worst, or of the oldest that is wrong; zero if nothing is
	app   string
}

func (q query) spotOf(app *schema.AppView) spot {
	out := spot{worst: len(order), app: string(app.App)}
	for j := range app.Cells {
		c := &app.Cells[j]
		at := place(c.State)
		if !urgent[at] || q.stage != "" && c.Cell.Stage != q.stage {
			continue
		}
		since := sinceOf(c)
		earlier := out.since.IsZero() || since.Before(out.since)
		if q.order == oldestFirst && earlier || q.order == worstOnTop && (at < out.worst || at == out.worst && earlier) {
			out.since = since
		}
		out.worst = min(out.worst, at)
	}
	return out
}

// compare puts the apps first that somebody has to look at; by name where two are alike.
func (q query) compare(a, b spot) int {
	if q.order == oldestFirst {
		fine := cmp.Compare(a.worst/len(order), b.worst/len(order)) // those that nothing is wrong with come last
		return cmp.Or(fine, a.since.Compare(b.since), cmp.Compare(a.app, b.app))
	}
	return cmp.Or(cmp.Compare(a.worst, b.worst), a.since.Compare(b.since), cmp.Compare(a.app, b.app))
}

func (q query) sorted(apps []schema.AppView) []schema.AppView {
	type placed struct {
		spot
		app *schema.AppView
	}
	all := make([]placed, len(apps))
	for i := range apps {
		all[i] = placed{q.spotOf(&apps[i]), &apps[i]}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return q.compare(a.spot, b.spot) })
	out := make([]schema.AppView, len(all))
	for i := range all {
		out[i] = *all[i].app
	}
	return out
}

// placeMark stands between the parts of a place, and in no name of an app.
const placeMark = "@"

// placeOf writes where a page ends whose last app this is: by name that is its name.
func (q query) placeOf(app *schema.AppView) string {
	if q.order == "" {
		return string(app.App)
	}
	at, since := q.spotOf(app), ""
	if !at.since.IsZero() {
		since = at.since.UTC().Format(time.RFC3339Nano)
	}
	return strings.Join([]string{strconv.Itoa(at.worst), since, at.app}, placeMark)
}

// readPlace reads what placeOf writes in an order that is not by name.
func readPlace(text string) (out spot, ok bool) {
	parts := strings.SplitN(text, placeMark, 3)
	if len(parts) < 3 || len(parts[2]) > longestName {
		return spot{}, false
	}
	var err error
	if out.worst, err = strconv.Atoi(parts[0]); err != nil {
		return spot{}, false
	}
	if parts[1] != "" {
		if out.since, err = time.Parse(time.RFC3339Nano, parts[1]); err != nil {
			return spot{}, false
		}
	}
	out.app = parts[2]
	return out, true
}

// begin is where the page after the last one begins. Of an app alone an order of its own knows the place as long as it is there.
func (q query) begin(apps []schema.AppView) int {
	if q.after == "" {
		return 0
	}
	last, placed := readPlace(q.after)
	switch {
	case q.order == "":
		name := cmp.Or(last.app, q.after)
		return sort.Search(len(apps), func(i int) bool { return string(apps[i].App) > name })
	case placed:
		return sort.Search(len(apps), func(i int) bool { return q.compare(q.spotOf(&apps[i]), last) > 0 })
	}
	return slices.IndexFunc(apps, func(a schema.AppView) bool { return string(a.App) == q.after }) + 1
}
