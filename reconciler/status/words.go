package status

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// unknown is how every cell is shown once the view is stale: nothing is known of the moment, good or bad.
const unknown schema.CellState = "unknown"

// tone is the urgency of a state: a class on the page, a colour at the terminal.
type tone string

const (
	quiet tone = "quiet" // nothing is there, by intent
	good  tone = "good"
	busy  tone = "busy" // moves by itself
	wait  tone = "wait" // somebody or time has to do something
	bad   tone = "bad"
)

// A look is how a state is shown: never by colour alone.
type look struct {
	Symbol string
	Tone   tone
	// Intended says that the cell is as people wanted it to be.
	Intended bool
}

// states lists every state in the order in which a person should care.
func states() []schema.CellState {
	return []schema.CellState{
		schema.Refused, schema.Drifted, schema.Failing, schema.Unverified, schema.Denied, schema.Unjudged, schema.Held, schema.Admitted, schema.Observed,
		schema.Live, schema.Prepared, schema.Retired, schema.Absent,
	}
}

// filterStates are those that somebody may ask for: every one that is shown.
func filterStates() []schema.CellState { return append(states(), unknown) }

func lookOf(s schema.CellState) look {
	switch s {
	case schema.Live:
		return look{Symbol: "✓", Tone: good, Intended: true}
	case schema.Prepared:
		return look{Symbol: "○", Tone: quiet, Intended: true}
	case schema.Retired:
		return look{Symbol: "–", Tone: quiet, Intended: true}
	case schema.Absent:
		return look{Symbol: "·", Tone: quiet}
	case schema.Admitted:
		return look{Symbol: "→", Tone: busy}
	case schema.Observed:
		return look{Symbol: "◌", Tone: quiet}
	case schema.Held:
		return look{Symbol: "■", Tone: wait}
	case schema.Unverified, schema.Unjudged:
		return look{Symbol: "?", Tone: wait}
	case schema.Denied:
		return look{Symbol: "✗", Tone: bad}
	case schema.Drifted:
		return look{Symbol: "≠", Tone: bad}
	case schema.Failing:
		return look{Symbol: "!", Tone: bad}
	case schema.Refused:
		return look{Symbol: "✗", Tone: bad}
	}
	return look{Symbol: "?", Tone: wait}
}

// shown is the state that may be claimed now: a stale view claims none.
func shown(c schema.CellView, stale bool) schema.CellState {
	if stale && c.State != schema.Absent {
		return unknown
	}
	return c.State
}

// since is when the cell came into its state; zero if that is not recorded.
func since(c schema.CellView) time.Time { return sinceOf(&c) }

func sinceOf(c *schema.CellView) time.Time {
	switch {
	case c.State == schema.Refused && c.Incident != nil:
		return c.Incident.Since
	case (c.State == schema.Held || c.State == schema.Denied) && c.Held != nil:
		return c.Held.Since
	case c.State == schema.Live && !c.LiveAt.IsZero():
		return c.LiveAt
	case c.State == schema.Drifted:
		return foundAt(c)
	case c.State == schema.Unverified:
		return unknownAt(c)
	case c.State == schema.Unjudged && c.Unjudged != nil:
		return c.Unjudged.From()
	}
	return c.Since
}

// unknownAt is since when it is not known what a target holds; when the cell was let in, if that is not recorded.
func unknownAt(c *schema.CellView) time.Time {
	var at time.Time
	for _, t := range c.Targets {
		if !t.Unknown.IsZero() && (at.IsZero() || t.Unknown.Before(at)) {
			at = t.Unknown
		}
	}
	if at.IsZero() {
		return c.Since
	}
	return at
}

// foundAt is when drift was found first; without an entry that says so, when the cell was let in.
func foundAt(c *schema.CellView) time.Time {
	var at time.Time
	for _, t := range c.Targets {
		if t.Drift == nil {
			continue
		}
		if first := cmp.Or(t.Drift.Since, t.Drift.At); at.IsZero() || first.Before(at) {
			at = first
		}
	}
	if at.IsZero() {
		return c.Since
	}
	return at
}

// summary is the sentence on top: what part of the project is as intended, and what is not. Cells where nothing was ever
// admitted and nothing waits are not counted.
func summary(v schema.View, now time.Time) string { return tallyOf(&v).summary(v.Stale(now)) }

func (t *tally) summary(stale bool) string {
	switch {
	case t.cells == 0:
		return "Nothing is admitted yet."
	case stale:
		return fmt.Sprintf("%s unknown.", are(t.cells))
	case t.intended == t.cells && t.open > 0: // what it is about may be at no cell
		return fmt.Sprintf("All %s as intended%s as far as is known; %s could not be answered in the last pass.", are(t.cells), t.asOf, counted(t.open, "question"))
	case t.intended == t.cells:
		return fmt.Sprintf("All %s as intended%s.", are(t.cells), t.asOf)
	}
	parts := []string{fmt.Sprintf("%d of %s as intended%s", t.intended, are(t.cells), t.asOf)}
	for _, s := range states() {
		if n := t.counts.of(s); n > 0 && s != schema.Absent && !lookOf(s).Intended {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if t.letIn > 0 {
		parts = append(parts, fmt.Sprintf("%d let in by a mode alone, not adopted", t.letIn))
	}
	return strings.Join(parts, "; ") + "."
}

func are(cells int) string {
	if cells == 1 {
		return "1 cell"
	}
	return fmt.Sprintf("%d cells", cells)
}

// age writes a duration with one unit, as people say it.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}

// atMost is an age that something does not exceed: what is left of a unit counts as one.
func atMost(d time.Duration) string {
	for _, unit := range []time.Duration{time.Second, time.Minute, time.Hour} {
		up := (d + unit - 1).Truncate(unit)
		whole, rest := up.Truncate(60*unit), up%(60*unit)
		switch {
		case unit == time.Hour && up >= 48*time.Hour, up >= 600*unit: // from ten of the next unit on, that is exact enough
		case unit == time.Hour || whole == 0 || rest == 0:
			return age(up)
		default:
			return age(whole) + " " + age(rest)
		}
	}
	return age((d + 24*time.Hour - 1).Truncate(24 * time.Hour))
}

// relative reads "6 min ago" or "in 21 h".
func relative(t, now time.Time) string {
	if t.After(now) {
		return "in " + age(t.Sub(now))
	}
	return age(now.Sub(t)) + " ago"
}

// stamp is the absolute time that stands beside every relative one.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// when reads "2026-11-24 05:20 UTC (in 21 h)"; a time that is not known reads so.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return stamp(t) + " (" + relative(t, now) + ")"
}

// longest is how much of one text written by others is shown.
const longest = 300

// safe makes text written by others fit to be shown on a line: no control or turning characters, and not without end.
func safe(text string) string {
	return clip(schema.Printable(strings.ToValidUTF8(text, "�")), longest)
}

// clip cuts a text to a number of letters and says so.
func clip(text string, limit int) string {
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// name is the short form of a revision or content, as people see it.
func name(digest interface{ String() string }) string { return safe(digest.String()) }

// mergeRequest reads "!4120"; empty if there is none.
func mergeRequest(iid int64) string {
	if iid == 0 {
		return ""
	}
	return fmt.Sprintf("!%d", iid)
}
