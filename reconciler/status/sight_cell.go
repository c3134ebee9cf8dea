package status

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// cell is a cell that may be seen, without the stages and apps around it that may not. It takes over field by field, as narrow
// does.
func (s sight) cell(c schema.CellView, hidden words) schema.CellView {
	out := schema.CellView{
		Cell: c.Cell, State: c.State, Revision: c.Revision, Content: c.Content, Seq: c.Seq, Commit: c.Commit, MergeRequest: c.MergeRequest, By: hidden.text(c.By), Cause: c.Cause, Since: c.Since, LiveAt: c.LiveAt,
		Goal: c.Goal, Gray: c.Gray, Ref: c.Ref, Path: c.Path, Unjudged: unworded(c.Unjudged),
		Held: s.held(c.Held, c.Cell.App, hidden), Instances: s.instances(c.Instances, c.Cell.App, hidden), Next: s.next(c.Next, c.Cell.App, hidden),
	}
	for _, t := range c.Targets {
		if t.Drift != nil {
			drift := *t.Drift
			drift.By = hidden.text(drift.By)
			t.Drift = &drift
		}
		if t.Refused != nil {
			refused := *t.Refused
			refused.What = hidden.text(refused.What)
			t.Refused = &refused
		}
		if t.Foreign != nil {
			foreign := schema.ForeignView{Count: t.Foreign.Count}
			for _, key := range t.Foreign.Keys {
				foreign.Keys = append(foreign.Keys, hidden.text(key))
			}
			t.Foreign = &foreign
		}
		out.Targets = append(out.Targets, t)
	}
	if c.Incident != nil {
		incident := *c.Incident
		incident.Ref = hidden.text(incident.Ref)
		out.Incident = &incident
	}
	if c.LetIn != nil {
		out.LetIn = &schema.LetInView{Mode: c.LetIn.Mode, Verdict: hidden.without(c.LetIn.Verdict)}
	}
	return out
}

// unworded is a change that could not be judged without the words of the error, which may name anything.
func unworded(u *schema.UnjudgedView) *schema.UnjudgedView {
	if u == nil {
		return nil
	}
	return &schema.UnjudgedView{Commit: u.Commit, Since: u.Since, Seen: u.Seen, Code: u.Code}
}

// next is what a promotion would bring, where it may be seen as well where that is now.
func (s sight) next(n *schema.NextView, app schema.App, hidden words) *schema.NextView {
	if n == nil || n.From != "" && !s.shows(schema.Cell{Stage: n.From, App: app}) || hidden.in(n.Why) {
		return nil
	}
	return n
}

// held is what waits, without where it comes from if that may not be seen.
func (s sight) held(h *schema.HeldView, app schema.App, hidden words) *schema.HeldView {
	if h == nil {
		return nil
	}
	change := schema.Change{Kind: h.Change.Kind, Tune: h.Change.Tune, From: h.Change.From, To: h.Change.To, Code: h.Change.Code}
	if source := h.Change.Source; source != nil && s.shows(schema.Cell{Stage: source.Stage, App: app}) {
		change.Source = source
	}
	for _, f := range h.Change.Files {
		if s.shows(schema.Cell{Stage: f.Stage, App: app}) {
			change.Files = append(change.Files, f)
		}
	}
	out := &schema.HeldView{
		Seq: h.Seq, Since: h.Since, Commit: h.Commit, Change: change, MergeRequest: h.MergeRequest, Verdict: hidden.without(h.Verdict), Instances: s.instances(h.Instances, app, hidden),
	}
	if h.Above != nil {
		out.Above = &schema.AboveView{Commit: h.Above.Commit, MergeRequest: h.Above.MergeRequest, Why: hidden.text(h.Above.Why)}
	}
	return out
}

// instances are those of a cell that may be seen, whose own words may name others.
func (s sight) instances(i *schema.InstancesView, app schema.App, hidden words) *schema.InstancesView {
	if i == nil || !s.shows(schema.Cell{Stage: i.Stage, App: app}) {
		return nil
	}
	out := *i
	out.Refusing = slices.Clone(i.Refusing)
	for n := range out.Refusing {
		out.Refusing[n].Why = hidden.text(out.Refusing[n].Why)
	}
	return &out
}
