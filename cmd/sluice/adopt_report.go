package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// adoption is what enforcement would have changed, stage by stage.
type adoption struct {
	Since  time.Time       `json:"since"`
	Stages []adoptionStage `json:"stages"`
}

type adoptionStage struct {
	Stage   schema.StageName `json:"stage"`
	Mode    schema.StageMode `json:"mode"`
	Decided int              `json:"decided"` // changes that came in
	Held    int              `json:"held"`    // of those: that the gate would have held
	Refused int              `json:"refused"` // and those that it would have refused
	Reasons []adoptionReason `json:"reasons"` // the most frequent first
	// Now are the apps that have such content and were not adopted.
	Now []schema.App `json:"now"`
	// Targets are what enforcement would find; left out where no target was asked.
	Targets []adoptionTarget `json:"targets,omitempty"`
}

type adoptionReason struct {
	Code  schema.Code `json:"code"`
	Count int         `json:"count"`
	// Last is the newest entry with it.
	Last int64 `json:"last"`
}

func (a *app) adoptReport(ctx context.Context, f traceFlags, text string) error {
	since, err := readMoment("--since", text)
	if err != nil {
		return err
	}
	if since.After(now()) {
		return usageError(fmt.Errorf("--since %s is in the future: nothing was decided since", text))
	}
	op, err := f.operator()
	if err != nil {
		return err
	}
	c, err := a.openClone(ctx, f.cloneFlags)
	if err != nil {
		return err
	}
	defer c.Close()
	out, err := c.adoption(ctx, since)
	if err == nil && op != nil {
		err = c.askTargets(ctx, *op, &out)
	}
	if err != nil {
		return err
	}
	if a.json() {
		if err := a.encode(out); err != nil {
			return err
		}
	} else {
		a.printAdoption(out)
	}
	switch {
	case slices.ContainsFunc(out.Stages, adoptionStage.changes):
		return answer{exitNo}
	case !slices.ContainsFunc(out.Stages, func(s adoptionStage) bool { return s.Decided > 0 }):
		return answer{exitUnprovable} // what nobody decided shows nothing
	}
	return nil
}

// changes reports whether enforcement would have changed anything, or would refuse what is there to go on.
func (s adoptionStage) changes() bool {
	return s.Held+s.Refused+len(s.Now) > 0 || slices.ContainsFunc(s.Targets, adoptionTarget.changes)
}

// adoption counts what the ledger says, since a time.
func (c *clone) adoption(ctx context.Context, since time.Time) (adoption, error) {
	out, at := adoption{Since: since, Stages: []adoptionStage{}}, map[schema.StageName]int{}
	for _, s := range c.Project.Stages {
		at[s.Name] = len(out.Stages)
		out.Stages = append(out.Stages, adoptionStage{Stage: s.Name, Mode: c.Project.Mode(s.Name), Reasons: []adoptionReason{}, Now: []schema.App{}})
	}
	for e, err := range c.Ledger.Entries(ctx, 1) {
		if err != nil {
			return out, err
		}
		i, known := at[e.Stage]
		if known && e.Decision != nil && e.Kind.Admits() && e.Kind != ledger.BreakGlass && !e.At.Before(since) {
			out.Stages[i].count(e)
		}
	}
	states, err := c.Ledger.Cells(ctx)
	if err != nil {
		return out, err
	}
	for _, s := range states {
		if i, known := at[s.Stage]; known && s.Admitted.LetIn != "" {
			out.Stages[i].Now = append(out.Stages[i].Now, s.App)
		}
	}
	for i := range out.Stages {
		slices.Sort(out.Stages[i].Now)
		slices.SortStableFunc(out.Stages[i].Reasons, func(x, y adoptionReason) int { return y.Count - x.Count })
	}
	return out, nil
}

func (s *adoptionStage) count(e ledger.Entry) {
	s.Decided++
	switch e.Decision.Verdict.Outcome {
	case schema.Allow:
		return
	case schema.Hold:
		s.Held++
	default:
		s.Refused++
	}
	seen := map[schema.Code]bool{}
	for _, m := range e.Decision.Verdict.Missing() {
		if m.Code == "" || seen[m.Code] {
			continue
		}
		seen[m.Code] = true
		i := slices.IndexFunc(s.Reasons, func(r adoptionReason) bool { return r.Code == m.Code })
		if i < 0 {
			i, s.Reasons = len(s.Reasons), append(s.Reasons, adoptionReason{Code: m.Code})
		}
		s.Reasons[i].Count, s.Reasons[i].Last = s.Reasons[i].Count+1, e.Seq
	}
}

func (a *app) printAdoption(out adoption) {
	fmt.Fprintf(a.out, "what enforcement would have changed since %s\n", day(out.Since))
	for _, s := range out.Stages {
		fmt.Fprintf(a.out, "\n%s  mode %s\n", s.Stage, s.Mode)
		if s.Held+s.Refused == 0 {
			fmt.Fprintf(a.out, "  of %s nothing\n", count(int64(s.Decided), "admission", "admissions"))
		} else {
			fmt.Fprintf(a.out, "  of %s %d would have waited, %d would have been refused\n", count(int64(s.Decided), "admission", "admissions"), s.Held, s.Refused)
		}
		for _, r := range s.Reasons {
			info, _ := schema.Explain(r.Code)
			fmt.Fprintf(a.out, "  %6d  %s [%s], last in entry #%d\n", r.Count, info.Title, r.Code, r.Last)
		}
		if len(s.Now) > 0 {
			fmt.Fprintf(a.out, "  %s so now, and no source for a stage that enforces: %s\n", count(int64(len(s.Now)), "app is", "apps are"), appNames(s.Now))
		}
		for _, t := range s.Targets {
			a.printAdoptionTarget(t)
		}
	}
	if !slices.ContainsFunc(out.Stages, func(s adoptionStage) bool { return s.Decided > 0 || s.changes() }) {
		fmt.Fprintln(a.out, "\nnothing was let in in this time: that shows nothing of what enforcement would change")
	}
}

func appNames(apps []schema.App) string {
	var out []string
	for i, app := range apps {
		if i == mostAdopted {
			out = append(out, fmt.Sprintf("and %d more", len(apps)-i))
			break
		}
		out = append(out, schema.Printable(string(app)))
	}
	return strings.Join(out, ", ")
}
