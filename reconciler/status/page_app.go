package status

import (
	"cmp"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// appPage shows one app in every stage, with everything that is known of it.
func appPage(cfg Config, v schema.View, app schema.AppView, now time.Time) page {
	p := basePage(cfg, v, now)
	p.Heading, p.Title = safe(string(app.App)), safe(string(app.App))+" · "+p.Title
	p.Refresh = 30
	stale := v.Stale(now)
	p.Text = summary(schema.View{Apps: []schema.AppView{app}, Looked: v.Looked, StaleAfter: v.StaleAfter}, now)
	for _, c := range app.Cells {
		out := cellOf(cfg, v, c, stale)
		out.Targets, out.Facts = targetsOf(c, asOf(v), stale), facts(c)
		if !stale {
			out.Next = nextText(c, cfg.Commands)
		}
		if c.Held != nil {
			out.Ways = waysOut(c, TextOptions{Commands: cfg.Commands, Place: cfg.Place})
			out.Why = fmt.Sprintf("sluice why %s %s", quote(string(app.App)), quote(string(c.Cell.Stage)))
		}
		p.Cells = append(p.Cells, out)
	}
	return p
}

func targetsOf(c schema.CellView, now time.Time, stale bool) []target {
	var out []target
	for _, t := range c.Targets {
		view := target{Name: safe(t.Name), Word: "read back", Tone: good, Text: targetText(c, t), At: stamped(t.At, now)}
		switch {
		case stale:
			view.Word, view.Tone = string(unknown), wait
		case t.Code != "":
			view.Word, view.Tone = "not as admitted", bad
		case !t.Live:
			view.Word, view.Tone = "not read back yet", busy
		}
		out = append(out, view)
	}
	return out
}

// facts are the names under which the ledger and Git know a cell, for those who follow it there.
func facts(c schema.CellView) [][2]string {
	var out [][2]string
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, safe(value)})
		}
	}
	if c.Seq > 0 {
		add("ledger entry", fmt.Sprintf("#%d", c.Seq))
		add("revision", string(c.Revision))
		add("content", string(c.Content))
	}
	if h := c.Held; h != nil {
		add("recorded in entry", fmt.Sprintf("#%d", h.Seq))
		add("kind of change", string(cmp.Or(h.Change.Kind, "not known")))
		add("from revision", string(h.Change.From.Revision))
		add("to revision", string(h.Change.To.Revision))
		add("to content", string(h.Change.To.Content))
		add("commit", hashOrEmpty(h.Commit))
	}
	return out
}
