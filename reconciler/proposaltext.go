package reconciler

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

// Bounds of what a proposal says and whom it asks.
const (
	mostKeys      = 50
	mostReviewers = 20
)

// proposal writes the merge request for a promotion.
func (p *pass) proposal(ctx context.Context, c Candidate, made cut, branch string, head schema.Hash) (schema.Proposal, error) {
	out := schema.Proposal{
		SourceRef: branch, TargetRef: made.ref, Head: head, Title: PromotionTitle(c),
		Labels: []string{"sluice", "promote to " + string(c.Cell.Stage)},
	}
	edits, err := p.editsOf(ctx, made)
	if err != nil {
		return out, err
	}
	from, _, err := p.ledger.Cell(ctx, c.Cell)
	if err != nil {
		return out, fmt.Errorf("read the ledger's state of %s: %w", c.Cell, err)
	}
	out.Description = promotionText(c, from.Admitted, edits) + robotText(c)
	out.Reviewers, err = p.reviewers(ctx, c)
	return out, err
}

// PromotionTitle is the title of a promotion's merge request. Names of apps and stages cannot be markup.
func PromotionTitle(c Candidate) string {
	return fmt.Sprintf("Promote %s to %s (%s)", c.Cell.App, c.Cell.Stage, c.Revision)
}

// editsOf names the keys that a cut changes.
func (p *pass) editsOf(ctx context.Context, made cut) ([]diff.Edit, error) {
	var sides [2]map[string][]byte
	for i, files := range []schema.Manifest{made.before.manifest, made.after} {
		sides[i] = map[string][]byte{}
		for _, f := range files {
			data, err := p.cfg.Repository.Blob(ctx, f.Blob)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", f.Path, err)
			}
			sides[i][f.Path] = data
		}
	}
	edits, _ := diff.Keys(sides[0], sides[1])
	return edits, nil
}

// promotionText is the description: what, from where, which keys, and how to look at it. Values are not in it.
func promotionText(c Candidate, now ledger.Admission, edits []diff.Edit) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s of %s has been live in %s since entry #%d of the ledger. This merge request puts it into %s.", c.Revision, c.Cell.App, c.From, c.LiveSeq, c.Cell.Stage)
	line("")
	line("| | |\n|---|---|")
	line("| app | %s |", note.Code(string(c.Cell.App)))
	line("| from | %s, admitted there by entry #%d |", c.From, c.Seq)
	line("| to | %s, which has %s |", c.Cell.Stage, had(now))
	line("| revision | %s |", note.Code(string(c.Revision)))
	keysText(line, edits)
	line("")
	line("Look at it:")
	line("")
	line("    git fetch origin")
	line("    sluice diff %s %s %s", c.Cell.Stage, c.From, c.Cell.App)
	line("    sluice history %s", c.Cell.App)
	line("    sluice why %s %s", c.Cell.App, c.Cell.Stage)
	return b.String()
}

// robotText says whose commit it is where the reconciler made it.
func robotText(c Candidate) string {
	return fmt.Sprintf("\nIts one commit is signed by the reconciler's robot, which may only copy what was admitted in %s. Stage-local files of %s stay as they are.\n", c.From, c.Cell.Stage)
}

func had(a ledger.Admission) string {
	if a.Seq == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%s by entry #%d", a.Revision, a.Seq)
}

func keysText(line func(string, ...any), edits []diff.Edit) {
	if len(edits) == 0 {
		return
	}
	line("")
	line("| | key that changes |\n|---|---|")
	for i, e := range edits {
		if i == mostKeys {
			line("| | and %d more |", len(edits)-i)
			return
		}
		line("| %s | %s |", e.Op, note.Code(e.Key))
	}
}

// reviewers are the forge accounts of the people whose approval the gate would count: those with its roles who did not work
// on what is promoted.
func (p *pass) reviewers(ctx context.Context, c Candidate) ([]int64, error) {
	stage, _ := p.rules.project.Stage(c.Cell.Stage)
	own, _, err := p.ledger.Cell(ctx, c.Cell)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state of %s: %w", c.Cell, err)
	}
	from, _, err := p.ledger.Cell(ctx, schema.Cell{Stage: c.From, App: c.Cell.App})
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state of %s in %s: %w", c.Cell.App, c.From, err)
	}
	authors := carried(own, from, c.Seq)
	host := p.cfg.Proposer.Host()
	var out []int64
	for _, person := range p.rules.trust.Principals {
		if slices.Contains(authors, person.ID) || person.Has(schema.RoleBot, c.Cell) || !mayApprove(stage.Gates.Promote, person, c.Cell) {
			continue
		}
		for _, account := range person.Forge {
			if account.Host == host && len(out) < mostReviewers {
				out = append(out, account.UserID)
			}
		}
	}
	return out, nil
}

// mayApprove reports whether a gate asks for approvals that the person could give.
func mayApprove(gate schema.Gate, person schema.Principal, cell schema.Cell) bool {
	for _, spec := range gate {
		if spec.Name != "approvals" {
			continue
		}
		policy, err := policies.New(spec)
		asked, ok := policy.(policies.Approvals)
		if err == nil && ok && asked.Observed+asked.Signed > 0 && asked.MayApprove(person, cell) {
			return true
		}
	}
	return false
}
