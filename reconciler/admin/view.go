package admin

import (
	"iter"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// cellStates are the states that are told of every stage, also without a cell, so that an alert sees a zero and not a gap.
var cellStates = []schema.CellState{
	schema.Refused, schema.Drifted, schema.Failing, schema.Unverified, schema.Denied, schema.Unjudged, schema.Held, schema.Admitted, schema.Observed,
	schema.Live, schema.Prepared, schema.Retired, schema.Absent,
}

// unknown is the state of every cell once nothing is known of now: what it was is not told as if it were so.
const unknown schema.CellState = "unknown"

// zeroCodes are told also while they are not met, for the same reason, once the forge was asked.
var zeroCodes = []schema.Code{"forge-unauthorized", "forge-forbidden", "forge-lost-access", "forge-unavailable", "forge-incomplete"}

// view tells how the project is.
func (s series) view(v *schema.View, stale bool) {
	s.gauge("apps", float64(len(v.Apps)))
	if v.Outside.DraftsKnown {
		s.gauge("drafts", float64(len(v.Drafts)))
	}
	s.gauge("ledger_entries", float64(v.Ledger.Size))
	s.gauge("incidents", float64(len(v.Incidents)))
	s.gauge("emergencies", float64(len(v.Emergencies)))
	s.gauge("suspended", float64(len(v.Suspended)))
	s.gauge("tainted", float64(len(v.Tainted)))
	for stage, mode := range v.Modes {
		s.gauge("stage_mode", 1, string(stage), string(mode))
	}
	var due time.Time
	for _, e := range v.Emergencies {
		if due.IsZero() || e.Review.Before(due) {
			due = e.Review
		}
	}
	if !due.IsZero() {
		s.gauge("emergency_review_due_timestamp_seconds", seconds(due))
	}
	waiting := 0.0
	if v.Control != nil {
		waiting = 1
	}
	s.gauge("control_change_waiting", waiting)
	s.gauge("stale", map[bool]float64{true: 1}[stale])
	s.cells(v, stale)
	s.targets(v, stale)
}

func (s series) cells(v *schema.View, stale bool) {
	counts, oldest := map[schema.StageName]map[schema.CellState]int{}, map[schema.StageName]time.Time{}
	unjudged, longest := map[schema.StageName]int{}, map[schema.StageName]time.Time{}
	for _, stage := range v.Stages {
		counts[stage] = map[schema.CellState]int{}
	}
	for _, app := range v.Apps {
		for _, cell := range app.Cells {
			byState, known := counts[cell.Cell.Stage]
			if !known {
				continue
			}
			if stale && cell.State != schema.Absent {
				byState[unknown]++
			} else {
				byState[cell.State]++
			}
			if h := cell.Held; h != nil && (oldest[cell.Cell.Stage].IsZero() || h.Since.Before(oldest[cell.Cell.Stage])) {
				oldest[cell.Cell.Stage] = h.Since
			}
			if u := cell.Unjudged; u != nil {
				unjudged[cell.Cell.Stage]++
				if at := longest[cell.Cell.Stage]; at.IsZero() || u.From().Before(at) {
					longest[cell.Cell.Stage] = u.From()
				}
			}
		}
	}
	for _, stage := range v.Stages {
		for _, state := range append(cellStates[:len(cellStates):len(cellStates)], unknown) {
			s.gauge("cells", float64(counts[stage][state]), string(stage), string(state))
		}
		if at, ok := oldest[stage]; ok {
			s.gauge("oldest_held_timestamp_seconds", seconds(at), string(stage))
		}
		s.gauge("unjudged_changes", float64(unjudged[stage]), string(stage))
		if at, ok := longest[stage]; ok {
			s.gauge("oldest_unjudged_timestamp_seconds", seconds(at), string(stage))
		}
	}
}

// targets counts what each target was found to hold: as admitted, not read back yet, or not as admitted; of one that does not answer, and
// once the view is stale, it is not known. Who reads the ledger alone asks none, and tells of none: unknown would be an alarm.
func (s series) targets(v *schema.View, stale bool) {
	if v.Alone != nil {
		return
	}
	counts := map[string]map[string]int{}
	for t := range targetViews(*v) {
		if counts[t.Name] == nil {
			counts[t.Name] = map[string]int{"live": 0, "pending": 0, "failing": 0, "unknown": 0}
		}
		switch {
		case stale || !t.Unknown.IsZero():
			counts[t.Name]["unknown"]++
		case t.Code != "":
			counts[t.Name]["failing"]++
		case t.Live:
			counts[t.Name]["live"]++
		default:
			counts[t.Name]["pending"]++
		}
	}
	for name, states := range counts {
		for state, n := range states {
			s.gauge("target_cells", float64(n), name, state)
		}
	}
}

func targetViews(v schema.View) iter.Seq[schema.TargetView] {
	return func(yield func(schema.TargetView) bool) {
		for _, app := range v.Apps {
			for _, cell := range app.Cells {
				for _, t := range cell.Targets {
					if !yield(t) {
						return
					}
				}
			}
		}
	}
}

// self tells how the reconciler does.
func (s series) self(v *schema.View) {
	s.gauge("git_last_success_timestamp_seconds", seconds(v.Looked))
	s.gauge("targets_last_compare_timestamp_seconds", seconds(v.Compared))
	s.gauge("problems", float64(len(v.Problems)))
	met := forgeCodes(*v)
	for _, code := range met {
		s.gauge("problem", 1, string(code))
	}
	for _, code := range zeroCodes {
		if !v.Outside.ForgeAsked.IsZero() && !slices.Contains(met, code) {
			s.gauge("problem", 0, string(code))
		}
	}
	s.guards(v)
	p := v.Pulse
	if v.Alone != nil {
		s.gauge("poll_interval_seconds", v.Alone.Every.Seconds())
	}
	if p == nil {
		return
	}
	s.counter("passes_total", p.Passes-p.Failed, "ok")
	s.counter("passes_total", p.Failed, "failed")
	s.gauge("last_pass_timestamp_seconds", seconds(v.At))
	s.gauge("last_pass_duration_seconds", p.Took.Seconds())
	s.gauge("poll_interval_seconds", p.Every.Seconds())
	s.gauge("leader", map[bool]float64{true: 1}[p.Leads])
}

// timings tells how long passes take. Their parts are a fixed list.
func (s series) timings(p Project) {
	if p.Timings == nil {
		return
	}
	for name, took := range p.Timings() {
		if name == "pass" {
			s.histogram("pass_duration_seconds", schema.PartBounds, took)
			continue
		}
		s.histogram("pass_part_duration_seconds", schema.PartBounds, took, name)
	}
}

// guards tells every state of every guard rail that was looked at. Rails are a fixed list; how many subjects one has is
// counted and not named.
func (s series) guards(v *schema.View) {
	if v.Guards == nil {
		return
	}
	s.gauge("guardrail_last_read_timestamp_seconds", seconds(v.Guards.At))
	counts := map[string]map[schema.GuardState]int{}
	for _, r := range v.Guards.Rails {
		if counts[r.Name] == nil {
			counts[r.Name] = map[schema.GuardState]int{}
		}
		state := r.State
		if !slices.Contains(schema.GuardStates, state) {
			state = schema.GuardUnknown
		}
		counts[r.Name][state]++
	}
	for name, states := range counts {
		for _, state := range schema.GuardStates {
			s.gauge("guardrail_checks", float64(states[state]), name, string(state))
		}
	}
}
