package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// Proposer opens, changes and closes merge requests in sluice's own name. What it does is never part of a decision.
type Proposer interface {
	// Host is the forge, as the trust's accounts name it.
	Host() string
	// Propose makes sure that a merge request is open from the proposal's branch, with its words; one that is open already is
	// taken over. schema.ErrTryLater is wrapped where the forge has not seen the branch yet.
	Propose(ctx context.Context, p schema.Proposal) (iid int64, err error)
	// Refused is the merge request from that branch which a person closed and so said no, at whatever commit; 0 where none did.
	// In doubt it was a person.
	Refused(ctx context.Context, sourceRef, targetRef string) (iid int64, err error)
	// Withdraw closes a merge request of ours with a word why, and deletes its branch.
	Withdraw(ctx context.Context, iid int64, ref, why string) error
}

// CommitSigner signs raw commits, as [signing.SSHSigner] does.
type CommitSigner interface {
	SignCommit(unsigned []byte) ([]byte, error)
}

// mostProposals bounds what one pass opens, renews and closes; the next one goes on.
const mostProposals = 10

// promotionPrefix and rollbackPrefix begin the branches that carry one app's way into one stage (RULES R8).
const (
	promotionPrefix = "refs/heads/sluice/promote/"
	rollbackPrefix  = "refs/heads/sluice/rollback/"
)

// PromotionRef is the branch that proposes a revision to a stage: the same whoever makes it.
func PromotionRef(cell schema.Cell, rev schema.Revision) string {
	return proposalRef(promotionPrefix, cell, rev)
}

// RollbackRef is the branch that proposes to go back to a revision.
func RollbackRef(cell schema.Cell, rev schema.Revision) string {
	return proposalRef(rollbackPrefix, cell, rev)
}

func proposalRef(prefix string, cell schema.Cell, rev schema.Revision) string {
	digest := schema.Digest(rev).Hex()
	if len(digest) > 12 {
		digest = digest[:12]
	}
	if rev == schema.None {
		digest = string(schema.None)
	}
	return prefix + string(cell.Stage) + "/" + string(cell.App) + "/" + digest
}

// proposedCell reads the stage and the app from the name of such a branch.
func proposedCell(prefix, ref string) (schema.Cell, bool) {
	rest, ok := strings.CutPrefix(ref, prefix)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) < 3 {
		return schema.Cell{}, false
	}
	app, err := schema.ParseApp(strings.Join(parts[1:len(parts)-1], "/"))
	return schema.Cell{Stage: schema.StageName(parts[0]), App: app}, err == nil
}

// propose opens merge requests for what may go on to the next stage, renews those whose target moved, and closes those that
// nobody needs any more. It never stops a pass: what fails is logged, and looked at again by the next one.
func (p *pass) propose(ctx context.Context) {
	if p.cfg.Proposer == nil || p.cfg.BotKey == nil || p.refs == nil {
		return
	}
	if err := p.proposeAll(ctx); err != nil && ctx.Err() == nil {
		p.tellOnce("proposals", "merge requests for promotions were not looked after", "error", err)
	} else {
		delete(p.told, "proposals")
	}
}

func (p *pass) proposeAll(ctx context.Context) error {
	apps, err := p.prospects(ctx)
	if err != nil {
		return err
	}
	open, err := p.opened(ctx)
	if err != nil {
		return err
	}
	have := map[string]schema.MergeRequest{}
	for _, mr := range open {
		if strings.HasPrefix(mr.SourceRef, promotionPrefix) {
			have[mr.SourceRef] = mr
		}
	}
	todo := wanted(p.rules.project, apps)
	left := mostProposals
	p.withdrawAll(ctx, apps, todo, have, &left)
	name := func(c Candidate) string { return c.Cell.String() }
	for _, c := range order(p.proposing, todo, name) {
		if left == 0 {
			return nil
		}
		acted, err := p.proposeOne(ctx, c, have)
		if acted || err != nil {
			p.proposing[name(c)] = p.now
		}
		key := "proposal " + c.Cell.String() + " " + string(c.Revision)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			p.tellOnce(key, "promotion is not proposed", "cell", c.Cell.String(), "revision", c.Revision.String(), "reason", err)
			p.unproposed[c.Cell] = unproposed{revision: c.Revision, why: err.Error()}
		default:
			delete(p.told, key)
			delete(p.unproposed, c.Cell)
		}
		if acted {
			left--
		}
	}
	return nil
}

// prospects groups the ledger's state by app.
func (p *pass) prospects(ctx context.Context) (map[schema.App]prospects, error) {
	since := p.ledger.Head().Control.Regrouped
	as := reviser{ledger: p.ledger, local: p.rules.project.StageLocal, since: since, known: p.revisions(since)}
	return prospectsOf(ctx, p.ledger, p.rules.project, as, p.now)
}

func prospectsOf(ctx context.Context, l *ledger.Ledger, project schema.Project, as reviser, now time.Time) (map[schema.App]prospects, error) {
	states, err := l.Cells(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state: %w", err)
	}
	head, refs := l.Head(), l.Refs()
	out := map[schema.App]prospects{}
	for _, s := range states {
		if !hasCell(project, s) {
			continue
		}
		if s, err = as.state(ctx, s); err != nil {
			return nil, err
		}
		app, ok := out[s.App]
		if !ok {
			app = prospects{
				project: project, app: s.App, states: map[schema.StageName]ledger.State{},
				suspended: head.Suspended, incidents: refs.Incident, now: now,
			}
			out[s.App] = app
		}
		app.states[s.Stage] = s
	}
	return out, nil
}

// wanted lists the promotions that sluice proposes by itself: one for a cell at most, in the order of app and stage.
func wanted(project schema.Project, apps map[schema.App]prospects) []Candidate {
	var out []Candidate
	for _, stage := range project.Stages {
		if !stage.Proposes {
			continue
		}
		for _, app := range apps {
			if c, why := app.candidate(stage); why == "" {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b Candidate) int { return strings.Compare(a.Cell.String(), b.Cell.String()) })
	return out
}

// withdrawAll closes those of our own that are open for something that is not wanted any more.
func (p *pass) withdrawAll(ctx context.Context, apps map[schema.App]prospects, todo []Candidate, have map[string]schema.MergeRequest, left *int) {
	for ref, mr := range have {
		why := p.superfluous(mr, apps, todo)
		if why == "" || *left == 0 || p.botCommit(ctx, mr.Head) == notBots {
			continue
		}
		*left--
		if err := p.cfg.Proposer.Withdraw(ctx, mr.IID, ref, why); err != nil {
			p.tellOnce("withdraw "+ref, "merge request was not closed", "merge_request", mr.IID, "error", err)
			continue
		}
		p.cfg.Log.Info("closed a promotion's merge request", "merge_request", mr.IID, "why", why)
		delete(have, ref)
	}
}

// superfluous says why an open merge request for a promotion is not needed any more.
func (p *pass) superfluous(mr schema.MergeRequest, apps map[schema.App]prospects, todo []Candidate) string {
	cell, ok := proposedCell(promotionPrefix, mr.SourceRef)
	if !ok {
		return ""
	}
	stage, ok := p.rules.project.Stage(cell.Stage)
	if !ok {
		return fmt.Sprintf("the project has no stage %s any more", cell.Stage)
	}
	if p.rules.project.Ref(stage) != mr.TargetRef {
		return fmt.Sprintf("%s lies on %s now", stage.Name, branchName(p.rules.project.Ref(stage)))
	}
	for _, c := range todo {
		if c.Cell == cell && PromotionRef(cell, c.Revision) != mr.SourceRef {
			return fmt.Sprintf("a newer revision, %s, is live in %s", c.Revision, c.From)
		}
	}
	app := apps[cell.App]
	for _, state := range app.states {
		for _, a := range state.Revisions {
			if PromotionRef(cell, a.Revision) == mr.SourceRef {
				return app.stillRight(stage, a.Revision)
			}
		}
	}
	return fmt.Sprintf("no stage that leads to %s has it", stage.Name)
}

func branchName(ref string) string { return strings.TrimPrefix(ref, "refs/heads/") }
