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
	return out
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
