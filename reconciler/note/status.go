package note

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// StatusPrefix begins the names of our commit statuses; the stage follows.
const StatusPrefix = "sluice/"

// mostStatus is how long the forge lets a description be.
const mostStatus = 255

// Status is the answer about one stage, in the words of a commit's status.
type Status struct {
	Name        string // sluice/<stage>
	State       string // pending, success, failed
	Description string // plain text on one line
}

// Statuses are one per stage that the merge request changes, and one for the control files, in order. Only what another push
// has to mend is failed; what waits for people or time is pending (RULES R40).
func (s Subject) Statuses() []Status {
	var out []Status
	if s.Control != nil {
		out = append(out, status(string(schema.Control.App), []string{s.Control.signal()}, []string{s.plain("control files", s.Control.state(), s.Control.Verdict, Below{})}))
	}
	byStage := map[schema.StageName][]Cell{}
	var stages []schema.StageName
	for _, c := range s.Cells {
		if c.Replaced {
			continue // nothing is said of it any more
		}
		if byStage[c.Cell.Stage] == nil {
			stages = append(stages, c.Cell.Stage)
		}
		byStage[c.Cell.Stage] = append(byStage[c.Cell.Stage], c)
	}
	slices.Sort(stages)
	for _, stage := range stages {
		var signals, texts []string
		for _, c := range byStage[stage] {
			signals = append(signals, c.signal())
			texts = append(texts, s.plain(string(c.Cell.App), c.state(), c.Verdict, c.Below)+c.enforced())
		}
		out = append(out, status(string(stage), signals, texts))
	}
	return out
}

func status(name string, signals, texts []string) Status {
	out := Status{Name: StatusPrefix + name, State: "success"}
	for _, worst := range []string{"failed", "pending"} {
		if slices.Contains(signals, worst) {
			out.State = worst
			break
		}
	}
	if out.State == "pending" { // the forge keeps the words of a state for as long as it lasts, so what it waits for is in the note
		out.Description = "waits; the note of sluice below the merge request says for what"
		return out
	}
	var tell []string
	for i, s := range signals {
		if s == out.State {
			tell = append(tell, texts[i])
		}
	}
	text := tell[0]
	if len(tell) > 1 {
		text = fmt.Sprintf("%s; and %d more", text, len(tell)-1)
	}
	if r := []rune(text); len(r) > mostStatus {
		text = string(r[:mostStatus-1]) + "…"
	}
	out.Description = text
	return out
}

// plain says the state of one change without markup.
func (s Subject) plain(what string, is state, v schema.Verdict, below Below) string {
	text := clipped(schema.Printable(what)) + ": " + is.String()
	if w := slices.Concat(wants(v, schema.Deny), wants(v, schema.Hold)); len(w) > 0 && (is == waits || is == refused) {
		text += ": " + strings.Join(w, "; ")
	}
	if below != (Below{}) {
		text += "; " + below.lies()
	}
	return strings.NewReplacer("`", "", "<code>", "", "</code>", "").Replace(text)
}

func (c Cell) signal() string {
	switch c.state() {
	case entered, settled, ready:
		return "success"
	case refused:
		return "failed"
	}
	if c.Below.Refused {
		return "failed" // it waits for somebody who takes back what is below it
	}
	return waiting(c.Verdict)
}

func (c Control) signal() string {
	switch c.state() {
	case entered, ready:
		return "success"
	case refused:
		return "failed"
	}
	return waiting(c.Verdict)
}

// mends are the policies whose "not yet" is for the author to mend by another push.
var mends = []string{"signed", "schema", "secrets", "content", "retirement"}

func waiting(v schema.Verdict) string {
	for _, part := range missing(v) {
		if slices.Contains(mends, part.Policy) || first(part) == "rebase-needed" {
			return "failed"
		}
	}
	return "pending"
}
