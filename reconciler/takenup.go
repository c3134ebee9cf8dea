package reconciler

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// former is a job whose place has what sluice itself wrote there, maybe under settings that a control change has replaced since.
type former struct {
	job      int                    // its index
	releases []integrations.Release // what that may have been, likeliest first
	found    []integrations.Result  // each compared with what is there
}

// formers are the jobs whose target was taken up again and has our own head, and something else than it shall have: whether
// somebody changed it is to be asked by what sluice wrote, and not by what it is about to write.
func (p *pass) formers(ctx context.Context, jobs []job, results []integrations.Result) []former {
	var out []former
	for i, j := range jobs {
		found := results[i]
		if j.release.Applied || found.Err != nil || found.Equal || found.Holder != integrations.Us || found.Seq > j.release.Seq ||
			j.state.Live[j.target.Name].Seq == 0 || p.observes(j.state) {
			continue
		}
		if was := p.formerReleases(ctx, j, found.Seq); len(was) > 0 {
			out = append(out, former{job: i, releases: was})
		}
	}
	return out
}

// formerReleases are what entry seq may have had at a target, under each of the settings that were in force since. What cannot be made
// any more explains nothing.
func (p *pass) formerReleases(ctx context.Context, j job, seq int64) []integrations.Release {
	was, ok := p.formerRelease(ctx, j, seq)
	if !ok {
		return nil
	}
	var out []integrations.Release
	for _, project := range p.projectsSince(ctx, j.state.Live[j.target.Name], seq) {
		stage, _ := project.Stage(j.state.Stage)
		i := slices.IndexFunc(stage.Targets, func(t schema.StageTarget) bool { return t.Name == j.target.Name })
		if i < 0 || slices.ContainsFunc(out, func(r integrations.Release) bool { return maps.Equal(r.Settings, stage.Targets[i].Settings) }) {
			continue
		}
		was.Settings = stage.Targets[i].Settings
		out = append(out, was)
	}
	return out
}

// projectsSince are the project files under which a target may have been given entry seq, likeliest first: the one at the last apply
// there, those since it was admitted from the newest on, and the one in force. A former one that cannot be read has no targets.
func (p *pass) projectsSince(ctx context.Context, live ledger.Live, seq int64) []schema.Project {
	var out []schema.Project
	if project, err := p.projectAt(ctx, max(live.Taken, live.Seq)); err == nil {
		out = append(out, project)
	}
	former, err := p.formerProjects(ctx)
	if err != nil {
		return append(out, p.rules.project)
	}
	for _, f := range former[1:] {
		out = append(out, f.project)
		if f.seq <= seq {
			break
		}
	}
	return append(out, p.rules.project)
}

// formerRelease is what entry seq delivered, under whatever settings.
func (p *pass) formerRelease(ctx context.Context, j job, seq int64) (integrations.Release, bool) {
	if seq == j.release.Seq {
		return j.release, true
	}
	a, ok := p.deliveredBy(ctx, j.state, seq)
	if !ok {
		return integrations.Release{}, false
	}
	release, err := p.makeOne(ctx, j.state, a, j.target)
	release.Seq = seq
	return release, err == nil
}

// deliveredBy is what entry seq of the ledger gave to all instances of a cell, however long ago. A head only says which entry it is
// of: what that let in the ledger knows, and with it what is there is compared.
func (p *pass) deliveredBy(ctx context.Context, s ledger.State, seq int64) (ledger.Admission, bool) {
	if i := slices.IndexFunc(s.Revisions, func(a ledger.Admission) bool { return a.Seq == seq }); i >= 0 {
		return s.Revisions[i], true
	}
	e, _, err := p.ledger.Entry(ctx, seq)
	cell := schema.Cell{Stage: s.Stage, App: s.App}
	switch {
	case err != nil:
		return ledger.Admission{}, false
	case e.Seal != nil:
		c, ok := p.sealedBy(ctx, e)[cell]
		return ledger.FoldSealed(ledger.State{}, e, c).Admitted, ok
	case e.Kind == ledger.Widen && e.Cell() == cell && e.Step.Rule == nil && e.Step.Admission < seq:
		return p.deliveredBy(ctx, s, e.Step.Admission)
	case e.Kind.Admits() && e.Cell() == cell:
		return ledger.Fold(ledger.State{}, e).Admitted, true
	}
	return ledger.Admission{}, false
}

// sealedBy are the cells that an entry sealed: none, where that cannot be read. They are read once for a pass.
func (p *pass) sealedBy(ctx context.Context, e ledger.Entry) map[schema.Cell]ledger.SealedCell {
	if known, ok := p.sealed[e.Seq]; ok {
		return known
	}
	out := map[schema.Cell]ledger.SealedCell{}
	if encoded, err := p.ledger.EvidenceOf(ctx, e.Seq, e.Seal.Cells); err == nil {
		cells, err := ledger.ParseSealed(encoded)
		if err != nil {
			cells = nil
		}
		for _, c := range cells {
			out[schema.Cell{Stage: c.Stage, App: c.App}] = c
		}
	}
	if p.sealed == nil {
		p.sealed = map[int64]map[schema.Cell]ledger.SealedCell{}
	}
	p.sealed[e.Seq] = out
	return out
}

// askFormers compares a target with what sluice wrote there before. It changes nothing of the pass: it runs beside others.
func askFormers(ctx context.Context, target integrations.Target, asked []former) {
	var all []integrations.Release
	for _, f := range asked {
		all = append(all, f.releases...)
	}
	found := integrations.ReadMany(ctx, target, all)
	for i, f := range asked {
		asked[i].found, found = found[:len(f.releases)], found[len(f.releases):]
	}
}

// byFormer says of jobs whether what differs is sluice's own, and else puts in the place of what was found what others did. Where
// nobody answered that is not known.
func byFormer(asked []former, jobs []job, results []integrations.Result) {
	for _, f := range asked {
		at := &results[f.job]
		var best *integrations.Observation
		for _, was := range f.found {
			switch {
			case integrations.Silent(was.Err):
				at.Err = was.Err
			case was.Err != nil || was.Place != at.Place:
			case best == nil || !best.Equal && (was.Equal || len(was.Keys) < len(best.Keys)):
				best = &was.Observation
			}
		}
		if best == nil || at.Err != nil {
			continue
		}
		taken := inPlaceOf(*best, at.Observation)
		jobs[f.job].ours = best.Equal && len(taken) == 0
		at.Keys = append(slices.DeleteFunc(slices.Clone(best.Keys), func(d integrations.Difference) bool {
			return slices.ContainsFunc(taken, func(t integrations.Difference) bool { return t.Key == d.Key })
		}), taken...)
		slices.SortFunc(at.Keys, func(a, b integrations.Difference) int { return strings.Compare(a.Key, b.Key) })
	}
}

// inPlaceOf are keys that were others' beside what sluice wrote before, and are in the place of what it is about to write.
func inPlaceOf(was, now integrations.Observation) []integrations.Difference {
	var out []integrations.Difference
	for _, d := range now.Keys {
		if d.Op == integrations.Changed && slices.Contains(was.Foreign, d.Key) {
			out = append(out, d)
		}
	}
	return out
}
