package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// proposeOne makes sure that a promotion is proposed: a commit by the robot on its branch, and a merge request from there.
// acted says that something was done at the forge or its repository.
func (p *pass) proposeOne(ctx context.Context, c Candidate, have map[string]schema.MergeRequest) (acted bool, err error) {
	stage, _ := p.rules.project.Stage(c.Cell.Stage)
	branch := PromotionRef(c.Cell, c.Revision)
	mr, open := have[branch]
	if iid := p.refused[branch]; iid != 0 && !open {
		return false, closedByPerson(iid)
	}
	j, err := p.cellJudge(ctx, stage, c.Cell.App)
	if err != nil {
		return false, err
	}
	made, err := p.cutCandidate(ctx, j, c)
	if err != nil {
		return false, err
	}
	head := p.refs[branch]
	if open && mr.Head != head {
		return false, nil // the forge and Git do not say the same yet
	}
	fits := false
	if !head.IsZero() {
		if fits, err = made.fits(ctx, j, head); err != nil {
			return false, err
		}
		fits = fits && (p.outrun[branch] != head || made.onTop(ctx, p.cfg.Repository, head))
		switch by := p.botCommit(ctx, head); {
		case by == notBots && open:
			return false, nil // somebody proposes it already
		case by == notBots:
			return false, reason(fmt.Sprintf("the branch %s is not ours: open a merge request from it, or delete it", branchName(branch)))
		case fits && by == botSigned && open:
			return false, nil
		default:
			fits = fits && by == botSigned
		}
	}
	if !open {
		if err := p.mayPropose(ctx, branch, p.rules.project.Ref(stage)); err != nil {
			return true, err
		}
	}
	if !fits {
		if head, err = p.commit(ctx, j, c, made, branch, head); err != nil {
			return false, err
		}
	}
	return true, p.openOne(ctx, c, made, branch, head)
}

// mayPropose asks the forge, once in a life, whether a person said no. It is asked before anything is pushed: the branch that
// somebody deleted stays deleted.
func (p *pass) mayPropose(ctx context.Context, branch, targetRef string) error {
	iid, err := p.cfg.Proposer.Refused(ctx, branch, targetRef)
	if err != nil || iid == 0 {
		return err
	}
	p.refused[branch] = iid
	return closedByPerson(iid)
}

// closedByPerson is the merge request with which a person said no to a promotion.
type closedByPerson int64

func (c closedByPerson) Error() string {
	return fmt.Sprintf("a person closed its merge request !%d", int64(c))
}

// cutCandidate makes the change that a promotion is.
func (p *pass) cutCandidate(ctx context.Context, j *cellJudge, c Candidate) (cut, error) {
	from, _, err := p.ledger.Cell(ctx, schema.Cell{Stage: c.From, App: c.Cell.App})
	if err != nil {
		return cut{}, fmt.Errorf("read the ledger's state of %s in %s: %w", c.Cell.App, c.From, err)
	}
	if from.Admitted.Seq != c.Seq {
		return cut{}, fmt.Errorf("%s in %s is at entry #%d, not #%d", c.Cell.App, c.From, from.Admitted.Seq, c.Seq)
	}
	files, err := p.admittedTree(ctx, schema.Cell{Stage: c.From, App: c.Cell.App}, from.Admitted)
	if err != nil {
		return cut{}, err
	}
	if files.Revision(p.rules.project.StageLocal) != c.Revision {
		return cut{}, fmt.Errorf("what %s has of %s is not %s", c.From, c.Cell.App, c.Revision)
	}
	return p.cutAt(ctx, j, files)
}

// commit signs the cut with the robot's key and pushes it to its branch, unless the gate would deny it in any case.
func (p *pass) commit(ctx context.Context, j *cellJudge, c Candidate, made cut, branch string, old schema.Hash) (schema.Hash, error) {
	project := p.ledger.Head().Project
	raw, err := p.cfg.BotKey.SignCommit(made.commit("sluice <sluice@"+project+">", p.now.Unix(), commitMessage(c)))
	if err != nil {
		return schema.Hash{}, fmt.Errorf("sign the commit: %w", err)
	}
	object := schema.NewObject(schema.CommitObject, raw)
	objects := append(slices.Clone(made.objects), object)
	if err := p.cfg.Repository.Write(ctx, objects); err != nil {
		return schema.Hash{}, fmt.Errorf("keep the commit: %w", err)
	}
	if why, err := p.hopeless(ctx, j, made.tip, object.ID); err != nil || why != "" {
		return schema.Hash{}, errors.Join(err, asReason(why))
	}
	if err := p.cfg.Repository.Push(ctx, branch, old, object.ID, objects); err != nil {
		return schema.Hash{}, fmt.Errorf("push %s: %w", branchName(branch), err)
	}
	p.refs[branch] = object.ID
	return object.ID, nil
}

// commit is the raw commit, unsigned.
func (c cut) commit(who string, at int64, message string) []byte {
	return fmt.Appendf(nil, "tree %s\nparent %s\nauthor %s %d +0000\ncommitter %s %d +0000\n\n%s", c.tree, c.tip, who, at, who, at, message)
}

func commitMessage(c Candidate) string {
	return fmt.Sprintf("Promote %s to %s: %s\n\nWhat %s has since entry #%d of the ledger, in place of the promoted files.\nStage-local files stay as they are.\n",
		c.Cell.App, c.Cell.Stage, c.Revision, c.From, c.Seq)
}

// hopeless says why no merge request with this commit could ever be let in: what only another change can mend, or a robot
// that may not sign it. The judge says so, the same that would judge the landing.
func (p *pass) hopeless(ctx context.Context, j *cellJudge, tip, head schema.Hash) (string, error) {
	judge := newCellJudge(p, j.stage, j.cell.App)
	judge.state, judge.chain = j.state, []schema.Hash{tip, head}
	g, err := judge.gather(ctx, landing{start: 0, end: 1}, 0)
	if err != nil {
		return "", err
	}
	for _, part := range judge.evaluate(g.facts).Parts {
		if part.Policy == "merge-request" || part.Outcome == schema.Allow {
			continue
		}
		if missing := part.Missing(); part.Outcome == schema.Deny || part.Policy == "signed" {
			code := part.Code
			if len(missing) > 0 {
				code = missing[0].Code
			}
			return fmt.Sprintf("its gate would not let it in [%s]", code), nil
		}
	}
	return "", nil
}

// openOne asks the forge for the merge request.
func (p *pass) openOne(ctx context.Context, c Candidate, made cut, branch string, head schema.Hash) error {
	proposal, err := p.proposal(ctx, c, made, branch, head)
	if err != nil {
		return err
	}
	iid, err := p.cfg.Proposer.Propose(ctx, proposal)
	switch {
	case errors.Is(err, schema.ErrTryLater):
		p.cfg.Log.Debug("promotion is proposed later", "cell", c.Cell.String(), "reason", err)
		return nil
	case err != nil:
		return err
	}
	p.cfg.Log.Info("proposed a promotion", "cell", c.Cell.String(), "from", c.From, "revision", c.Revision.String(), "merge_request", iid)
	p.open = nil // the page shows it
	return nil
}

// botHand says how far a commit is the robot's.
type botHand int

const (
	notBots   botHand = iota
	botStale          // signed by the robot, and the signature is too old to count
	botSigned         // signed by the robot
)

// botCommit tells our own commits from those of people by the key that signed them (THREATS 88).
func (p *pass) botCommit(ctx context.Context, id schema.Hash) botHand {
	_, raw, err := p.cfg.Repository.Object(ctx, id)
	if err != nil {
		return notBots
	}
	v := p.rules.keyring.Commit(id, raw, p.acceptance())
	who, ok := p.rules.trust.Principal(v.Principal)
	switch {
	case !ok || !slices.ContainsFunc(who.Roles, func(r schema.Role) bool { return r.Name == schema.RoleBot }):
		return notBots
	case v.OK():
		return botSigned
	case v.Code == signing.CodeSignatureTooOld:
		return botStale
	}
	return notBots
}
