package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// cameBack is the control entry since which a stage is in the project; 0 where it always was. What was admitted there before that entry
// was not watched for a while (RULES R29). Of a project file that cannot be read nobody knows whether it had the stage, so it counts as
// one that had not: where nothing was missed, looking finds nothing.
func (p *pass) cameBack(ctx context.Context, stage schema.StageName) (int64, error) {
	former, err := p.formerProjects(ctx)
	if err != nil {
		return 0, err
	}
	for i := 1; i < len(former); i++ {
		if _, there := former[i].project.Stage(stage); !there {
			return former[i-1].seq, nil
		}
	}
	return 0, nil
}

// returnedIn lists apps that changed in Git while their stage was out of the project, though nothing brings them now: in the directory
// layout the ref is followed meanwhile. It looks once after a start and after each change of the rules.
func (p *pass) returnedIn(ctx context.Context, stage schema.Stage, tip schema.Hash) ([]schema.App, error) {
	if p.looked[stage.Name] == p.rules.seq {
		return nil, nil
	}
	back, err := p.cameBack(ctx, stage.Name)
	if err != nil || back == 0 {
		return nil, err
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state: %w", err)
	}
	var out []schema.App
	for _, s := range states {
		if s.Stage != stage.Name || s.Held != nil || s.Admitted.Seq == 0 || s.Admitted.Seq >= back || !p.rules.has(s) {
			continue
		}
		changed, err := p.changedSince(ctx, s, p.rules.project.CellPath(stage, s.App), tip)
		if err != nil {
			return nil, err
		}
		if changed {
			out = append(out, s.App)
		}
	}
	return out, nil
}

// changedSince reports whether another tree is in a cell's place than where it was admitted.
func (p *pass) changedSince(ctx context.Context, s ledger.State, path string, tip schema.Hash) (bool, error) {
	was, err := entryAt(ctx, p.cfg.Repository, s.Admitted.Commit, path)
	if err != nil {
		return false, err
	}
	is, err := entryAt(ctx, p.cfg.Repository, tip, path)
	return was.ID != is.ID, err
}

// beforeAway is the position to judge a cell from that was admitted before its stage left the project: the last one that holds what was
// admitted. What landed since is judged as if the stage had not been away. A cell without one lies in another place now.
func (c *cellJudge) beforeAway(ctx context.Context, seen schema.Hash) (schema.Hash, error) {
	back, err := c.cameBack(ctx, c.cell.Stage)
	if err != nil || c.state.Admitted.Seq >= back || c.state.Admitted.Commit.IsZero() {
		return seen, err
	}
	if c.chain, err = positions(ctx, c.cfg.Repository, c.state.Admitted.Commit, seen); err != nil {
		return seen, err
	}
	at, err := c.lastAdmitted(ctx, 0, len(c.chain)-1)
	if err != nil || at < 0 {
		return seen, err
	}
	return c.chain[at], nil
}
