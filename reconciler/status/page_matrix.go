package status

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

type row struct {
	App   []string // its segments, between which a line may break
	Href  string
	Cells []cell
}

// matrixPage shows apps against stages.
func matrixPage(req asked) (page, int) {
	v, q := req.view, req.readQuery()
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Heading, p.Title = navigation("/apps"), "Apps", "Apps · "+p.Title
	p.Pause, p.Still = pause(q), q.still
	if q.still {
		p.Refresh = 0
	}
	p.Drafts, p.Lanes = draftLane(v)
	if p.Text = nothing(v); p.Text != "" {
		return p, http.StatusOK
	}
	p.Text, p.Filters, p.Search = req.sum.summary(v.Stale(req.now)), filters(v, q), q.form(v)
	for _, s := range v.Stages {
		p.Stages = append(p.Stages, safe(string(s)))
	}
	apps := matching(v, q)
	if p.Part = len(apps) < len(v.Apps); p.Part {
		part := v
		part.Apps, part.Problems = apps, nil
		p.Text = "Of the apps that match: " + tallyOf(&part).summary(v.Stale(req.now))
		p.Shown = fmt.Sprintf("%d of %s match.", len(apps), counted(len(v.Apps), "app"))
	}
	if len(apps) == 0 {
		p.Shown = ""
		p.Text = "No app matches." + orNearest(q.text, appNames(v))
	}
	from := q.begin(apps)
	if q.after != "" {
		first := q
		first.after = ""
		p.Pages = append(p.Pages, link{Text: "from the start", Href: first.link()})
	}
	shown := apps[from:min(from+rowsPerPage, len(apps))]
	for _, app := range shown {
		p.Rows = append(p.Rows, rowOf(req.cfg, v, app, v.Stale(req.now)))
	}
	if rest := len(apps) - from - len(shown); rest > 0 {
		next := q
		next.after = q.placeOf(&shown[len(shown)-1])
		p.Pages = append(p.Pages, link{Text: fmt.Sprintf("%d more", rest), Href: next.link()})
	}
	return p, http.StatusOK
}

func appNames(v schema.View) []string {
	names := make([]string, len(v.Apps))
	for i, a := range v.Apps {
		names[i] = string(a.App)
	}
	return names
}

func rowOf(cfg Config, v schema.View, app schema.AppView, stale bool) row {
	r := row{App: strings.Split(safe(string(app.App)), "/"), Href: appLink(app.App)}
	for _, stage := range v.Stages {
		i := slices.IndexFunc(app.Cells, func(c schema.CellView) bool { return c.Cell.Stage == stage })
		if i < 0 { // which it is for who may not see it
			r.Cells = append(r.Cells, cell{Stage: safe(string(stage)), Absent: true, Note: "not shown"})
			continue
		}
		r.Cells = append(r.Cells, cellOf(cfg, v, app.Cells[i], stale))
	}
	return r
}

func pause(q query) link {
	turned := q
	turned.still = !q.still
	if q.still {
		return link{Text: "load this page again by itself", Href: turned.link()}
	}
	return link{Text: "stop loading this page again", Href: turned.link()}
}

// filters are the states that the apps which are asked for have cells in, each with how many apps it would leave: they count what
// choosing them shows.
func filters(v schema.View, q query) []link {
	all := q
	all.state, all.after = "", ""
	apps := matching(v, all)
	out := []link{{Text: fmt.Sprintf("all apps %d", len(apps)), Href: all.link(), Here: q.state == ""}}
	for _, s := range filterStates() {
		one := all
		one.state = s
		n := 0
		for i := range apps {
			if one.wants(&apps[i], "") {
				n++
			}
		}
		if n > 0 && s != schema.Absent || q.state == s {
			out = append(out, link{Text: fmt.Sprintf("%s %d", s, n), Href: one.link(), Here: q.state == s})
		}
	}
	return out
}
