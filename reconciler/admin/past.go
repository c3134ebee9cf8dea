package admin

import (
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// past tells what the ledger tells. Counters begin with its first entry, so a restart loses nothing; until it was read whole
// once, none is told: half of it would look like a reset.
func (s series) past(v *schema.View) {
	j := v.Journal
	if j == nil || !j.Whole {
		return
	}
	for kind, n := range j.Kinds {
		s.counter("records_total", n, kind)
	}
	for t, n := range transitions(v) {
		s.counter("transitions_total", n, string(t.From), string(t.To), t.Result)
	}
	for d, n := range j.Deliveries {
		s.counter("deliveries_total", n, string(d.Stage), d.Target, d.Result)
	}
	for _, stage := range v.Stages {
		figures := j.Stages[stage]
		s.counter("drifts_total", j.Drifts[stage], string(stage))
		s.counter("let_in_total", figures.LetIn, string(stage))
		s.counter("deployments_total", figures.Deployments, string(stage))
		s.counter("deployments_failed_total", figures.Failed, string(stage))
		s.gauge("last_deployment_timestamp_seconds", seconds(figures.Last), string(stage))
		s.histogram("lead_time_seconds", schema.DurationBounds, figures.Lead, string(stage))
		s.histogram("restore_time_seconds", schema.DurationBounds, figures.Restore, string(stage))
	}
}

// transitions are those that were attempted, and zeros for the steps between neighbours, so that the first one is seen as an
// increase.
func transitions(v *schema.View) map[schema.Transition]int64 {
	out := map[schema.Transition]int64{}
	from := schema.DraftNode
	for _, stage := range v.Stages {
		for _, result := range schema.TransitionResults {
			out[schema.Transition{From: from, To: stage, Result: result}] = 0
		}
		from = stage
	}
	known := append(slices.Clone(v.Stages), schema.DraftNode, schema.ArchiveNode)
	for t, n := range maps.All(v.Journal.Transitions) {
		// A stage that is no more is not told of: labels grow with the stages that there are.
		if slices.Contains(known, t.From) && slices.Contains(known, t.To) {
			out[t] = n
		}
	}
	return out
}
