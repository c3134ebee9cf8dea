package status

import (
	"strings"

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
		if (q.stage == "" || c.Cell.Stage == q.stage) && (q.state == "" && c.State != schema.Absent || q.state == shown(*c, q.stale)) {
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
