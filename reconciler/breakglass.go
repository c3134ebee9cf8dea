package reconciler

import (
	"context"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// breakGlass lets one content into one cell without its gate, because enough release principals signed that (RULES R19). It
// asks everything that no emergency excuses: the content is the one they signed, stands at the ref's tip, replaces what they
// saw, can be delivered, and rests on no stolen key.
func (p *pass) breakGlass(ctx context.Context, a asked) ([]judged, error) {
	stage, err := p.inProject(a)
	if err != nil {
		return nil, err
	}
	c, err := p.cellJudge(ctx, stage, a.Cell.App)
	if err != nil {
		return nil, err
	}
	if err := p.standsOnRef(ctx, c, a); err != nil {
		return nil, err
	}
	to, err := c.at(ctx, len(c.chain)-1)
	if err != nil {
		return nil, err
	}
	from, err := c.admittedManifest(ctx)
	if err != nil {
		return nil, err
	}
	h, err := c.fullHistory(ctx)
	if err != nil {
		return nil, err
	}
	local := c.rules.project.StageLocal
	facts := policies.Facts{
		Now: p.now, Cell: c.cell, Ref: c.ref, Trust: p.rules.trust,
		Change: h.classify(c.admitted(), to.side, !sameFiles(from.Local(local), to.manifest.Local(local))),
	}
	if facts.Files, err = c.contents(ctx, to); err != nil {
		return nil, err
	}
	if err := deliverableNow(c, h, to, facts); err != nil {
		return nil, err
	}
	b := bound{landing: schema.Landing{Ref: c.ref, Base: c.chain[0], Start: c.chain[0], Tip: a.New, Method: schema.Direct}}
	if b, err = p.withCommits(ctx, c, b, c.chain[0], a.New); err != nil {
		return nil, err
	}
	facts.Commits = b.commits
	return c.letIn(ctx, a, facts, b, to, from)
}

// standsOnRef checks that the request is about what the cell is now, and leaves the way from its base to there in the chain.
func (p *pass) standsOnRef(ctx context.Context, c *cellJudge, a asked) error {
	seen, tip := p.ledger.Refs().Seen[c.ref], p.refs[c.ref]
	code, err := p.movement(ctx, seen, tip)
	switch {
	case err != nil:
		return err
	case a.Ref != c.ref:
		return refused(signing.CodeEvidenceContext, "%s lies on %s, not on %s", c.cell.Stage, c.ref, a.Ref)
	case code != "" || tip.IsZero():
		return refused(signing.CodeRequestRefused, "%s cannot be followed [%s]", c.ref, code)
	case a.From != c.admitted().Content:
		return refused(signing.CodeEvidenceContext, "what is admitted is not what they signed from")
	case c.state.Admitted.Seq > a.Seen.Size: // the same step again, after a rollback, is another emergency
		return refused(signing.CodeEvidenceContext, "they signed before entry #%d", c.state.Admitted.Seq)
	}
	on, err := p.cfg.Repository.IsAncestor(ctx, a.New, tip)
	if err != nil {
		return err
	}
	if !on {
		return refused(signing.CodeRequestRefused, "%s is not on %s: merge or push it there, the request lets it in", short(a.New), c.ref)
	}
	for _, at := range []schema.Hash{tip, a.New} {
		c.chain = []schema.Hash{at}
		have, err := c.at(ctx, 0)
		if err != nil {
			return err
		}
		if have.side.Content != a.To {
			return refused(signing.CodeEvidenceContext, "%s holds other content at %s than they signed", c.cell, short(at))
		}
	}
	base := seen
	if c.state.Held != nil {
		base = c.state.Held.Base
	}
	if base.IsZero() {
		base = a.New
	}
	c.chain, err = positions(ctx, p.cfg.Repository, base, a.New)
	return err
}

// deliverableNow refuses what no emergency makes possible.
func deliverableNow(c *cellJudge, h history, to cellFiles, f policies.Facts) error {
	_, err := schema.ParseApp(string(c.cell.App))
	switch {
	case len(to.problems) > 0:
		return refused(to.problems[0].Code, "%s/%s cannot be configuration", c.path, to.problems[0].Path)
	case err != nil:
		return refused("name", "%s cannot be configuration: %v", c.path, err)
	case h.tainted(to.side.Revision):
		return refused("tainted", "%s is tainted until the roots acknowledge it", to.side.Revision)
	}
	if misfits := c.misfits(f.Files, to); len(misfits) > 0 {
		return refused(misfits[0].Code, "the targets of %s cannot hold it", c.cell.Stage)
	}
	return nil
}

// letIn makes the entry: an admission of its own kind, with the request as its evidence and its authors excluded later on.
func (c *cellJudge) letIn(ctx context.Context, a asked, f policies.Facts, b bound, to cellFiles, from schema.Manifest) ([]judged, error) {
	verdict := schema.Verdict{Policy: "break-glass", Outcome: schema.Allow, Args: map[string]string{
		"by": strings.Join(a.order.By, ", "), "until": a.Until.UTC().Format(time.RFC3339), "review": a.Review.UTC().Format(time.RFC3339),
	}}
	e := a.entry(ledger.BreakGlass)
	e.Order.Review = instantOf(a.Review)
	e.Decision = &ledger.Decision{
		Change: f.Change, Landing: b.landing, Verdict: verdict, Trust: c.rules.trust.Root.Version, Control: c.rules.seq,
		Gate: c.rules.gate(c.stage.Name, f.Change.Kind).digest, Commits: b.commits,
	}
	out := &judged{entry: e, evidence: a.evidence}
	if err := c.addEvidence(ctx, out, f, b); err != nil {
		return nil, err
	}
	c.addAdmission(out, f, to, from)
	out.entry.Decision.Authors = append(out.entry.Decision.Authors, a.order.By...)
	out.entry.Decision.Operator = strings.Join(a.order.By, ", ")
	return []judged{*out}, nil
}
