package reconciler

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// maxSkew is how far this machine's clock may be from the forge's before time-bound policies answer nothing (RULES R37).
const maxSkew = 5 * time.Minute

func (p *pass) acceptance() signing.Acceptance {
	if p.ledger == nil { // a checkout without the ledger's branch
		return signing.Acceptance{At: p.now}
	}
	return signing.Acceptance{At: p.now, LastSeq: p.ledger.Head().Size}
}

// judge collects the facts of one landing for the cell, asks the gate, and makes the entry that says so. after is the
// position from which commits count.
func (c *cellJudge) judge(ctx context.Context, l landing, after int) (*judged, error) {
	g, err := c.gather(ctx, l, after)
	if err != nil {
		return nil, err
	}
	return c.decide(ctx, g.facts, g.bound, g.to, g.from)
}

// gathered is what a landing is decided by.
type gathered struct {
	facts policies.Facts
	bound bound
	to    cellFiles
	from  schema.Manifest
}

// gather collects the facts of one landing.
func (c *cellJudge) gather(ctx context.Context, l landing, after int) (g gathered, err error) {
	if g.to, err = c.at(ctx, l.end); err != nil {
		return g, err
	}
	if g.from, err = c.admittedManifest(ctx); err != nil {
		return g, err
	}
	h, err := c.fullHistory(ctx)
	if err != nil {
		return g, err
	}
	change, unproven, err := c.classified(ctx, h, g.from, g.to)
	if err != nil {
		return g, err
	}
	unlinked, err := c.noEdge(ctx, h, &change)
	if err != nil {
		return g, err
	}
	if g.bound, err = c.bind(ctx, c, l, after); err != nil {
		return g, err
	}
	if g.facts, err = c.facts(ctx, h, l, g.bound, change, g.to); err != nil {
		return g, err
	}
	g.facts.Unlinked, g.facts.Before, g.facts.After = unlinked, g.from, g.to.manifest
	g.facts.Unproven = unproven
	if g.facts.Excluded, err = c.carriedBy(ctx, h, change, g.from, g.to.manifest); err != nil {
		return g, err
	}
	if c.comparesValues(change) {
		if g.facts.Was, err = c.filesBefore(ctx); err != nil {
			return g, err
		}
	}
	if c.asksForApps(change) {
		if g.facts.Apps, err = c.appsOf(ctx, l); err != nil {
			return g, err
		}
	}
	g.facts.Signed, g.bound.tags, err = c.signedApprovals(ctx, c.cell, g.to.side.Content, l.request)
	return g, err
}

// comparesValues reports whether the gate of a change asks what values were.
func (c *cellJudge) comparesValues(change schema.Change) bool {
	return c.rules.gate(c.stage.Name, change.Kind).compares || change.Tune && c.rules.gate(c.stage.Name, schema.Tune).compares
}

// filesBefore reads the files as they were admitted. Where they cannot be had it returns none: the policy that asks for them
// holds, and compares what it gets with the manifest that was admitted.
func (c *cellJudge) filesBefore(ctx context.Context) (map[string][]byte, error) {
	a := c.state.Admitted
	if a.Content == schema.NoContent || a.Commit.IsZero() {
		return nil, nil
	}
	files, err := c.filesAt(ctx, a.Commit)
	if err != nil || files.side.Content != a.Content {
		if files.manifest, err = c.admittedTree(ctx, c.cell, a); err != nil {
			return nil, ctx.Err()
		}
	}
	was, err := c.contents(ctx, files)
	if err != nil {
		return nil, ctx.Err()
	}
	return was, nil
}

func (c *cellJudge) facts(ctx context.Context, h history, l landing, b bound, change schema.Change, to cellFiles) (policies.Facts, error) {
	var err error
	if l.request, err = c.reported(ctx, change, l.request); err != nil {
		return policies.Facts{}, err
	}
	f := policies.Facts{
		Now: c.now, Cell: c.cell, Ref: c.ref, Change: change, Landing: b.landing, Commits: b.commits,
		MergeRequest: l.request, Trust: c.rules.trust, Problems: c.problems(to), Schemas: c.rules.files,
		Retirement: c.rules.retirement(c.cell.App),
	}
	if f.Mixed, err = c.mixed(ctx, l); err != nil {
		return f, err
	}
	misplaced, err := c.misplaced(ctx, l)
	if err != nil {
		return f, err
	}
	f.Problems = append(f.Problems, misplaced...)
	if f.Files, err = c.contents(ctx, to); err != nil {
		return f, err
	}
	f.Misfits = c.misfits(f.Files, to)
	f.Rollbacks = rollbacksOf(h.project, c.state, h.others)
	f.Gate, f.Admitted = c.rules.gate(c.stage.Name, change.Kind).digest, c.state.Admitted.Seq
	if change.Source != nil {
		f.Live = change.Source.LiveSeq
	}
	if f.Suspended, err = c.suspended(ctx); err != nil {
		return f, err
	}
	if c.asksForGuards(change) {
		if f.Guards, err = c.guards(ctx); err != nil {
			return f, err
		}
	}
	if err := c.addHealth(ctx, &f); err != nil {
		return f, err
	}
	if l.request == nil {
		return f, nil
	}
	if at := l.request.AsOf; !at.IsZero() && (c.now.Sub(at) > maxSkew || at.Sub(c.now) > maxSkew) {
		f.ClockSkew = at.Sub(c.now).Round(time.Second)
	}
	if f.Approvals, err = c.approvals(ctx, *l.request, l.from(c.chain)); err != nil || change.Kind != schema.Rollback {
		return f, err
	}
	f.Approvals, err = c.aboveHeld(ctx, l, change.From.Content, f.Approvals)
	return f, err
}

// admittedManifest reads the files that the cell was admitted with.
func (c *cellJudge) admittedManifest(ctx context.Context) (schema.Manifest, error) {
	a := c.state.Admitted
	if a.Seq == 0 || a.Content == schema.NoContent {
		return nil, nil
	}
	for _, d := range c.result {
		if schema.DigestOf(d.manifest) == a.Manifest {
			return schema.ParseManifest(d.manifest)
		}
	}
	encoded, err := c.ledger.EvidenceOf(ctx, a.Seq, a.Manifest)
	if err != nil {
		return nil, fmt.Errorf("manifest admitted by entry #%d: %w", a.Seq, err)
	}
	return schema.ParseManifest(encoded)
}

// suspended says what pins the cell: itself, or its stage. It ends by itself.
func (c *cellJudge) suspended(ctx context.Context) (*policies.Suspension, error) {
	for _, s := range []*ledger.Suspension{c.state.Suspended, stageSuspension(c.ledger.Head(), c.cell.Stage)} {
		if s == nil || s.Until == nil || !c.now.Before(*s.Until) {
			continue
		}
		e, _, err := c.ledger.Entry(ctx, s.Seq)
		if err != nil {
			return nil, fmt.Errorf("suspension of %s: %w", c.cell, err)
		}
		return &policies.Suspension{Entry: s.Seq, Until: *s.Until, Reason: e.Order.Reason}, nil
	}
	return nil, nil
}

func stageSuspension(head ledger.Head, stage schema.StageName) *ledger.Suspension {
	if s, ok := head.Suspended[stage]; ok {
		return &s
	}
	return nil
}

func (c *cellJudge) otherStages(ctx context.Context) (map[schema.StageName]ledger.State, error) {
	out := map[schema.StageName]ledger.State{}
	for _, s := range c.rules.project.Stages {
		if s.Name == c.cell.Stage {
			continue
		}
		state, ok, err := c.ledger.Cell(ctx, schema.Cell{Stage: s.Name, App: c.cell.App})
		if err != nil {
			return nil, fmt.Errorf("read the ledger's state of %s in %s: %w", c.cell.App, s.Name, err)
		}
		if !ok {
			continue
		}
		if out[s.Name], err = c.revised(ctx, state); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *cellJudge) contents(ctx context.Context, to cellFiles) (map[string][]byte, error) {
	out := make(map[string][]byte, len(to.manifest))
	for _, f := range to.manifest {
		data, err := c.cfg.Repository.Blob(ctx, f.Blob)
		if err != nil {
			return nil, fmt.Errorf("read %s/%s: %w", c.path, f.Path, err)
		}
		out[f.Path] = data
	}
	return out, nil
}

func sameFiles(a, b schema.Manifest) bool { return a.Content() == b.Content() }
