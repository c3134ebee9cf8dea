package status

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// keysView is a table of keys as the page prints it.
type keysView struct {
	Caption  string
	From, To string // what the columns are; From is empty where there is one side alone
	Values   bool
	Lines    []keyRow
	Foreign  []driftedKeys
	Hidden   string
}

type keyRow struct {
	Mark, Word, Key, From, To, Place string
	Tone                             tone
	Critical                         bool
}

// diffPage compares what two stages have, or a stage and what is live or waits there, key by key.
func diffPage(req asked) (page, int) {
	c, v := req.comparison(), req.view
	q := c.diffQuery
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Still, p.Refresh, p.Alarms, p.Heading, p.Title = navigation("/apps"), true, 0, warnings(req.cfg, v, req.now), "Compare", "Compare · "+p.Title
	p.Search = search{Action: "/diff", Fields: []searchField{{Name: "app", Label: "App", Value: safe(string(q.app))}}}
	switch {
	case q.app == "":
		p.Text = "Name an app to compare what its stages have, key by key."
		return p, http.StatusOK
	case c.nobody:
		return missingPage(req.cfg, v, noApp(v, string(q.app)), req.now), http.StatusNotFound
	}
	p.Heading = "Compare " + safe(string(q.app))
	choices := sides(v, c.of)
	p.Search.Fields = append(p.Search.Fields, searchField{Name: "from", Label: "From", Value: safe(q.from), Choices: withChoice(choices, q.from), Set: true},
		searchField{Name: "to", Label: "To", Value: safe(q.to), Choices: withChoice(choices, q.to), Set: true})
	if req.cfg.Content == nil || c.why != "" {
		p.Text = cmp.Or(c.why, "No files are read here.")
		return p, http.StatusOK
	}
	found, err := req.compare(q.app, c.a, c.b, q.all)
	if err != nil {
		return req.unread(err)
	}
	from, to := c.a, c.b
	p.Text = fmt.Sprintf("%d of %s: from %s to %s.", len(found.differing()), counted(len(found.differing())+found.Equal, "key")+" differ", sideText(from), sideText(to))
	if len(found.differing()) == 0 {
		p.Text = fmt.Sprintf("No difference in %s: from %s to %s.", counted(found.Equal, "key"), sideText(from), sideText(to))
	}
	lines, after, rest := found.page(q.after, keysPerPage)
	p.Keys = keysOf(found, lines)
	p.Keys.From, p.Keys.To, p.Keys.Foreign = safe(q.from), safe(q.to), append(from.Foreign, to.Foreign...)
	p.Pages = append(q.pages(found, after, rest), link{Text: "swap the sides", Href: diffQuery{app: q.app, from: q.to, to: q.from, all: q.all}.link()})
	if slices.Contains(req.cfg.Commands, "diff") {
		p.Terminal = terminalDiff(q)
	}
	return p, http.StatusOK
}

// differing are the lines that are not equal on both sides.
func (c compared) differing() []keyLine {
	for i, l := range c.Lines {
		if l.Equal {
			return c.Lines[:i]
		}
	}
	return c.Lines
}

// pages are the ways to the rest of a list, and to what is equal.
func (q diffQuery) pages(found compared, after string, rest int) []link {
	var out []link
	turned := diffQuery{app: q.app, from: q.from, to: q.to, all: !q.all}
	switch {
	case q.all:
		out = append(out, link{Text: "only what differs", Href: turned.link()})
	case found.Equal > 0:
		text := fmt.Sprintf("with the %d that are equal", found.Equal)
		if found.Equal == 1 {
			text = "with the one that is equal"
		}
		out = append(out, link{Text: text, Href: turned.link()})
	}
	if rest > 0 {
		q.after = after
		out = append(out, link{Text: fmt.Sprintf("%d more", rest), Href: q.link()})
	}
	return out
}

func withChoice(choices []string, chosen string) []string {
	var out []string
	known := false
	for _, c := range choices {
		out, known = append(out, safe(c)), known || c == chosen
	}
	if !known {
		out = append(out, safe(chosen))
	}
	return out
}

func sideText(s side) string {
	parts := []string{safe(s.Text)}
	switch {
	case s.Commit.IsZero():
		parts = append(parts, "(nothing)")
	case s.Revision != "" && s.Revision != schema.None:
		parts = append(parts, name(s.Revision))
	}
	if s.Note != "" {
		parts = append(parts, "("+s.Note+")")
	}
	return strings.Join(parts, " ")
}

// terminalDiff is the command that compares the same in a clone; it has no word for what waits, or for one of several targets.
func terminalDiff(q diffQuery) string {
	if strings.Contains(q.from+q.to, "@"+sideHeld) || strings.Contains(q.from+q.to, ":") || strings.Contains(q.from+q.to, "#") {
		return ""
	}
	return fmt.Sprintf("sluice diff %s %s %s", quote(q.from), quote(q.to), quote(string(q.app)))
}

// valuesPage shows the keys of what an app has in a stage, with their values where those may be shown.
func valuesPage(req asked) (page, int) {
	v := req.view
	c, s, ok := req.cellKeys()
	if !ok {
		return missingPage(req.cfg, v, "There is no such app in such a stage.", req.now), http.StatusNotFound
	}
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Still, p.Refresh, p.Alarms = navigation("/apps"), true, 0, warnings(req.cfg, v, req.now)
	p.Heading = safe(string(c.Cell.App)) + " in " + safe(string(c.Cell.Stage)) + ": keys"
	p.Title = p.Heading + " · " + p.Title
	p.Filters = []link{{Text: "the app in this stage", Href: cellLink(c.Cell)}, {Text: "compare", Href: diffQuery{app: c.Cell.App, from: string(c.Cell.Stage), to: string(c.Cell.Stage) + "@" + sideLive}.link()}}
	if req.cfg.Content == nil {
		p.Text = "No files are read here."
		return p, http.StatusOK
	}
	found, err := req.compare(c.Cell.App, side{Stage: s.Stage}, s, false)
	if err != nil {
		return req.unread(err)
	}
	for i := range found.Lines {
		found.Lines[i].Equal = true // than nothing: there is no change to tell of
	}
	lines, after, rest := found.page(readDiffQuery(req.q).after, keysPerPage)
	p.Text = counted(len(found.Lines), "key") + " of " + sideText(s) + ", as admitted."
	p.Keys = keysOf(found, lines)
	p.Keys.To = safe(string(c.Cell.Stage))
	if rest > 0 {
		p.Pages = []link{{Text: fmt.Sprintf("%d more", rest), Href: address(valuesLink(c.Cell), url.Values{"after": {after}})}}
	}
	return p, http.StatusOK
}

// valuesLink is the address of the keys of a cell.
func valuesLink(c schema.Cell) string {
	return "/values" + strings.TrimPrefix(cellLink(c), "/cell")
}

// unread is the page about files that could not be read; the reason is the log's, for it may name what others may not see.
func (req asked) unread(err error) (page, int) {
	req.cfg.Log.Warn("files are not shown", "error", err)
	p := missingPage(req.cfg, req.view, "The files could not be read; the reconciler's log says why.", req.now)
	p.Heading = "Not read"
	return p, http.StatusServiceUnavailable
}

func keysOf(found compared, lines []keyLine) *keysView {
	out := &keysView{Values: found.Values}
	if !found.Values {
		out.Hidden = "Values are not shown here: the operator's file turns them on with show_values: true, for those that do not look like secrets."
	}
	for _, l := range lines {
		row := keyRow{Key: safe(l.Key), From: safe(l.From), To: safe(l.To), Critical: l.Critical, Tone: wait, Mark: "~", Word: "changed"}
		switch {
		case l.Equal:
			row.Mark, row.Word, row.Tone = "", "equal", quiet
		case l.Op == "add":
			row.Mark, row.Word, row.Tone = "+", "added", good
		case l.Op == "remove":
			row.Mark, row.Word, row.Tone = "−", "removed", bad
		}
		if row.Place = safe(l.File); l.Line > 0 {
			row.Place += ":" + strconv.Itoa(l.Line)
		}
		out.Lines = append(out.Lines, row)
	}
	return out
}
