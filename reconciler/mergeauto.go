package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Merger merges merge requests in sluice's own name.
type Merger interface {
	// AsMerged reads an open merge request in full, as it would be if this very account merged it now.
	AsMerged(ctx context.Context, iid int64) (schema.MergeRequest, error)
	// Merge merges it with this head or not at all, at once and not later. schema.ErrTryLater is wrapped where the forge cannot now.
	Merge(ctx context.Context, iid int64, head schema.Hash) error
}

// mostMerges bounds what one pass reads in full and merges.
const mostMerges = 10

// mergeAll merges the promotions and rollbacks of stages that say so, once their gate would let them in: what is approved
// after the merge does not count any more, so everything has to be there before (RULES R14).
func (p *pass) mergeAll(ctx context.Context) {
	if p.cfg.Merger == nil || p.refs == nil {
		return
	}
	open, err := p.opened(ctx)
	if err != nil {
		return // drafts says so
	}
	ours := slices.DeleteFunc(slices.Clone(open), func(mr schema.MergeRequest) bool {
		_, _, ok := p.mayMerge(mr)
		return !ok
	})
	name := func(mr schema.MergeRequest) string { return fmt.Sprint(mr.IID) }
	ours = order(p.merging, ours, name)
	for _, mr := range ours[:min(len(ours), mostMerges)] {
		p.merging[name(mr)] = p.now
		stage, cell, _ := p.mayMerge(mr)
		key := fmt.Sprintf("merge !%d %s", mr.IID, mr.Head)
		switch merged, err := p.mergeOne(ctx, mr, stage, cell); {
		case ctx.Err() != nil:
			return
		case errors.Is(err, schema.ErrTryLater):
			p.cfg.Log.Debug("merge request is merged later", "merge_request", mr.IID, "reason", err)
		case errors.Is(err, schema.ErrNotMergeable) && p.outrun[mr.SourceRef] != mr.Head && p.botCommit(ctx, mr.Head) != notBots:
			p.outrun[mr.SourceRef] = mr.Head // the next pass cuts it anew, where the target is now
		case err != nil:
			p.tellOnce(key, "merge request is not merged", "merge_request", mr.IID, "cell", cell.String(), "reason", err)
		case merged:
			delete(p.told, key)
			p.merged, p.open = p.merged+1, nil
			p.cfg.Log.Info("merged", "merge_request", mr.IID, "cell", cell.String(), "head", mr.Head.String())
		}
	}
}

// mayMerge reports whether a merge request is one that its stage lets sluice merge: one app's promotion or rollback, from a
// branch of this repository, as Git has it.
func (p *pass) mayMerge(mr schema.MergeRequest) (schema.Stage, schema.Cell, bool) {
	cell, ok := proposedCell(promotionPrefix, mr.SourceRef)
	if !ok {
		cell, ok = proposedCell(rollbackPrefix, mr.SourceRef)
	}
	stage, known := p.rules.project.Stage(cell.Stage)
	if !ok || !known || !stage.Merges || mr.Draft || mr.TargetRef != p.rules.project.Ref(stage) || p.refs[mr.SourceRef] != mr.Head {
		return schema.Stage{}, schema.Cell{}, false
	}
	return stage, cell, !p.refs[mr.TargetRef].IsZero()
}

func (p *pass) mergeOne(ctx context.Context, listed schema.MergeRequest, stage schema.Stage, cell schema.Cell) (bool, error) {
	if why, err := p.strays(ctx, stage, cell, listed); err != nil || why != "" {
		return false, errors.Join(err, asReason(why))
	}
	mr, err := p.cfg.Merger.AsMerged(ctx, listed.IID)
	if err != nil {
		return false, err
	}
	if mr.Head != listed.Head || mr.TargetRef != listed.TargetRef {
		return false, fmt.Errorf("it changed meanwhile: %w", schema.ErrTryLater)
	}
	verdict, err := p.ifMerged(ctx, stage, cell, mr)
	if err != nil || verdict.Outcome != schema.Allow {
		return false, err
	}
	return true, p.cfg.Merger.Merge(ctx, mr.IID, mr.Head)
}

func asReason(why string) error {
	if why == "" {
		return nil
	}
	return reason(why)
}

// strays says why a merge request is more than its cell's, or stands on what waits: then people merge it, or nobody does.
func (p *pass) strays(ctx context.Context, stage schema.Stage, cell schema.Cell, mr schema.MergeRequest) (string, error) {
	repo, tip := p.cfg.Repository, p.refs[mr.TargetRef]
	bases, err := repo.MergeBases(ctx, tip, mr.Head)
	if err != nil {
		return "", err
	}
	if len(bases) != 1 {
		return "its history has no one place where it left the branch", nil
	}
	path := p.rules.project.CellPath(stage, cell.App) + "/"
	stray := ""
	var trees [2]schema.Hash
	for i, id := range []schema.Hash{bases[0], mr.Head} {
		info, err := repo.Commit(ctx, id)
		if err != nil {
			return "", fmt.Errorf("read commit %s: %w", id.Short(), err)
		}
		trees[i] = info.Tree
	}
	err = repo.Diff(ctx, trees[0], trees[1], func(c schema.TreeChange) error {
		if stray == "" && !strings.HasPrefix(c.Path, path) {
			stray = c.Path
		}
		return nil
	})
	if err != nil || stray == "" {
		return "", err
	}
	return fmt.Sprintf("it also changes %s", schema.Printable(stray)), nil
}

// ifMerged is the verdict of the gate if the merge request was merged now: what is judged is its head on top of the ref as it
// is, by the same policies and with the same facts as after the merge.
func (p *pass) ifMerged(ctx context.Context, stage schema.Stage, cell schema.Cell, mr schema.MergeRequest) (schema.Verdict, error) {
	j, err := p.cellJudge(ctx, stage, cell.App)
	if err != nil {
		return schema.Verdict{}, err
	}
	if j.state.Held != nil {
		return schema.Verdict{Policy: "merge", Outcome: schema.Hold}, nil
	}
	j.chain = []schema.Hash{p.refs[mr.TargetRef], mr.Head}
	if ok, err := j.holdsAdmitted(ctx, 0); err != nil || !ok {
		return schema.Verdict{Policy: "merge", Outcome: schema.Hold}, err
	}
	mr.State, mr.MergedAt, mr.MergeSHA, mr.SquashSHA = "merged", p.now, schema.Hash{}, schema.Hash{}
	g, err := j.gather(ctx, landing{start: 0, end: 1, request: &mr}, 0)
	if err != nil {
		return schema.Verdict{}, err
	}
	g.facts.Mixed = false // strays has looked: on the ref, control files may have changed since the branch was cut
	return j.evaluate(g.facts), nil
}
