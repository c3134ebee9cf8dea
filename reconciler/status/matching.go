package status

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// matching are the apps that a query asks for, in its order. With a state, one of their cells is in it, in the stage if one is
// named.
func matching(v schema.View, q query) []schema.AppView {
	out := v.Apps
	if q.state != "" || q.stage != "" || q.text != "" || q.apart[0] != "" || q.owner != "" || q.label != "" {
		out = nil
		text := strings.ToLower(q.text)
		for i := range v.Apps {
			if q.wants(&v.Apps[i], text) {
				out = append(out, v.Apps[i])
			}
		}
	}
	if q.order == "" {
		return out
	}
	return q.sorted(out)
}

// wants takes the text that it looks for in small letters.
func (q query) wants(app *schema.AppView, text string) bool {
	if text != "" && !strings.Contains(strings.ToLower(string(app.App)), text) {
		return false
	}
	if q.apart[0] != "" && !differ(app, q.apart) {
		return false
	}
	if q.owner != "" && app.Owner != q.owner || !hasLabels(app.Labels, q.label) {
		return false
	}
	if q.stage == "" && q.state == "" {
		return true
	}
	for i := range app.Cells {
		c := &app.Cells[i]
		if (q.stage == "" || c.Cell.Stage == q.stage) && (q.state == "" && c.State != schema.Absent || q.state == c.State) {
			return true
		}
	}
	return false
}

// differ reports whether an app has other content in one stage than in the other, or has any in one of them alone.
func differ(app *schema.AppView, pair [2]schema.StageName) bool {
	var have [2]schema.Content
	var shown [2]bool
	for i := range app.Cells {
		for side, stage := range pair {
			if app.Cells[i].Cell.Stage == stage {
				have[side], shown[side] = app.Cells[i].Content, true
			}
		}
	}
	return shown[0] && shown[1] && have[0] != have[1]
}

// sorted puts the apps first that somebody has to look at; by name where two are alike.
func (q query) sorted(apps []schema.AppView) []schema.AppView {
	type ranked struct {
		app   schema.AppView
		worst int
		since time.Time // of the worst, or of the oldest that is wrong; zero if nothing is
	}
	all := make([]ranked, len(apps))
	for i, app := range apps {
		one := ranked{app: app, worst: len(order)}
		for j := range app.Cells {
			c := &app.Cells[j]
			at := place(c.State)
			if !urgent[at] || q.stage != "" && c.Cell.Stage != q.stage {
				continue
			}
			since := sinceOf(c)
			earlier := one.since.IsZero() || since.Before(one.since)
			if q.order == oldestFirst && earlier || q.order == worstOnTop && (at < one.worst || at == one.worst && earlier) {
				one.since = since
			}
			one.worst = min(one.worst, at)
		}
		all[i] = one
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		fine := cmp.Compare(a.worst/len(order), b.worst/len(order)) // those that nothing is wrong with come last
		if q.order == oldestFirst {
			return cmp.Or(fine, a.since.Compare(b.since))
		}
		return cmp.Or(cmp.Compare(a.worst, b.worst), a.since.Compare(b.since))
	})
	out := make([]schema.AppView, len(all))
	for i := range all {
		out[i] = all[i].app
	}
	return out
}

// begin is where the page after the last one begins. An order of its own is gone through by place: an app that has gone from it
// begins anew.
func (q query) begin(apps []schema.AppView) int {
	switch {
	case q.after == "":
		return 0
	case q.order == "":
		return sort.Search(len(apps), func(i int) bool { return string(apps[i].App) > q.after })
	}
	return slices.IndexFunc(apps, func(a schema.AppView) bool { return string(a.App) == q.after }) + 1
}
