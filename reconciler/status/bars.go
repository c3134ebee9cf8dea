package status

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// mostBars is how many bars about what was not found out stand above a page: one cause is one bar, however many cells it is about.
const mostBars = 3

// aboutCell finds the one cell that a problem is about, and its cause.
var aboutCell = regexp.MustCompile(`^(?:(?:deliver|judge) )?(\S+) in (\S+): (.+)$`)

// endsInCode finds the code at the end of a problem.
var endsInCode = regexp.MustCompile(` \[([a-z0-9-]+)\]$`)

// notAskedYet is said of cells about which a target was not asked, because it did not answer about another.
const notAskedYet = ": not asked"

// cause is what was not found out for one reason.
type cause struct {
	cells int // 0: it is about no cell
	place string
	text  string // as it is of the first of them
	whole string // the first problem as it is
}

// causes joins problems that have one cause, in the order in which they came.
func causes(problems []string) []cause {
	var out []cause
	at := map[string]int{}
	for _, text := range problems {
		one, key := cause{text: text, whole: text}, text
		if m := aboutCell.FindStringSubmatch(text); m != nil {
			one = cause{cells: 1, place: m[1] + " in " + m[2], text: withoutKey(m[3]), whole: text}
			key = causeKey(one.text)
		}
		i, known := at[key]
		switch {
		case !known:
			at[key], out = len(out), append(out, one)
		case one.cells > 0:
			out[i].cells++
			if strings.Contains(out[i].text, notAskedYet) && !strings.Contains(one.text, notAskedYet) {
				out[i].place, out[i].text = one.place, one.text
			}
		}
	}
	return out
}

// withoutKey leaves out at which key of a target it was met, which is another one for each cell.
func withoutKey(text string) string {
	parts := strings.SplitN(text, ": ", 3)
	if len(parts) == 3 && strings.HasPrefix(parts[0], "target ") && strings.Contains(parts[1], "/") {
		return parts[0] + ": " + parts[2]
	}
	return text
}

// causeKey is the same for causes that are told as one: those of one target and class, else of one code.
func causeKey(text string) string {
	parts := strings.SplitN(text, ": ", 3)
	if strings.HasPrefix(parts[0], "target ") && len(parts) > 1 {
		return "target " + parts[0] + ": " + parts[1]
	}
	if code := endsInCode.FindStringSubmatch(text); code != nil {
		return "code " + code[1]
	}
	return text
}

// String reads "306 cells: target etcd: unavailable: connection refused".
func (c cause) String() string {
	switch {
	case c.cells < 2:
		return safe(c.whole)
	case strings.HasPrefix(c.text, "target "):
		return safe(fmt.Sprintf("%d cells: %s", c.cells, c.text))
	}
	return safe(fmt.Sprintf("%d cells, as %s: %s", c.cells, c.place, c.text))
}

// problemBars are the bars about what was not found out in the last pass; what is more stands at /health.
func problemBars(problems []string) []alarm {
	var out []alarm
	all := causes(problems)
	for _, c := range all[:min(len(all), mostBars)] {
		out = append(out, alarm{Tone: wait, Text: "Not found out in the last pass: " + c.String()})
	}
	if more := len(all) - mostBars; more > 0 {
		out = append(out, alarm{Tone: wait, Text: fmt.Sprintf("And %d more that was not found out:", more), More: link{Text: "all of it", Href: "/health"}})
	}
	return out
}

// problemsOf leaves out what failed about other apps, and where a stage is named, in other stages: their pages say it.
func problemsOf(problems []string, cell schema.Cell) []string {
	return slices.DeleteFunc(slices.Clone(problems), func(text string) bool {
		m := aboutCell.FindStringSubmatch(text)
		return m != nil && (m[1] != string(cell.App) || cell.Stage != "" && m[2] != string(cell.Stage))
	})
}

// maxCauses keeps also the page that has what is more one that people read.
const maxCauses = 20

// moreCauses are those that have no bar.
func moreCauses(problems []string) []checkLine { return causesFrom(causes(problems), mostBars) }

// allCauses are those that have a bar too.
func allCauses(problems []string) []checkLine { return causesFrom(causes(problems), 0) }

func causesFrom(all []cause, first int) []checkLine {
	var out []checkLine
	for _, c := range all[min(len(all), first):min(len(all), maxCauses)] {
		out = append(out, checkLine{Line: Line{Mark: No, Depth: 1, Text: c.String()}, Tone: bad})
	}
	if more := len(all) - maxCauses; more > 0 {
		out = append(out, checkLine{Line: Line{Mark: No, Depth: 1, Text: fmt.Sprintf("%d more, which the log has", more)}, Tone: bad})
	}
	return out
}
