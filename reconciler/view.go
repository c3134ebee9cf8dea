package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// View returns what was last published; nil before the first pass.
func (r *Reconciler) View() *schema.View { return r.view.Load() }

// publish makes the view of a pass. After a pass that found nothing out, the last view stays, with its times and the reason.
func (r *Reconciler) publish(ctx context.Context, p *pass, report Report) {
	v := schema.View{}
	if last := r.view.Load(); last != nil {
		v = *last
	}
	v.At = r.cfg.Now().UTC()
	unread := r.askForge(ctx, p, &v)
	v.Problems, v.ProblemCodes = problems(errors.Join(report.Err(), unread))
	v.Outside.Witnesses, v.Outside.Silent = r.witnessesOf(p, v.At)
	v.Repository, v.Requests, v.StaleAfter = r.cfg.Name, r.cfg.Requests, r.staleAfter(p, v.At)
	v.Pulse = r.beat(p, v.At, errors.Join(report.Err(), unread))
	if p != nil {
		past := r.readPast(ctx, p.ledger, report.Entries)
		fresh, err := r.viewOf(ctx, p)
		if err != nil {
			v.Problems = append(v.Problems, err.Error())
		} else {
			fresh.At, fresh.Problems, fresh.ProblemCodes = v.At, v.Problems, v.ProblemCodes
			fresh.Repository, fresh.Requests, fresh.StaleAfter = v.Repository, v.Requests, v.StaleAfter
			fresh.Looked, fresh.Compared, fresh.Drafts, fresh.Outside, fresh.Pulse = v.Looked, v.Compared, v.Drafts, v.Outside, v.Pulse
			v = fresh
			v.Journal = past
			p.withUndecided(&v)
			p.nameAbove(&v)
		}
		if p.refs != nil {
			v.Looked = p.now
		}
		v.Compared = p.comparedAt
		p.next(ctx, &v)
		r.withInstances(&v)
	}
	if errors.Is(report.AdmitErr, ErrNotSealed) {
		v.Looked = v.At // Git was read, and has neither a ledger nor a request that makes one
	}
	if p != nil {
		v.Differs = r.differViews(p.rules.project)
	}
	r.tellOverdue(&v)
	v.Guards, v.Silent = r.guarded, r.silentViews()
	withSilent(&v)
	r.withUnread(&v)
	r.withForeign(&v)
	r.view.Store(&v)
}

// viewOf makes the view of a ledger once: most passes find nothing new.
func (r *Reconciler) viewOf(ctx context.Context, p *pass) (schema.View, error) {
	if last := r.plain; last != nil && last.Ledger.Tip == p.ledger.Tip() && !last.Ledger.Tip.IsZero() {
		return *last, nil
	}
	v, err := NewView(ctx, p.ledger, p.rules.project)
	if err != nil {
		return v, err
	}
	withRetirements(v.Apps, p.rules)
	if r.plain = &v; WithAbove(ctx, v, p.ledger, p.cfg.Repository) != nil {
		r.plain = nil // it is looked for again
	}
	return v, nil
}

// withRetirements adds why apps leave, as the records in force have it, to a view that nobody else has yet.
func withRetirements(apps []schema.AppView, r *rules) {
	for i := range apps {
		if record, ok := r.retirements[apps[i].App]; ok {
			apps[i].Retirement = &record
		}
	}
}

// minStale keeps the shortest intervals from calling a view stale while the next pass is still under way.
const minStale = 15 * time.Second

// staleAfter is two intervals and the time that a pass takes, and minStale at least: what documentation says of old states.
func (r *Reconciler) staleAfter(p *pass, done time.Time) time.Duration {
	after := max(2*r.cfg.Interval, minStale)
	if p != nil {
		after += max(0, done.Sub(p.now))
	}
	return after
}

// beat counts a pass that has ended.
func (r *Reconciler) beat(p *pass, done time.Time, wrong error) *schema.Pulse {
	r.pulse.Passes++
	if wrong != nil {
		r.pulse.Failed++
	}
	r.pulse.Every, r.pulse.Leads = r.cfg.Interval, !r.follows()
	if p != nil {
		r.pulse.Took = max(0, done.Sub(p.now))
	}
	out := r.pulse
	if r.spans != nil && r.spans.now.Load() != nil {
		out.Trace = r.spans.now.Load().id
	}
	return &out
}

// NewView shows a ledger under a project's rules. It needs nothing but a clone.
func NewView(ctx context.Context, l *ledger.Ledger, project schema.Project) (schema.View, error) {
	all, err := l.Cells(ctx)
	if err != nil {
		return schema.View{}, fmt.Errorf("read the ledger's state: %w", err)
	}
	head := l.Head()
	as := reviser{ledger: l, local: project.StageLocal, since: head.Control.Regrouped, known: map[schema.Digest]schema.Revision{}}
	held := map[schema.App]bool{}
	for _, s := range all {
		held[s.App] = held[s.App] || s.Held != nil
	}
	states := make([]ledger.State, 0, len(all)) // they are large: growing would copy them over and over
	for _, s := range all {
		if !hasCell(project, s) {
			continue
		}
		if s.Admitted, err = as.admission(ctx, s.Admitted); err != nil {
			return schema.View{}, fmt.Errorf("%s in %s: %w", s.App, s.Stage, err)
		}
		if held[s.App] { // its rollback goals are shown, which take all that was admitted
			if s, err = as.state(ctx, s); err != nil {
				return schema.View{}, err
			}
		}
		states = append(states, s)
	}
	v := schema.View{Project: head.Project, Modes: modes(project), Steps: steps(project), Ledger: schema.LedgerView{Size: head.Size, Tip: l.Tip(), At: head.At}}
	for _, s := range project.Stages {
		v.Stages = append(v.Stages, s.Name)
	}
	v.Incidents = incidents(l.Refs())
	if head.Control.Held != nil {
		control := heldView(*head.Control.Held)
		v.Control = &control
	}
	v.Apps = apps(states, project, head.Control, v.Incidents)
	if err := errors.Join(withHealth(ctx, l, v.Apps, states), withDrift(ctx, l, v.Apps, states), withLetIn(ctx, l, v.Apps, states)); err != nil {
		return schema.View{}, err
	}
	if v.Emergencies, err = emergencies(ctx, l, states); err != nil {
		return schema.View{}, err
	}
	v.Tainted = taints(states)
	v.Suspended, err = suspensions(ctx, l, states)
	return v, err
}

// steps are those of the lifecycle, each with the gate that guards it.
func steps(project schema.Project) []schema.StepView {
	var out []schema.StepView
	for _, s := range lifecycle.Of(project).Steps {
		step := schema.StepView{From: s.From, Event: string(s.On.Event), To: s.To}
		into, _ := project.Stage(s.To)
		of, _ := project.Stage(s.From)
		switch s.On.Event {
		case lifecycle.Edit, lifecycle.Promote:
			step.Policies = into.Gates.Promote
		case lifecycle.Rollback:
			step.Policies = of.Gates.Rollback
		case lifecycle.Retire:
			step.Policies = of.Gates.Retire
		}
		out = append(out, step)
	}
	return out
}

func incidents(refs ledger.Refs) []schema.Incident {
	var out []schema.Incident
	for ref, i := range refs.Incident {
		out = append(out, schema.Incident{Ref: ref, Code: i.Code, Seen: refs.Seen[ref], Found: i.New, Since: i.At, Seq: i.Seq})
	}
	slices.SortFunc(out, func(a, b schema.Incident) int { return strings.Compare(a.Ref, b.Ref) })
	return out
}

func apps(states []ledger.State, project schema.Project, in ledger.ControlState, incidents []schema.Incident) []schema.AppView {
	byApp := map[schema.App][]*ledger.State{}
	for i := range states {
		s := &states[i]
		byApp[s.App] = append(byApp[s.App], s)
	}
	out := make([]schema.AppView, 0, len(byApp))
	for app, own := range byApp {
		view := schema.AppView{App: app, Cells: make([]schema.CellView, 0, len(project.Stages))}
		view.Owner, view.Labels = project.Whose(app)
		for _, stage := range project.Stages {
			s := stateIn(own, stage.Name)
			c := cellView(schema.Cell{Stage: stage.Name, App: app}, s, stage, in)
			c.Ref, c.Path = project.Ref(stage), project.CellPath(stage, app)
			if c.Held != nil {
				if goal, ok := (history{project: project, cell: c.Cell, own: s, others: byStage(own)}).before(); ok {
					c.Goal = goal.Revision
				}
			}
			for _, i := range incidents {
				if i.Ref == project.Ref(stage) {
					c.Incident, c.State = &i, schema.Refused
				}
			}
			view.Cells = append(view.Cells, c)
		}
		out = append(out, view)
	}
	slices.SortFunc(out, func(a, b schema.AppView) int { return strings.Compare(string(a.App), string(b.App)) })
	return out
}

// stateIn is an app's state in a stage, the zero one where it has none.
func stateIn(own []*ledger.State, stage schema.StageName) ledger.State {
	for _, s := range own {
		if s.Stage == stage {
			return *s
		}
	}
	return ledger.State{}
}

func byStage(own []*ledger.State) map[schema.StageName]ledger.State {
	out := make(map[schema.StageName]ledger.State, len(own))
	for _, s := range own {
		out[s.Stage] = *s
	}
	return out
}

func cellView(cell schema.Cell, s ledger.State, stage schema.Stage, in ledger.ControlState) schema.CellView {
	c := schema.CellView{Cell: cell, State: schema.Absent}
	if s.Held != nil {
		held := heldView(*s.Held)
		c.Held = &held
	}
	if a := s.Admitted; a.Seq > 0 {
		c.Revision, c.Content, c.Seq, c.Commit, c.Since, c.LiveAt = a.Revision, a.Content, a.Seq, a.Commit, a.At, a.LiveAt
		c.MergeRequest, c.By, c.Cause, c.Targets, c.Gray = a.MergeRequest, a.By, a.Kind, targetViews(s, stage, in), grayView(s)
	}
	c.State = cellState(c, s, stage.Mode)
	return c
}

// cellState picks the word that a person has to act on first.
func cellState(c schema.CellView, s ledger.State, mode schema.StageMode) schema.CellState {
	failing, drifted := false, false
	for _, t := range c.Targets {
		failing = failing || t.Code != ""
		drifted = drifted || t.Code == CodeDrift || t.Code == CodeContested
	}
	switch {
	case c.Held != nil && c.Held.Verdict.Outcome == schema.Deny:
		return schema.Denied
	case c.Held != nil:
		return schema.Held
	case c.Seq == 0:
		return schema.Absent
	case c.Revision == schema.None && !deliverable(s):
		if c.Content != schema.NoContent {
			return schema.Prepared
		}
		return schema.Absent
	case mode == schema.Observe:
		return schema.Observed
	case drifted:
		return schema.Drifted
	case failing && !c.LiveAt.IsZero():
		return schema.Unverified
	case failing:
		return schema.Failing
	case c.LiveAt.IsZero():
		return schema.Admitted
	case c.Revision == schema.None:
		return schema.Retired
	}
	return schema.Live
}

func targetViews(s ledger.State, stage schema.Stage, in ledger.ControlState) []schema.TargetView {
	var out []schema.TargetView
	for _, t := range stage.Targets {
		view := schema.TargetView{Name: t.Name}
		if live, ok := s.Live[t.Name]; ok {
			view.Live, view.At, view.Entry = live.Seq == s.Delivered() && s.Applied(in, t.Name), live.At, live.Seq
			view.Commit = commitOf(s, live.Seq)
			if live.Drifted != 0 {
				view.Code = CodeDrift
			}
		}
		if down, ok := s.Down[t.Name]; ok {
			view.Refused = down.Refused
			if view.Code = down.Code; doesNotAnswer(down.Code) {
				view.Live, view.Unknown = false, down.Since
			}
		}
		out = append(out, view)
	}
	return out
}

// commitOf is where in Git an entry has what it gives targets: an admission of a cell, or a step by which the one before it widened;
// zero where it is older than what is kept.
func commitOf(s ledger.State, seq int64) schema.Hash {
	if s.Admitted.Seq > 0 && s.Admitted.Seq <= seq {
		return s.Admitted.Commit
	}
	for _, a := range slices.Backward(s.Revisions) {
		if a.Seq <= seq {
			return a.Commit
		}
	}
	return schema.Hash{}
}

func heldView(h ledger.Held) schema.HeldView {
	return schema.HeldView{Seq: h.Seq, Since: h.Since, Commit: h.Tip, Change: h.Change, MergeRequest: h.IID, Verdict: h.Verdict}
}
