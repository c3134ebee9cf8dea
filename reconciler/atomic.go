package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// parts says, per merge request, of each cell that it changes whether its part was admitted.
type parts map[int64]map[schema.Cell]bool

// split are the merge requests that cannot come in whole, with the cells that keep them out.
type split map[int64][]schema.Cell

// judgeCells judges cells of one ref. In an atomic project the cells of a merge request come in together or not at all (RULES
// R1): where one does not, all are judged again with that known, until nothing new follows. A cell about which nothing could be
// found out keeps everything out, because what it shares a merge request with is not known either.
func (p *pass) judgeCells(ctx context.Context, cells []schema.Cell, from, tip schema.Hash) ([]judged, map[schema.Cell]error) {
	out := split{}
	for {
		seen := parts{}
		decided, wrong := p.judgeEach(ctx, cells, from, tip, seen, out)
		switch {
		case !p.rules.project.Atomic:
			return decided, wrong
		case len(wrong) > 0:
			return nil, wrong
		case !out.grow(seen):
			return decided, nil
		}
	}
}

func (p *pass) judgeEach(ctx context.Context, cells []schema.Cell, from, tip schema.Hash, seen parts, out split) ([]judged, map[schema.Cell]error) {
	var all []judged
	wrong := map[schema.Cell]error{}
	for _, cell := range cells {
		decided, err := p.judgeCell(ctx, cell, from, tip, seen, out)
		if err != nil {
			wrong[cell] = err
			continue
		}
		all = append(all, decided...)
	}
	return all, wrong
}

// note takes down how a landing's part went in a cell. What was pushed without a merge request is whole by itself.
func (p parts) note(l landing, cell schema.Cell, admitted bool) {
	if p == nil || l.request == nil {
		return
	}
	if p[l.request.IID] == nil {
		p[l.request.IID] = map[schema.Cell]bool{}
	}
	was, known := p[l.request.IID][cell]
	p[l.request.IID][cell] = admitted && (was || !known)
}

// grow adds the merge requests of which some part was not admitted, and reports whether there are new ones.
func (s split) grow(seen parts) bool {
	more := false
	for iid, cells := range seen {
		if _, known := s[iid]; known {
			continue
		}
		var out []schema.Cell
		for cell, admitted := range cells {
			if !admitted {
				out = append(out, cell)
			}
		}
		if len(out) > 0 && len(cells) > len(out) {
			slices.SortFunc(out, func(x, y schema.Cell) int { return strings.Compare(x.String(), y.String()) })
			s[iid], more = out, true
		}
	}
	return more
}

// withOthers holds a cell that could come in alone while others of its merge request cannot.
func (s split) withOthers(verdict schema.Verdict, mode schema.StageMode, f policies.Facts) schema.Verdict {
	if passes(verdict, mode) != schema.Allow || f.MergeRequest == nil || len(s[f.MergeRequest.IID]) == 0 {
		return verdict
	}
	return schema.All("change", verdict, heldBy(s[f.MergeRequest.IID]))
}

// heldBy is the verdict of an app that others of its merge request keep out.
func heldBy(cells []schema.Cell) schema.Verdict {
	return schema.Verdict{Policy: "atomic", Outcome: schema.Hold, Code: "atomic", Args: map[string]string{"cells": cellNames(cells)}}
}

const maxCellNames = 5

func cellNames(cells []schema.Cell) string {
	var names []string
	for i, cell := range cells {
		if i == maxCellNames {
			names = append(names, fmt.Sprintf("%d more", len(cells)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s in %s", cell.App, cell.Stage))
	}
	return strings.Join(names, ", ")
}

// together asks of an admission into an atomic project that every other cell its merge request changes came in with it, or holds
// what was admitted there anyway.
func (r *replay) together(ctx context.Context, a *appended, c *cellJudge, e ledger.Entry) []ledger.Finding {
	mr, at := e.Decision.MergeRequest, e.Decision.Landing
	if !c.rules.project.Atomic || mr == nil || e.Kind == ledger.BreakGlass {
		return nil
	}
	for _, stage := range c.rules.project.Stages {
		if c.rules.project.Ref(stage) != c.ref {
			continue
		}
		apps, err := c.appsBetween(ctx, stage, at.Start, at.Tip)
		if err != nil {
			return lacking(c.path, err)
		}
		for _, app := range apps {
			other := schema.Cell{Stage: stage.Name, App: app}
			if other == e.Cell() || cameWith(a.Entries, other, mr.IID) {
				continue
			}
			if found := r.settledAt(ctx, a, c, other, at.Tip); len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// appsBetween lists the apps of a stage that differ between two positions of its ref.
func (p *pass) appsBetween(ctx context.Context, stage schema.Stage, from, to schema.Hash) ([]schema.App, error) {
	dir := p.rules.project.Dir(stage)
	before, err := subtree(ctx, p.cfg.Repository, from, dir)
	if err != nil {
		return nil, err
	}
	after, err := subtree(ctx, p.cfg.Repository, to, dir)
	if err != nil {
		return nil, err
	}
	return changedApps(ctx, p.cfg.Repository, p.rules.project.Apps, before, after)
}

func cameWith(entries []ledger.Entry, cell schema.Cell, iid int64) bool {
	return slices.ContainsFunc(entries, func(e ledger.Entry) bool {
		return e.Cell() == cell && e.Kind.Admits() && e.Decision.MergeRequest != nil && e.Decision.MergeRequest.IID == iid
	})
}

// settledAt asks that a cell holds, at a position, what the ledger admitted into it.
func (r *replay) settledAt(ctx context.Context, a *appended, c *cellJudge, cell schema.Cell, at schema.Hash) []ledger.Finding {
	stage, _ := c.rules.project.Stage(cell.Stage)
	other := newCellJudge(c.pass, stage, cell.App)
	state, _, err := a.Before.Cell(ctx, cell)
	if err != nil {
		return lacking(c.path, err)
	}
	other.state, other.chain = state, []schema.Hash{at}
	ok, err := other.holdsAdmitted(ctx, 0)
	switch {
	case err != nil:
		return lacking(c.path, err)
	case !ok:
		return mismatch(c.path, "the project is atomic, and %s of the same merge request did not come in with it", cell)
	}
	return nil
}
