package reconciler

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// CellChange is what a commit would change in one cell, judged by the ledger and the rules in force as a pass judges it.
type CellChange struct {
	Cell     schema.Cell
	Ref      string // full name of the stage's ref
	Path     string // of the cell on it
	Change   schema.Change
	Gate     schema.Digest   // of the gate that is asked for that kind of change
	Admitted ledger.State    // of the cell
	Manifest schema.Manifest // of the content that the commit has
	Problems []schema.Problem
	// Commits are those since the base that change the cell, and Authors everybody who worked on it, in this change or in what
	// a promotion carries along: they cannot approve it.
	Commits []schema.CommitVerdict
	Authors []string
	facts   policies.Facts
	gate    gate
}

// Change compares the cell at a commit with what is admitted. Commits count from base on; a zero base is where the cell was
// admitted.
func (c *Clone) Change(ctx context.Context, repo Repository, cell schema.Cell, base, commit schema.Hash, now time.Time) (CellChange, error) {
	stage, ok := c.Project.Stage(cell.Stage)
	if !ok {
		return CellChange{}, fmt.Errorf("stage %s: the project has none", cell.Stage)
	}
	j, err := c.pass(repo, now).cellJudge(ctx, stage, cell.App)
	if err != nil {
		return CellChange{}, err
	}
	if base.IsZero() {
		base = j.state.Admitted.Commit
	}
	out, err := j.change(ctx, base, commit)
	if err != nil {
		return CellChange{}, fmt.Errorf("compare %s at %s with what is admitted: %w", cell, commit.Short(), err)
	}
	return out, nil
}

// change collects the facts that a clone can know; what the forge says is not among them.
func (c *cellJudge) change(ctx context.Context, base, commit schema.Hash) (CellChange, error) {
	tree, err := c.treeAt(ctx, commit)
	if err != nil {
		return CellChange{}, err
	}
	to, err := c.filesOf(ctx, tree)
	if err != nil {
		return CellChange{}, err
	}
	from, err := c.admittedManifest(ctx)
	if err != nil {
		return CellChange{}, err
	}
	h, err := c.fullHistory(ctx)
	if err != nil {
		return CellChange{}, err
	}
	change, unproven, err := c.classified(ctx, h, from, to)
	if err != nil {
		return CellChange{}, err
	}
	var b bound
	if !base.IsZero() { // without one nothing was ever admitted, and the commits are whoever asks' to choose
		if b, err = c.withCommits(ctx, c, b, base, commit); err != nil {
			return CellChange{}, err
		}
	}
	out := CellChange{
		Cell: c.cell, Ref: c.ref, Path: c.path, Change: change, Gate: c.rules.gate(c.stage.Name, change.Kind).digest,
		Admitted: c.state, Manifest: to.manifest, Problems: to.problems, Commits: b.commits,
		gate: c.rules.gate(c.stage.Name, change.Kind),
	}
	out.facts = policies.Facts{
		Now: c.now, Cell: c.cell, Ref: c.ref, Change: change, Commits: b.commits, Gate: out.Gate,
		Admitted: c.state.Admitted.Seq, Trust: c.rules.trust, Retirement: c.rules.retirement(c.cell.App),
	}
	out.facts.Before, out.facts.After, out.facts.Unproven = from, to.manifest, unproven
	out.facts.Rollbacks = rollbacksOf(h.project, c.state, h.others)
	if out.facts.Files, err = c.contents(ctx, to); err != nil {
		return CellChange{}, err
	}
	if c.comparesValues(change) {
		if out.facts.Was, err = c.filesBefore(ctx); err != nil {
			return CellChange{}, err
		}
	}
	if c.asksForApps(change) {
		if out.facts.Apps, err = c.appsCounted(ctx, c.stage, base, commit); err != nil {
			return CellChange{}, err
		}
	}
	if s := change.Source; s != nil {
		out.facts.Live = s.LiveSeq
	}
	if out.facts.Excluded, err = c.carriedBy(ctx, h, change, from, to.manifest); err != nil {
		return CellChange{}, err
	}
	out.Authors = append(policies.Authors(out.facts), out.facts.Excluded...)
	slices.Sort(out.Authors)
	out.Authors = slices.Compact(out.Authors)
	return out, nil
}

// Approvals asks the gate what it says of approvals once those by signature are given: a node per policy that asks for some,
// which has one part per approval in their order. What the forge knows is not counted. mr is what an approval may be bound to.
func (c CellChange) Approvals(mr *schema.MergeRequest, signed []schema.SignedApproval) []schema.Verdict {
	f := c.facts
	f.MergeRequest, f.Signed = mr, signed
	if code := f.Change.Code; code == "not-live" || code == "override" { // what it may be later: the question that an early approval fails
		f.Change.Kind, f.Live = schema.Promote, 0
	}
	return approvalsIn(nil, c.gate.policy.Evaluate(f))
}

// approvalsIn adds the nodes that ask for approvals, also those that another policy asks for.
func approvalsIn(out []schema.Verdict, v schema.Verdict) []schema.Verdict {
	if v.Policy == "approvals" {
		return append(out, v)
	}
	for _, part := range v.Parts {
		out = approvalsIn(out, part)
	}
	return out
}

// NeededEvidence names the evidence that cannot be expunged, and why.
func (c *Clone) NeededEvidence(ctx context.Context) (map[schema.Digest]string, error) {
	return c.pass(nil, time.Time{}).neededEvidence(ctx)
}

// pass is a pass that looks and does nothing, so that a clone is judged by the code that judges for real.
func (c *Clone) pass(repo Repository, now time.Time) *pass {
	return &pass{Reconciler: &Reconciler{cfg: Config{Repository: repo}}, now: now, ledger: c.Ledger, rules: c.rules}
}
