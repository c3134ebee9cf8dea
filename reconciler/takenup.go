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

// formerReleases are what entry seq may have had at a target: under the settings at the last apply there, under those when it was
// admitted, and under those in force. What cannot be made any more explains nothing.
func (p *pass) formerReleases(ctx context.Context, j job, seq int64) []integrations.Release {
	was, ok := p.formerRelease(ctx, j, seq)
	if !ok {
		return nil
	}
	live := j.state.Live[j.target.Name]
	var out []integrations.Release
	for _, at := range []int64{max(live.Taken, live.Seq), seq, p.rules.seq} {
		project, err := p.projectAt(ctx, at)
		if err != nil {
			continue
		}
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

// formerRelease is what entry seq delivered, under whatever settings.
func (p *pass) formerRelease(ctx context.Context, j job, seq int64) (integrations.Release, bool) {
	if seq == j.release.Seq {
		return j.release, true
	}
	i := slices.IndexFunc(j.state.Revisions, func(a ledger.Admission) bool { return a.Seq == seq })
	if i < 0 {
		return integrations.Release{}, false
	}
	release, err := p.makeOne(ctx, j.state, j.state.Revisions[i], j.target)
	return release, err == nil
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
