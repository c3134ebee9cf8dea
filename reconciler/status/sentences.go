package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// What page and terminal both say about a whole project.

func title(v schema.View) string {
	if v.Repository != "" {
		return v.Repository
	}
	return "sluice"
}

// freshness says as of when the rest is true. A page is kept and shown again, so it passes no time to count from.
func freshness(v schema.View, now time.Time) string {
	if neverRead(v) {
		return "not looked yet: Git was not read since this process began"
	}
	at, says := v.Looked, "as of "
	if at.IsZero() {
		at, says = v.At, "from the ledger alone, read "
	}
	parts := []string{says + at.UTC().Format("2006-01-02 15:04:05 UTC")}
	if !now.IsZero() {
		parts[0] += " (" + relative(at, now) + ")"
	}
	if v.Ledger.Size > 0 && !(v.Narrowed && v.Ledger.At.IsZero()) { // of a ledger without an entry that may be seen, no number is told
		parts = append(parts, fmt.Sprintf("ledger #%d", v.Ledger.Size))
	}
	switch {
	case v.Alone != nil: // the bar below says of when the entry is
	case !v.Compared.IsZero():
		parts = append(parts, comparedText(v))
	case v.StaleAfter > 0 && !v.Looked.IsZero(): // a running reconciler, which does compare
		parts = append(parts, "targets not compared yet")
	}
	return strings.Join(parts, " · ")
}

// neverRead reports whether a running reconciler has reached neither Git nor a ledger that it remembers: then nothing is known, not even
// whether the project is sealed.
func neverRead(v schema.View) bool {
	return v.Looked.IsZero() && v.Alone == nil && v.StaleAfter > 0 && v.Ledger.Size == 0
}

// staleBar warns that the view says nothing about now; empty while it does.
func staleBar(v schema.View, now time.Time) string {
	switch {
	case !v.Stale(now):
		return ""
	case neverRead(v):
		return "Git was not read yet, and there is no ledger here: nothing is known of this project."
	case v.Looked.IsZero():
		if v.Alone != nil && v.Alone.Clone {
			return "Stale: the repository is a clone, and it does not tell when it last fetched. States are unknown."
		}
		return "Git was not read yet: what follows is what the ledger says, and may be old."
	case v.Unheard(now) && now.Sub(v.Looked) <= v.StaleAfter:
		return "Stale: Git holds what no reconciler has judged, seen first " + when(v.Alone.Waits, now) + ", and nothing was recorded since: none runs, or it does not get as far. States are unknown since then."
	case v.Alone != nil && v.Alone.Clone:
		return "Stale: the repository is a clone, which last fetched " + when(v.Looked, now) + ". States are unknown since then."
	}
	return "Stale: Git was last read " + when(v.Looked, now) + ". States are unknown since then."
}

// aloneText says what who only reads the ledger does not know; empty where a reconciler made the view, or the view is old anyway.
func aloneText(v schema.View, now time.Time) string {
	if v.Alone == nil || v.Ledger.At.IsZero() || v.Stale(now) {
		return ""
	}
	last := "Its last entry"
	if v.Narrowed {
		last = "Its last entry that you may see"
	}
	return fmt.Sprintf("Read from the ledger alone. %s, #%d, is of %s; whether a reconciler runs since then is not known from it. States are as of that entry.",
		last, v.Ledger.Size, when(v.Ledger.At, asOf(v)))
}

// nothing is what to say where there is no matrix to show; empty if there is one.
func nothing(v schema.View) string {
	switch {
	case v.Ledger.Size == 0 && slices.Contains(v.ProblemCodes, "no-ledger"):
		return "There is no ledger here: the project is not sealed yet, or this repository is a clone without the ledger's branch."
	case neverRead(v):
		return "Nothing is known yet: Git could not be read."
	case v.Ledger.Size == 0:
		return "Not sealed yet: run sluice init --seal."
	case len(v.Apps) == 0 && v.Narrowed:
		return "Nothing of this project is shown to you: none of your groups may see an app of it that is admitted or waits."
	case len(v.Apps) == 0:
		return "No app configurations are admitted, and none waits. The first one enters by a merge request into the first stage."
	}
	return ""
}

func drafts(v schema.View) string {
	if len(v.Drafts) == 0 {
		return ""
	}
	names := make([]string, len(v.Drafts))
	for i, d := range v.Drafts {
		names[i] = mergeRequest(d.IID)
	}
	return fmt.Sprintf("draft: %d open, %s", len(names), clip(strings.Join(names, " "), longest))
}

func incidentText(i schema.Incident) string {
	return safe(i.Code.Message(map[string]string{"ref": i.Ref, "old": short(i.Seen), "new": short(i.Found)}))
}

// incidentMeans says what an incident does and does not do.
const incidentMeans = "The ref is not followed: what was admitted stays live, and nothing new enters from it."

func controlText(h schema.HeldView) string {
	return "a change of the control files waits: " + strings.Join(reasons(h.Verdict), "; ")
}

// reasons are the sentences of what a verdict misses, without who can help.
func reasons(v schema.Verdict) []string {
	var out []string
	for _, l := range Text(v) {
		if l.Mark != OK && !slices.Contains(out, l.Text) {
			out = append(out, l.Text)
		}
	}
	return out
}

// targetText says why a target is not as admitted; empty if nothing is known against it.
func targetText(c schema.CellView, t schema.TargetView) string {
	if t.Code == "" {
		return ""
	}
	args := map[string]string{"target": t.Name, "app": string(c.Cell.App), "stage": string(c.Cell.Stage)}
	if t.Drift != nil {
		args["keys"] = driftText(*t.Drift)
	}
	t.Refused.Args(args)
	return safe(t.Code.Message(args))
}

// foreignText reads "etcd has 2 keys that sluice never wrote: extra, other"; empty where it has none.
func foreignText(t schema.TargetView) string {
	if t.Foreign == nil {
		return ""
	}
	text := fmt.Sprintf("%s has %s that sluice never wrote: %s", t.Name, counted(t.Foreign.Count, "key"), strings.Join(t.Foreign.Keys, ", "))
	if more := t.Foreign.Count - len(t.Foreign.Keys); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return safe(text)
}

// driftText reads "app.yaml changed, b deleted and 3 more by mallory, found 2026-11-28 19:38 UTC (entry #12)", and where what was
// found changed again ", changed first 2026-11-27 08:10 UTC".
func driftText(d schema.DriftView) string {
	text := strings.Join(d.Keys, ", ")
	if more := d.Count - len(d.Keys); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if d.By != "" {
		text += " by " + d.By
	}
	text += fmt.Sprintf(", found %s (entry #%d)", stamp(d.At), d.Seq)
	if !d.Since.IsZero() {
		text += ", changed first " + stamp(d.Since)
	}
	return strings.TrimPrefix(text, ", ")
}

// note is the one line about a cell in a table.
func note(c schema.CellView) string {
	switch {
	case c.State == schema.Refused && c.Incident != nil:
		return incidentText(*c.Incident)
	case c.Held != nil:
		return heldNote(*c.Held) + aboveNote(*c.Held)
	}
	var parts []string
	if text := unjudgedText(c.Unjudged); text != "" {
		parts = append(parts, text)
	}
	if text := letInText(c); text != "" {
		parts = append(parts, text)
	}
	for _, t := range c.Targets {
		switch text := targetText(c, t); {
		case text != "":
			parts = append(parts, text)
		case !t.Live && c.State == schema.Admitted:
			parts = append(parts, "not read back from "+safe(t.Name)+" yet")
		}
		if text := foreignText(t); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}

// heldNote is the reason if there is one, else which policies miss something.
func heldNote(h schema.HeldView) string {
	if why := reasons(h.Verdict); len(why) == 1 {
		return why[0]
	}
	var policies []string
	for _, l := range Text(h.Verdict) {
		if l.Mark != OK && !slices.Contains(policies, l.Policy) {
			policies = append(policies, l.Policy)
		}
	}
	return fmt.Sprintf("%d in the way: %s", len(policies), strings.Join(policies, ", "))
}

func noApp(v schema.View, app string) string {
	names := make([]string, len(v.Apps))
	for i, a := range v.Apps {
		names[i] = string(a.App)
	}
	return fmt.Sprintf("There is no app %q.%s", safe(app), orNearest(app, names))
}

func noStage(v schema.View, stage string) string {
	names := make([]string, len(v.Stages))
	for i, s := range v.Stages {
		names[i] = string(s)
	}
	return fmt.Sprintf("There is no stage %q.%s", safe(stage), orNearest(stage, names))
}

// short names a commit by eight digits, and a missing one by a word.
func short(h schema.Hash) string {
	if h.IsZero() {
		return "nothing"
	}
	return h.Short()
}
