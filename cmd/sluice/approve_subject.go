package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// subject is what one signature approves: some cells of one merge request, or of one commit.
type subject struct {
	title string
	mr    *schema.MergeRequestName // nil where the clone does not know the forge's number for the project
	iid   int64
	head  schema.Hash
	base  schema.Hash // from which commits count; zero: from where each cell was admitted
	cells []schema.Cell
	notes []string
	mixed bool // it changes control files as well
	// held maps cells that are in their branch already to where their commits count from.
	held map[schema.Cell]schema.Hash
}

// mergeRequestNumber reads "!12" or "12".
func mergeRequestNumber(arg string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(arg, "!"), 10, 64)
	return n, err == nil && n > 0 && len(arg) < 12
}

// ofMergeRequest finds which cells a merge request changes: what its head has and the branch it left has not.
func (d *desk) ofMergeRequest(ctx context.Context, iid int64, head, stage string) (subject, error) {
	s := subject{title: fmt.Sprintf("merge request !%d", iid), iid: iid, mr: d.mergeRequestName(ctx, iid)}
	var err error
	if s.head, err = d.mergeRequestHead(ctx, iid, head); err != nil {
		return s, err
	}
	if d.Project.Layout == schema.BranchLayout {
		err = d.onStageBranch(ctx, &s, stage)
	} else {
		err = d.onOneBranch(ctx, &s, stage)
	}
	if err != nil || len(s.cells) > 0 {
		return s, err
	}
	return d.landed(ctx, s)
}

// mergeRequestHead is what GitLab keeps as the head of a merge request, or the commit that the user names.
func (d *desk) mergeRequestHead(ctx context.Context, iid int64, head string) (schema.Hash, error) {
	if head != "" {
		return d.commit(ctx, head)
	}
	ref := fmt.Sprintf("refs/merge-requests/%d/head", iid)
	if _, err := d.a.git(ctx, "fetch", "--quiet", "--no-tags", d.f.remote, ref); err != nil {
		return schema.Hash{}, &failure{code: exitUsage, err: fmt.Errorf("merge request !%d: %w", iid, err), hint: "is the number right? a forge that keeps no such ref needs the source branch: --head BRANCH"}
	}
	out, err := d.a.git(ctx, "rev-parse", "--verify", "FETCH_HEAD^{commit}")
	if err != nil {
		return schema.Hash{}, err
	}
	return schema.ParseHash(out)
}

// onOneBranch lists the cells of every stage in the directory layout.
func (d *desk) onOneBranch(ctx context.Context, s *subject, stage string) (err error) {
	ref := "refs/heads/" + d.Project.Branch
	if s.base, err = d.base(ctx, ref, s.head); err != nil {
		return err
	}
	changed, err := reconciler.ChangedCells(ctx, d.mirror, d.Project, s.base, s.head)
	if err != nil {
		return err
	}
	for _, cell := range changed {
		if stage == "" || cell.Stage == schema.StageName(stage) {
			s.cells = append(s.cells, cell)
		}
	}
	s.title += " into " + d.Project.Branch
	s.mixed, err = d.controlDiffers(ctx, s.base, s.head)
	return err
}

// controlDiffers reports whether control files are not the same at two commits.
func (d *desk) controlDiffers(ctx context.Context, a, b schema.Hash) (bool, error) {
	before, err := d.repo.Commit(ctx, a)
	if err != nil {
		return false, err
	}
	after, err := d.repo.Commit(ctx, b)
	if err != nil {
		return false, err
	}
	for _, path := range reconciler.ControlPaths {
		x, _, err := d.repo.Lookup(ctx, before.Tree, path)
		if err != nil {
			return false, err
		}
		y, _, err := d.repo.Lookup(ctx, after.Tree, path)
		if err != nil || x != y {
			return err == nil, err
		}
	}
	return false, nil
}

// onStageBranch lists the apps that change in one stage of the branch layout. Which stage it is for only the forge knows,
// unless one stage's branch alone lacks the head.
func (d *desk) onStageBranch(ctx context.Context, s *subject, stage string) error {
	if stage == "" {
		var open []string
		for _, candidate := range d.Project.Stages {
			ahead, err := d.ahead(ctx, d.Project.Ref(candidate), s.head)
			if err != nil {
				return err
			}
			if ahead {
				open = append(open, string(candidate.Name))
			}
		}
		if len(open) != 1 {
			return &failure{
				code: exitUsage, err: fmt.Errorf("a clone does not tell which stage !%d is for", s.iid),
				hint: "name it: --stage STAGE (" + strings.Join(words(stageNames(d.Project)), ", ") + ")",
			}
		}
		stage = open[0]
	}
	to, ok := d.Project.Stage(schema.StageName(stage))
	if !ok {
		return checkStage(stageNames(d.Project), stage)
	}
	var err error
	if s.base, err = d.base(ctx, d.Project.Ref(to), s.head); err != nil {
		return err
	}
	changed, err := reconciler.ChangedCells(ctx, d.mirror, d.Project, s.base, s.head)
	for _, cell := range changed {
		s.cells = append(s.cells, schema.Cell{Stage: to.Name, App: cell.App})
	}
	s.title += " into " + branchName(d.Project.Ref(to))
	return err
}

// ahead reports whether a branch is there, shares history with the commit and lacks it.
func (d *desk) ahead(ctx context.Context, ref string, commit schema.Hash) (bool, error) {
	tip := d.tip(ref)
	if tip.IsZero() {
		return false, nil
	}
	bases, err := d.repo.MergeBases(ctx, tip, commit)
	return len(bases) > 0 && bases[0] != commit, err
}

// landed looks for what a merged merge request left held: its changes are in the branch already.
func (d *desk) landed(ctx context.Context, s subject) (subject, error) {
	held, err := d.ofHeld(ctx, "", "")
	if err != nil {
		return s, err
	}
	for _, h := range held {
		if h.iid == s.iid {
			return h, nil
		}
	}
	return s, &failure{
		code: exitUsage, err: fmt.Errorf("%s changes nothing that is not there already, and nothing of it is held", s.title),
		hint: "sluice status shows what waits",
	}
}

// ofCommit is one cell at one commit, with or without a merge request.
func (d *desk) ofCommit(ctx context.Context, app, stage, rev string) (subject, error) {
	if err := checkStage(stageNames(d.Project), stage); err != nil {
		return subject{}, err
	}
	parsed, err := schema.ParseApp(app)
	if err != nil {
		return subject{}, usageError(err)
	}
	cell := schema.Cell{Stage: schema.StageName(stage), App: parsed}
	to, _ := d.Project.Stage(cell.Stage)
	s := subject{head: d.tip(d.Project.Ref(to)), cells: []schema.Cell{cell}}
	if rev != "" {
		if s.head, err = d.commit(ctx, rev); err != nil {
			return s, err
		}
	}
	if s.head.IsZero() {
		return s, &failure{code: exitUsage, err: fmt.Errorf("%s has no branch %s", d.f.remote, branchName(d.Project.Ref(to))), hint: "name the commit: --commit REV"}
	}
	s.title = "commit " + s.head.Short()
	in, err := d.repo.IsAncestor(ctx, s.head, d.tip(d.Project.Ref(to)))
	if err == nil && !in {
		s.base, err = d.base(ctx, d.Project.Ref(to), s.head)
	}
	return s, err
}

// ofHeld lists what is held, one subject per merge request or commit, since one signature is on one head.
func (d *desk) ofHeld(ctx context.Context, app, stage string) ([]subject, error) {
	states, err := d.Ledger.Cells(ctx)
	if err != nil {
		return nil, err
	}
	var out []subject
	for _, state := range states {
		if state.Held == nil || app != "" && string(state.App) != app || stage != "" && string(state.Stage) != stage {
			continue
		}
		s, err := d.heldSubject(ctx, state)
		if err != nil {
			return nil, err
		}
		if n := slices.IndexFunc(out, func(o subject) bool { return o.head == s.head && o.iid == s.iid }); n >= 0 {
			out[n].cells = append(out[n].cells, s.cells...)
			out[n].held[s.cells[0]] = s.held[s.cells[0]]
			continue
		}
		out = append(out, s)
	}
	return out, nil
}

func (d *desk) heldSubject(ctx context.Context, state ledger.State) (subject, error) {
	cell := schema.Cell{Stage: state.Stage, App: state.App}
	s := subject{head: state.Held.Tip, iid: state.Held.IID, cells: []schema.Cell{cell}, held: map[schema.Cell]schema.Hash{cell: state.Held.Base}}
	e, _, err := d.Ledger.Entry(ctx, state.Held.Seq)
	if err != nil {
		return s, err
	}
	if decision := e.Decision; decision != nil {
		if head := decision.Landing.Head; decision.Landing.Bound.OK && !head.IsZero() && d.has(ctx, head) {
			s.head = head
		}
		if mr := decision.MergeRequest; mr != nil {
			s.mr = &schema.MergeRequestName{Host: mr.Host, ProjectID: mr.ProjectID, IID: mr.IID}
		}
	}
	s.title = "commit " + s.head.Short() + ", which is held"
	if s.iid != 0 {
		s.title = fmt.Sprintf("merge request !%d, which is merged and held", s.iid)
	}
	return s, nil
}

// has reports whether a commit is in the clone: the head of a squashed merge request need not be.
func (d *desk) has(ctx context.Context, commit schema.Hash) bool {
	_, err := d.repo.Commit(ctx, commit)
	return err == nil
}

// mergeRequestName finds the forge's own name for the project in the newest decision about a merge request; nil before there
// was one. Then the approval is of the content alone, which counts as well.
func (d *desk) mergeRequestName(ctx context.Context, iid int64) *schema.MergeRequestName {
	states, err := d.Ledger.Cells(ctx)
	if err != nil {
		return nil
	}
	var newest int64
	for _, s := range states {
		if s.Admitted.MergeRequest != 0 {
			newest = max(newest, s.Admitted.Seq)
		}
		if s.Held != nil && s.Held.IID != 0 {
			newest = max(newest, s.Held.Seq)
		}
	}
	e, _, err := d.Ledger.Entry(ctx, newest)
	if err != nil || e.Decision == nil || e.Decision.MergeRequest == nil {
		return nil
	}
	return &schema.MergeRequestName{Host: e.Decision.MergeRequest.Host, ProjectID: e.Decision.MergeRequest.ProjectID, IID: iid}
}

func stageNames(p schema.Project) []schema.StageName {
	out := make([]schema.StageName, len(p.Stages))
	for i, s := range p.Stages {
		out[i] = s.Name
	}
	return out
}
