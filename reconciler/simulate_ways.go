package reconciler

import (
	"context"
	"log/slog"
	"math"
	"reflect"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// ways makes decisions again about the changes that the same pushes are by another project: what a change is follows from the way
// between the stages and from which files stay in theirs. All else of the project is that of then.
type ways struct {
	other  schema.Project
	engine *Reconciler // of its own: what it remembers holds by these patterns alone
	known  map[*rules]*rules
}

func newWays(engine *Reconciler, other schema.Project) *ways {
	return &ways{
		other: other, known: map[*rules]*rules{},
		engine: &Reconciler{cfg: Config{Repository: engine.cfg.Repository, Log: slog.New(slog.DiscardHandler)}, told: map[string]bool{}},
	}
}

// rules are those of then with the other project's ways; nil where these are the same.
func (w *ways) rules(then *rules) *rules {
	if known, ok := w.known[then]; ok {
		return known
	}
	if len(w.known) >= maxRulesKept {
		clear(w.known)
	}
	w.known[then] = w.mixed(then)
	return w.known[then]
}

func (w *ways) mixed(then *rules) *rules {
	project := then.project
	project.StageLocal, project.Edges, project.Stages = w.other.StageLocal, w.other.Edges, nil
	for _, s := range w.other.Stages {
		if was, ok := then.project.Stage(s.Name); ok {
			s = was
		}
		project.Stages = append(project.Stages, s)
	}
	if samePatterns(project.StageLocal, then.project.StageLocal) && reflect.DeepEqual(lifecycle.Of(project), lifecycle.Of(then.project)) {
		return nil
	}
	out := *then
	out.project = project
	return &out
}

func samePatterns(a, b schema.Patterns) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// judge is the judge of a cell by other ways. What was admitted until then is compared by what its files make under the other
// patterns.
func (w *ways) judge(ctx context.Context, c *cellJudge) (*cellJudge, error) {
	in := w.rules(c.rules)
	if in == nil {
		return c, nil
	}
	asked, p := *c, *c.pass
	p.rules, asked.pass = in, &p
	if samePatterns(in.project.StageLocal, c.rules.project.StageLocal) {
		return &asked, nil
	}
	p.Reconciler, p.regrouped = w.engine, math.MaxInt64
	asked.files = map[schema.Hash]cellFiles{}
	for _, d := range c.result { // earlier in the same append: not in the ledger's evidence before it
		m, err := schema.ParseManifest(d.manifest)
		if err != nil {
			return nil, err
		}
		p.revisions(p.regrouped)[schema.DigestOf(d.manifest)] = m.Revision(in.project.StageLocal)
	}
	var err error
	asked.state, err = p.revised(ctx, c.state)
	return &asked, err
}

// noWay says of what was a promotion then, and is an override by other ways, that the step between the stages is missing.
func (w *ways) noWay(e ledger.Entry, change *schema.Change) {
	was := e.Decision.Change.Source
	if change.Code != "override" || was == nil || slices.Contains(lifecycle.Sources(w.other, lifecycle.Promote, e.Stage), was.Stage) {
		return
	}
	change.Code = "no-edge"
}

// staying are the files of a change that are one stage's own by the one project and not by the other: they would have stayed, or
// travelled.
func (w *ways) staying(then schema.Project, before, after schema.Manifest) (stay, travel []string) {
	for path := range changedFiles(before, after) {
		was, is := then.StageLocal.Match(path), w.other.StageLocal.Match(path)
		switch {
		case is && !was:
			stay = append(stay, path)
		case was && !is:
			travel = append(travel, path)
		}
	}
	slices.Sort(stay)
	slices.Sort(travel)
	return stay, travel
}

func changedFiles(before, after schema.Manifest) map[string]bool {
	out, was := map[string]bool{}, byPath(before)
	for path, f := range byPath(after) {
		if old, ok := was[path]; !ok || old.Digest != f.Digest || old.Mode != f.Mode {
			out[path] = true
		}
		delete(was, path)
	}
	for path := range was {
		out[path] = true
	}
	return out
}
