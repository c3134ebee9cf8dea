package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// notice is what people signed that is out of the ordinary and still holds: everybody who looks is told.
type notice struct {
	Tone  tone
	Text  string
	Cell  schema.Cell // without app: the whole stage
	Since time.Time
}

// notices lists emergencies that nobody has reviewed, revisions that are marked, then suspensions that have not ended.
func notices(v schema.View, now time.Time) []notice {
	var out []notice
	for _, e := range v.Emergencies {
		out = append(out, notice{Tone: bad, Text: emergencyText(e, now), Cell: e.Cell, Since: e.Since})
	}
	for _, t := range v.Tainted {
		out = append(out, notice{Tone: bad, Text: taintText(t), Cell: t.Cell, Since: t.Since})
	}
	for _, s := range v.Suspended {
		if now.IsZero() || now.Before(s.Until) {
			out = append(out, notice{Tone: wait, Text: suspensionText(s), Cell: s.Cell, Since: s.Since})
		}
	}
	return append(out, weak(v)...)
}

// weak lists the stages that do not enforce, with how much of what they have came in so, and what they would change.
func weak(v schema.View) []notice {
	var out []notice
	for _, stage := range v.Stages {
		mode, known := v.Modes[stage]
		letIn := 0
		for _, app := range v.Apps {
			for _, c := range app.Cells {
				if c.Cell.Stage == stage && c.LetIn != nil {
					letIn++
				}
			}
		}
		if !known {
			if letIn > 0 {
				out = append(out, notice{Tone: wait, Text: leftOver(stage, letIn), Cell: schema.Cell{Stage: stage}})
			}
			continue
		}
		text := fmt.Sprintf("mode %s: %s lets in what its gate would hold or refuse; %s so now", mode, safe(string(stage)), apps(letIn, "is", "are"))
		if mode == schema.Observe {
			text += "; nothing is written to its targets" + differText(v.Differs, stage)
		}
		out = append(out, notice{Tone: wait, Text: text, Cell: schema.Cell{Stage: stage}})
	}
	return out
}

// leftOver says what a mode left behind in a stage that enforces by now.
func leftOver(stage schema.StageName, n int) string {
	return fmt.Sprintf("not adopted: in %s, which enforces by now, %s let in by its mode alone and not by its gate; it goes no further until the admins adopt it (sluice adopt %s) or the change is made again through its gate",
		safe(string(stage)), apps(n, "was", "were"), safe(string(stage)))
}

func apps(n int, one, more string) string {
	switch n {
	case 0:
		return "no app " + one
	case 1:
		return "1 app " + one
	}
	return fmt.Sprintf("%d apps %s", n, more)
}

// differText says what would be written if a stage enforced.
func differText(all []schema.DifferView, stage schema.StageName) string {
	keys, cells := 0, map[schema.Cell]bool{}
	for _, d := range all {
		if d.Cell.Stage == stage {
			keys, cells[d.Cell] = keys+d.Keys, true
		}
	}
	switch {
	case len(cells) == 0:
		return ""
	case keys == 1:
		return ", where 1 key of 1 app would change"
	case len(cells) == 1:
		return fmt.Sprintf(", where %d keys of 1 app would change", keys)
	}
	return fmt.Sprintf(", where %d keys of %d apps would change", keys, len(cells))
}

// letInText says of a cell what its gate did not let in.
func letInText(c schema.CellView) string {
	if c.LetIn == nil {
		return ""
	}
	return fmt.Sprintf("let in by mode %s alone; enforced, it would wait for or be refused by: %s", c.LetIn.Mode, strings.Join(reasons(c.LetIn.Verdict), "; "))
}

func emergencyText(e schema.EmergencyView, now time.Time) string {
	due := "review due " + stamp(e.Review)
	if !now.IsZero() && now.After(e.Review) {
		due = "review overdue since " + stamp(e.Review)
	}
	return fmt.Sprintf("break-glass: %s in %s got %s without its gate, signed by %s%s; %s",
		safe(string(e.Cell.App)), safe(string(e.Cell.Stage)), name(e.Revision), people(e.By), because(e.Reason), due)
}

func taintText(t schema.TaintView) string {
	return fmt.Sprintf("tainted: %s in %s holds %s, which is promoted no further and nothing is rolled back to; who marked it: sluice history %s",
		safe(string(t.Cell.App)), safe(string(t.Cell.Stage)), name(t.Revision), safe(string(t.Cell.App)))
}

func suspensionText(s schema.SuspensionView) string {
	what := "stage " + safe(string(s.Cell.Stage))
	if s.Cell.App != "" {
		what = safe(s.Cell.String())
	}
	return fmt.Sprintf("suspended: %s until %s, by %s%s; drift is repaired all the same", what, stamp(s.Until), people(s.By), because(s.Reason))
}

func people(names []string) string { return safe(strings.Join(names, ", ")) }

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + safe(reason) + ")"
}

// about reports whether a notice is about a cell: its own, or its stage's.
func (n notice) about(c schema.Cell) bool {
	return n.Cell.Stage == c.Stage && (n.Cell.App == "" || n.Cell.App == c.App)
}
