package status

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// side is one end of a comparison: a stage as it is admitted, or as it was, waits or was read back.
type side struct {
	Text     string // as it was asked for
	Stage    schema.StageName
	Commit   schema.Hash // zero: there is nothing
	Path     string
	Entry    int64
	Revision schema.Revision
	Note     string        // what there is to say about it
	Foreign  []driftedKeys // what somebody else did there, of which no value is kept
}

// driftedKeys are keys of a target that somebody else changed.
type driftedKeys struct{ Target, Text string }

// The words after STAGE@ that ask for something else than what is admitted.
const (
	sideHeld = "held"
	sideLive = "live"
)

// sideOf reads "gray", "gray@held", "gray@live", "gray@live:etcd", "gray@r:57ba02cc" and "gray@#31". What it cannot find it says.
func sideOf(v schema.View, app schema.App, text string) (side, string) {
	stage, what, _ := strings.Cut(text, "@")
	c, ok := v.Cell(schema.Cell{Stage: schema.StageName(stage), App: app})
	if !ok {
		return side{}, noStage(v, stage)
	}
	out := side{Text: text, Stage: c.Cell.Stage, Path: c.Path}
	kind, rest, _ := strings.Cut(what, ":")
	switch {
	case what == "":
		out.Commit, out.Entry, out.Revision = c.Commit, c.Seq, c.Revision
	case what == sideHeld && c.Held != nil:
		out.Commit, out.Entry, out.Revision = c.Held.Commit, c.Held.Seq, c.Held.Change.To.Revision
	case what == sideHeld:
		return out, "Nothing waits in " + safe(stage) + "."
	case kind == sideLive:
		return liveSide(out, c, rest)
	default:
		return formerSide(out, v, c, what)
	}
	return out, ""
}

// liveSide is what a target was last read back with; without a name all that are read back hold the same, or it says so.
func liveSide(out side, c schema.CellView, name string) (side, string) {
	found := 0
	for _, t := range c.Targets {
		if name != "" && t.Name != name {
			continue
		}
		if found++; found > 1 && t.Entry != out.Entry {
			return out, fmt.Sprintf("The targets of %s do not hold the same: ask for one of them, such as %s@live:%s.", safe(string(c.Cell.Stage)), safe(string(c.Cell.Stage)), safe(t.Name))
		}
		out.Entry, out.Commit, out.Note = t.Entry, t.Commit, "as "+safe(t.Name)+" was read back last, "+stamp(t.At)
		if t.Drift != nil {
			out.Foreign = append(out.Foreign, driftedKeys{Target: safe(t.Name), Text: safe(driftText(*t.Drift))})
		}
		if t.At.IsZero() {
			out.Note = "nothing was read back from " + safe(t.Name) + " yet"
		}
	}
	switch {
	case found == 0 && name != "":
		return out, fmt.Sprintf("There is no target %q in %s.", safe(name), safe(string(c.Cell.Stage)))
	case out.Entry != 0 && out.Commit.IsZero():
		return out, fmt.Sprintf("Entry #%d is older than what is kept: sluice history lists all.", out.Entry)
	}
	if c.Seq > 0 && c.Seq <= out.Entry { // the admission, or a step of its widening
		out.Revision = c.Revision
	}
	return out, ""
}

// formerSide is an admission of before, by its revision or by its entry.
func formerSide(out side, v schema.View, c schema.CellView, what string) (side, string) {
	seq, _ := strconv.ParseInt(strings.TrimPrefix(what, "#"), 10, 64)
	if seq > 0 && seq == c.Seq { // what was sealed has no entry of its own
		out.Commit, out.Entry, out.Revision = c.Commit, c.Seq, c.Revision
		return out, ""
	}
	if v.Journal != nil {
		for _, r := range slices.Backward(v.Journal.Records) {
			let := r.Result == schema.Passed || r.Result == "" && r.Seq == seq // what was sealed was decided by nobody
			if r.App != c.Cell.App || r.Stage != c.Cell.Stage || !let || r.Target != "" || r.Commit.IsZero() {
				continue
			}
			if r.Seq == seq || strings.HasPrefix(what, "r:") && r.Becomes.String() == what {
				out.Commit, out.Entry, out.Revision = r.Commit, r.Seq, r.Becomes
				return out, ""
			}
		}
	}
	return out, fmt.Sprintf("No admission of %s is known as %q: name an entry (%s@#31), a revision (%s@r:57ba02cc), %s@held or %s@live.", safe(string(c.Cell.Stage)), brief(what),
		safe(string(c.Cell.Stage)), safe(string(c.Cell.Stage)), safe(string(c.Cell.Stage)), safe(string(c.Cell.Stage)))
}

// sides are what an app can be compared by, in the order of the stages.
func sides(v schema.View, app schema.AppView) []string {
	var out []string
	for _, c := range app.Cells {
		name := string(c.Cell.Stage)
		if out = append(out, name); c.Held != nil {
			out = append(out, name+"@"+sideHeld)
		}
		for _, t := range c.Targets {
			if len(c.Targets) == 1 {
				out = append(out, name+"@"+sideLive)
			} else {
				out = append(out, name+"@"+sideLive+":"+t.Name)
			}
		}
	}
	return out
}

// firstSides is what a comparison begins with where nothing is asked for: what waits, else the first stages that differ.
func firstSides(app schema.AppView) (from, to string) {
	var last schema.CellView
	for _, c := range app.Cells {
		if c.Held != nil {
			return string(c.Cell.Stage), string(c.Cell.Stage) + "@" + sideHeld
		}
	}
	for _, c := range app.Cells {
		if last.Seq > 0 && c.Seq > 0 && c.Content != last.Content {
			return string(c.Cell.Stage), string(last.Cell.Stage)
		}
		last = c
	}
	if n := len(app.Cells); n > 1 {
		return string(app.Cells[n-1].Cell.Stage), string(app.Cells[0].Cell.Stage)
	}
	return string(last.Cell.Stage), string(last.Cell.Stage) + "@" + sideLive
}
