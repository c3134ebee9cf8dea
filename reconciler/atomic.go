package reconciler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// parts says, per merge request, how the part of it in each cell that it changes goes.
type parts map[int64]map[schema.Cell]share

// share is what a merge request brings to one cell, with where it landed on the ref.
type share struct {
	fate       fate
	start, tip schema.Hash
}

// fate is how a merge request's part in a cell goes. The later ones are worse.
type fate int

const (
	comesIn fate = iota
	mustWait
	isDenied
	isLost // taken back or replaced, and never came in
)

func fateOf(kind ledger.Kind) fate {
	switch {
	case kind.Admits():
		return comesIn
	case kind == ledger.Hold:
		return mustWait
	}
	return isDenied
}

// split are the merge requests that cannot come in whole, with what keeps them out.
type split map[int64]map[schema.Cell]fate

// judgeCells judges cells of one ref. In an atomic project the cells of a merge request come in together or not at all (RULES
// R1): where one does not, all are judged again with that known, until nothing new follows. That holds of cells too that are not judged
// any more, because what came in them was taken back. A cell about which nothing could be found out keeps everything out, because what
// it shares a merge request with is not known either.
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
		}
		if cell, err := p.addLost(ctx, seen, decided); err != nil {
			return nil, map[schema.Cell]error{cell: err}
		}
		if !out.grow(seen) {
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

// note takes down how a landing's part goes in a cell. What was pushed without a merge request is whole by itself.
func (p parts) note(l landing, chain []schema.Hash, cell schema.Cell, how fate) {
	if p == nil || l.request == nil {
		return
	}
	if p[l.request.IID] == nil {
		p[l.request.IID] = map[schema.Cell]share{}
	}
	how = max(how, p[l.request.IID][cell].fate)
	p[l.request.IID][cell] = share{fate: how, start: l.from(chain), tip: chain[l.end]}
}

// leave takes down that what was not let into a cell until now is not there any more.
func (p parts) leave(cell schema.Cell) {
	for _, cells := range p {
		if was, known := cells[cell]; known && was.fate != comesIn {
			was.fate = isLost
			cells[cell] = was
		}
	}
}

// addLost takes down the cells that a merge request changes and that nothing was judged in for it, though they never had what it
// brought: without them it is half a merge request.
func (p *pass) addLost(ctx context.Context, seen parts, decided []judged) (schema.Cell, error) {
	entries := make([]ledger.Entry, len(decided))
	for i, d := range decided {
		entries[i] = d.entry
	}
	for _, cells := range seen {
		for cell, at := range maps.Clone(cells) {
			if at.fate != comesIn {
				continue
			}
			others, err := p.cellsBetween(ctx, cell.Stage, at.start, at.tip)
			if err != nil {
				return cell, err
			}
			for _, other := range others {
				if _, known := cells[other]; known {
					continue
				}
				had, err := p.hadAt(ctx, other, entries, at.tip)
				if err != nil {
					return other, err
				}
				if !had {
					cells[other] = share{fate: isLost, start: at.start, tip: at.tip}
				}
			}
		}
	}
	return schema.Cell{}, nil
}

// grow adds the merge requests of which some part does not come in, and reports whether there are new ones.
func (s split) grow(seen parts) bool {
	more := false
	for iid, cells := range seen {
		if _, known := s[iid]; known {
			continue
		}
		out := map[schema.Cell]fate{}
		for cell, at := range cells {
			if at.fate != comesIn {
				out[cell] = at.fate
			}
		}
		if len(out) > 0 && len(cells) > len(out) {
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

// heldBy is the verdict of an app that others of its merge request keep out: those that wait may still come in, the rest may not.
func heldBy(others map[schema.Cell]fate) schema.Verdict {
	var waiting, lost []schema.Cell
	for cell, how := range others {
		if how == mustWait {
			waiting = append(waiting, cell)
		} else {
			lost = append(lost, cell)
		}
	}
	if len(lost) > 0 {
		return schema.Verdict{Policy: "atomic", Outcome: schema.Hold, Code: "atomic-lost", Args: map[string]string{"cells": cellNames(lost)}}
	}
	return schema.Verdict{Policy: "atomic", Outcome: schema.Hold, Code: "atomic", Args: map[string]string{"cells": cellNames(waiting)}}
}

const maxCellNames = 5

func cellNames(cells []schema.Cell) string {
	slices.SortFunc(cells, func(x, y schema.Cell) int { return strings.Compare(x.String(), y.String()) })
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
