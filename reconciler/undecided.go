package reconciler

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// undecided are the cells with a change that the last look at their ref could not judge; the control files are [schema.Control].
type undecided map[schema.Cell]schema.UnjudgedView

// judgedBut takes in how judging a ref went: what went wrong in a cell stands there until it is judged, or the change is gone. A stage
// that could not be looked through is not among stages and keeps what it had.
func (p *pass) judgedBut(stages []schema.StageName, wrong map[schema.Cell]error, tip schema.Hash) {
	for cell := range p.undecided {
		if slices.Contains(stages, cell.Stage) && wrong[cell] == nil {
			delete(p.undecided, cell)
		}
	}
	for cell, err := range wrong {
		p.notJudged(cell, err, tip)
	}
}

// notJudged says of a cell why it could not be judged, and keeps since when.
func (p *pass) notJudged(cell schema.Cell, err error, tip schema.Hash) {
	if errors.Is(err, ErrMoved) {
		return // somebody else is at it
	}
	now := schema.UnjudgedView{Commit: tip, Since: p.now, Why: strings.TrimPrefix(err.Error(), fmt.Sprintf("judge %s: ", cell))}
	if _, codes := problems(err); len(codes) > 0 {
		now.Code = codes[0]
	}
	if before, known := p.undecided[cell]; known {
		now.Since = before.Since
	}
	p.undecided[cell] = now
}

// besides are the cells that nothing was decided about because of others: in an atomic project what they share a merge request with is
// not known.
func besides(wrong map[schema.Cell]error, cells []schema.Cell) map[schema.Cell]error {
	first := slices.SortedFunc(maps.Keys(wrong), func(a, b schema.Cell) int { return cmp.Compare(a.String(), b.String()) })
	if len(first) == 0 {
		return wrong
	}
	out := maps.Clone(wrong)
	for _, cell := range cells {
		if out[cell] == nil {
			out[cell] = fmt.Errorf("the project is atomic, and %s could not be judged: %w", first[0], wrong[first[0]])
		}
	}
	return out
}

// withUndecided marks in a view that is not published yet what could not be judged.
func (p *pass) withUndecided(v *schema.View) {
	v.Apps = slices.Clone(v.Apps)
	for i := range v.Apps {
		v.Apps[i].Cells = slices.Clone(v.Apps[i].Cells)
	}
	for cell, what := range p.undecided {
		if cell == schema.Control {
			v.Unjudged = &what
		} else if _, known := p.rules.project.Stage(cell.Stage); known {
			v.Apps = withUnjudged(v.Apps, p.rules.project, cell, what)
		}
	}
	slices.SortFunc(v.Apps, func(a, b schema.AppView) int { return cmp.Compare(a.App, b.App) })
}
