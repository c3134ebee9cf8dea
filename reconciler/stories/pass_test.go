package stories_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// pass runs the loops once, tells what it recorded and how it would end, and then again: a second pass without news
// records and writes nothing.
func (w *world) pass([]string) []string {
	report, crashed := w.onePass()
	told := w.news()
	if crashed {
		return append(told, "the process is gone")
	}
	told = append(told, "exit "+class(report)+doubted(report))
	if err := report.Err(); err != nil {
		return told
	}
	return append(told, w.untilQuiet()...)
}

// untilQuiet passes again: without news nothing more is recorded or written. What the pass before delivered is news once:
// it may be live now where something else was waiting for it.
func (w *world) untilQuiet() []string {
	var told []string
	for range 3 {
		writes := w.writes()
		looks, keeps := w.marks()
		again, _ := w.onePass()
		if again.Err() != nil {
			w.t.Errorf("another pass failed: %v", again.Err())
		}
		more := w.news()
		if len(more) == 0 && w.writes() == writes {
			if nowLooks, nowKeeps := w.marks(); nowLooks > looks+len(w.targets) || nowKeeps != keeps {
				w.t.Errorf("a pass without news looks %d times at the checkpoints of %d targets and keeps %d", nowLooks-looks, len(w.targets), nowKeeps-keeps)
			}
			return told
		}
		told = append(append(told, "then"), more...)
	}
	w.t.Errorf("passes do not come to rest: %v", told)
	return told
}

func (w *world) onePass() (report reconciler.Report, crashed bool) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errCrash) {
				panic(r)
			}
			crashed = true
		}
	}()
	report = w.r.Pass(w.ctx)
	for _, p := range strings.Split(fmt.Sprint(report.Err()), "\n") {
		w.t.Log(p)
	}
	return report, false
}

// marks counts what the targets were asked about the checkpoints that they keep.
func (w *world) marks() (looks, keeps int) {
	for _, t := range w.targets {
		looks, keeps = looks+int(t.looks.Load()), keeps+int(t.keeps.Load())
	}
	return looks, keeps
}

func (w *world) writes() int {
	n := 0
	for _, t := range w.targets {
		n += int(t.writes.Load())
	}
	return n
}

// class is how `run --once` would end.
func class(r reconciler.Report) string { return strconv.Itoa(passCode(r)) }

// doubted is what the pass found against the ledger.
func doubted(r reconciler.Report) string {
	var d *ledger.Doubt
	if !errors.As(r.Err(), &d) {
		return ""
	}
	return " [" + string(d.Code) + "]"
}

func (w *world) liveNow(words []string) []string {
	names := words
	if len(names) == 0 {
		names = w.allTargets()
	}
	var out []string
	for _, name := range names {
		out = append(out, name+": "+w.live(name))
	}
	return out
}

// held tells what waits or was refused, as `why` would.
func (w *world) held([]string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	view, err := reconciler.NewView(w.ctx, clone.Ledger, clone.Project)
	w.must(err)
	w.must(reconciler.WithAbove(w.ctx, view, clone.Ledger, gitrepo.Mirror{Repo: repo}))
	var out []string
	for _, i := range view.Incidents {
		out = append(out, "refused ["+string(i.Code)+"]")
	}
	for _, app := range view.Apps {
		for _, c := range app.Cells {
			if c.Held == nil {
				continue
			}
			line := fmt.Sprintf("%s/%s %s %s %s->%s", shortStage(c.Cell.Stage), c.Cell.App, c.Held.Verdict.Outcome, c.Held.Change.Kind,
				w.revision(c.Held.Change.From.Revision), w.revision(c.Held.Change.To.Revision))
			for _, m := range c.Held.Verdict.Missing() {
				line += " [" + string(m.Code) + "]"
			}
			out = append(out, line+w.aboveHeld(c))
		}
	}
	if view.Control != nil {
		line := "control " + view.Control.Verdict.Outcome.String()
		for _, m := range view.Control.Verdict.Missing() {
			line += " [" + string(m.Code) + "]"
		}
		out = append(out, line)
	}
	return out
}

// aboveHeld is what lies above a held change: with who brought it, as the page says, where a clone finds it as well.
func (w *world) aboveHeld(c schema.CellView) string {
	shown, _ := w.r.View().Cell(c.Cell)
	if c.Held.Above == nil {
		if shown.Held != nil && shown.Held.Above != nil {
			w.t.Errorf("%s: the page has something above what is held, and a clone has not", c.Cell)
		}
		return ""
	}
	if shown.Held == nil || shown.Held.Above == nil {
		return " below something"
	}
	return fmt.Sprintf(" below !%d", shown.Held.Above.MergeRequest)
}

// race lets two reconcilers decide about the same news at once; one of them has to lose and change nothing.
func (w *world) race([]string) []string {
	first := w.r
	w.start()
	second := w.r
	done := make(chan reconciler.Report, 2)
	for _, r := range []*reconciler.Reconciler{first, second} {
		go func() { done <- r.Pass(context.WithoutCancel(w.ctx)) }()
	}
	a, b := <-done, <-done
	conflicts := 0
	for _, r := range []reconciler.Report{a, b} {
		if errors.Is(r.Err(), reconciler.ErrMoved) {
			conflicts++
		}
	}
	for range 3 {
		first.Pass(w.ctx)
		second.Pass(w.ctx)
	}
	if conflicts > 1 {
		w.t.Errorf("both reconcilers lost")
	}
	return w.news()
}

// audit proves the project from a plain clone.
func (w *world) audit() {
	repo, err := gitrepo.OpenLocal(w.plainClone())
	w.must(err)
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	evidence := reconciler.NewEvidence()
	reread := gitlab.Reread
	if len(w.forged) > 0 {
		reread = nil // what the forge invents, the raw answers do not say
	}
	report, err := reconciler.Audit(w.ctx, reconciler.AuditOptions{
		Repository: repo.Beside(evidence.Object), Evidence: evidence, Tip: refs["refs/heads/sluice/ledger"], Anchor: w.team.Anchor(), Reread: reread, RereadGuards: gitlab.RereadGuards,
		Ref: func(ref string) (schema.Hash, bool) {
			tip, ok := refs[ref]
			return tip, ok
		},
	})
	w.must(err)
	if !report.Proven() {
		w.t.Errorf("the audit does not prove the project: %v", report.Findings)
	}
}
