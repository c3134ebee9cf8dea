package policies

import (
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Health asks that instances of the app's programs run what is promoted, in the stage before. They say so themselves and
// nobody signs it: it keeps from mistakes, and approvals from adversaries. What is not known is never a yes.
type Health struct{ schema.HealthSpec }

// How old the reports may be at the decision, and how much later than its beginning they may have been read.
const (
	healthFresh = 15 * time.Minute
	healthAhead = 5 * time.Minute
)

// Evaluate allows what has no stage before. How many run it now is in no verdict: each instance that starts would make
// another one.
func (h Health) Evaluate(f Facts) schema.Verdict {
	if f.Change.Kind != schema.Promote && f.Change.Kind != schema.Retire || f.Change.LeavesAlone() {
		return allow("health")
	}
	src := f.Change.Source
	if src == nil {
		return answer("health", schema.Hold, "not-live")
	}
	if h.In != "" && h.In != src.Stage {
		return answer("health", schema.Hold, "came-past", "in", string(h.In), "from", string(src.Stage))
	}
	if f.Change.To.Revision == schema.None {
		return allow("health") // nothing runs where the app is gone
	}
	if why := h.unknown(f, *src); why != "" {
		return answer("health", schema.Hold, "health-unknown", "in", string(src.Stage), "why", why)
	}
	v := h.verdict(src.Stage)
	if !h.enough(*f.Health, src.Content) {
		v.Outcome, v.Code = schema.Hold, "health"
		return v
	}
	if h.For == 0 {
		return v
	}
	return h.lasting(f, v)
}

// unknown says why nobody knows what the instances run; empty if it is known.
func (h Health) unknown(f Facts, src schema.Source) string {
	switch c := f.Health; {
	case h.Instances < 1 || h.Share < 1:
		return "the gate asks for nothing"
	case c == nil:
		return "nobody looked"
	case c.Cell != schema.Cell{Stage: src.Stage, App: f.Cell.App}:
		return "they are another app's, or another stage's"
	case f.Now.Sub(c.At) > healthFresh, c.At.Sub(f.Now) > healthAhead:
		return "they were read at another time"
	case len(c.Silent) > 0:
		return "target " + joined(c.Silent) + " does not answer"
	case len(c.Asked) == 0:
		return "no target of the stage keeps reports"
	case c.More:
		return "more instances report than are read"
	case len(c.Instances) == 0:
		return "none reports"
	}
	return ""
}

// enough counts: an instance that was not heard of for long, and a report that cannot be read, are instances that run
// something else.
func (h Health) enough(c schema.Consumers, content schema.Content) bool {
	running, all := 0, len(c.Instances)+c.Unread
	for _, i := range c.Instances {
		if i.Runs(content, c.At) {
			running++
		}
	}
	return running >= h.Instances && running*100 >= h.Share*all
}

// lasting asks for a time in which no look saw otherwise: from the entry that first recorded that enough run it, for as
// long as nothing else was recorded since. A restart does not move it.
func (h Health) lasting(f Facts, v schema.Verdict) schema.Verdict {
	if f.ClockSkew != 0 {
		return answer("health", schema.Hold, "clock", "skew", duration(coarse(f.ClockSkew)))
	}
	since := f.Now
	if f.Held != nil {
		if before, ok := sinceIn(*f.Held, v); ok && !before.After(f.Now) && !before.Before(f.Change.Source.LiveAt) {
			since = before
		}
	}
	v.Args["since"] = since.UTC().Format(time.RFC3339Nano)
	if earliest := since.Add(h.For).UTC(); f.Now.Before(earliest) {
		v.Outcome, v.Code, v.Earliest = schema.Hold, "health-time", &earliest
	}
	return v
}

// sinceIn looks in a verdict for what the same question was answered by; only one that enough run it has a time.
func sinceIn(held, same schema.Verdict) (time.Time, bool) {
	if held.Policy == "health" &&
		held.Args["need"] == same.Args["need"] && held.Args["in"] == same.Args["in"] && held.Args["for"] == same.Args["for"] {
		at, err := time.Parse(time.RFC3339Nano, held.Args["since"])
		return at, err == nil
	}
	for _, part := range held.Parts {
		if at, ok := sinceIn(part, same); ok {
			return at, true
		}
	}
	return time.Time{}, false
}

// verdict allows, and says what was asked.
func (h Health) verdict(in schema.StageName) schema.Verdict {
	v := allow("health")
	need := fmt.Sprintf("%d %% of the instances, at least %d,", h.Share, h.Instances)
	if h.Share == 100 {
		need = fmt.Sprintf("all instances, at least %d,", h.Instances)
	}
	v.Args = map[string]string{"need": need, "in": string(in)}
	if h.For > 0 {
		v.Args["for"] = duration(h.For)
	}
	return v
}
