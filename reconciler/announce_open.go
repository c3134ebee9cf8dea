package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

// proposed judges an open merge request as if it were merged now, by the judge that would judge it then.
func (p *pass) proposed(ctx context.Context, mr schema.MergeRequest, s *note.Subject) error {
	target := p.refs[mr.TargetRef]
	if target.IsZero() || mr.Head.IsZero() {
		return nil
	}
	if code, err := p.present(ctx, mr.Head, mr); err != nil || code != "" {
		return orMissing(err, mr)
	}
	bases, err := p.cfg.Repository.MergeBases(ctx, target, mr.Head)
	if err != nil || len(bases) == 0 {
		return err // without a common history it cannot be merged
	}
	as := mr
	as.State, as.MergeSHA, as.SquashSHA = "merged", schema.Hash{}, schema.Hash{}
	l := landing{start: 0, end: 1, request: &as, onto: target}
	chain := []schema.Hash{bases[0], mr.Head}
	if mr.TargetRef == p.controlRef() {
		if s.Control, err = p.proposedControl(ctx, l, chain); err != nil {
			return err
		}
	}
	for _, stage := range p.rules.project.Stages {
		if p.rules.project.Ref(stage) != mr.TargetRef {
			continue
		}
		apps, err := p.changedIn(ctx, stage, chain)
		if err != nil {
			return err
		}
		for _, app := range apps {
			c, err := p.proposedCell(ctx, stage, app, l, chain)
			if err != nil {
				return fmt.Errorf("judge %s of %s: %w", app, stage.Name, err)
			}
			s.Cells = append(s.Cells, c)
		}
	}
	if p.rules.project.Atomic {
		holdTogether(s.Cells)
	}
	return nil
}

// holdTogether says of each app of an atomic project which others keep it out, as the judge will once it is merged.
func holdTogether(cells []note.Cell) {
	out := map[schema.Cell]fate{}
	enters := func(c note.Cell) bool { return c.Settled || c.Verdict.Outcome == schema.Allow || c.LetIn != "" }
	for _, c := range cells {
		switch {
		case enters(c):
		case c.Verdict.Outcome == schema.Deny:
			out[c.Cell] = isDenied
		default:
			out[c.Cell] = mustWait
		}
	}
	if len(out) == 0 {
		return
	}
	for i, c := range cells {
		if enters(c) && !c.Settled {
			cells[i].Verdict, cells[i].LetIn = schema.All("change", c.Verdict, heldBy(out)), ""
		}
	}
}

func orMissing(err error, mr schema.MergeRequest) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("head %s is not here", mr.Head.Short())
}

func (p *pass) changedIn(ctx context.Context, stage schema.Stage, chain []schema.Hash) ([]schema.App, error) {
	var trees [2]schema.Hash
	for i, commit := range chain {
		var err error
		if trees[i], err = subtree(ctx, p.cfg.Repository, commit, p.rules.project.Dir(stage)); err != nil {
			return nil, err
		}
	}
	return changedApps(ctx, p.cfg.Repository, p.rules.project.Apps, trees[0], trees[1])
}

func (p *pass) proposedCell(ctx context.Context, stage schema.Stage, app schema.App, l landing, chain []schema.Hash) (note.Cell, error) {
	c, err := p.cellJudge(ctx, stage, app)
	if err != nil {
		return note.Cell{}, err
	}
	c.chain = chain
	d, err := c.judge(ctx, l, 0)
	if err != nil {
		return note.Cell{}, err
	}
	out := note.Cell{Cell: c.cell, Path: c.path, Change: d.entry.Decision.Change}
	out.Verdict, out.AtMerge = untilMerged(d.entry.Decision.Verdict)
	if out.Verdict.Outcome != schema.Allow && passes(out.Verdict, stage.Mode) == schema.Allow {
		out.LetIn = stage.Mode
	}
	admitted := c.admitted()
	out.Settled = out.Change.To.Content == admitted.Content
	if out.Pending, err = c.onTop(ctx, l.onto, out.Change); err != nil {
		return out, err
	}
	if held := c.state.Held; out.Pending && held != nil {
		out.Below = belowOf(*held)
	}
	before := chain[0]
	if at := c.state.Admitted.Commit; !at.IsZero() {
		if _, err := c.cfg.Repository.Commit(ctx, at); err == nil {
			before = at
		}
	}
	return out, c.fill(ctx, &out, before, chain[1])
}

// onTop reports whether what is on the ref was not let in, so that the change would wait below nothing but a rollback.
func (c *cellJudge) onTop(ctx context.Context, onto schema.Hash, change schema.Change) (bool, error) {
	now, err := c.filesAt(ctx, onto)
	if err != nil || now.side.Content == c.admitted().Content {
		return false, err
	}
	h, err := c.fullHistory(ctx)
	return err == nil && change.To.Content != c.admitted().Content && !h.rollsBack(c.admitted().Revision, change.To.Revision), err
}

// untilMerged takes out what only the merge itself tells: who did it.
func untilMerged(v schema.Verdict) (schema.Verdict, []string) {
	if v.Policy != "gate" {
		return v, nil
	}
	var parts []schema.Verdict
	var later []string
	for _, part := range v.Parts {
		if part.Policy == "duties" && part.Code == "evidence-missing" {
			later = append(later, part.Policy)
			continue
		}
		parts = append(parts, part)
	}
	if later == nil {
		return v, nil
	}
	return schema.All("gate", parts...), later
}

// fill adds what differs between two commits, by key and by file.
func (c *cellJudge) fill(ctx context.Context, out *note.Cell, from, to schema.Hash) error {
	var files [2]map[string][]byte
	for i, commit := range []schema.Hash{from, to} {
		at, err := c.filesAt(ctx, commit)
		if err != nil {
			return err
		}
		if files[i], err = c.contents(ctx, at); err != nil {
			return err
		}
	}
	out.Edits, _ = diff.Keys(files[0], files[1])
	out.Files = filesBetween(c.path, files[0], files[1])
	return nil
}

func filesBetween(dir string, from, to map[string][]byte) []note.File {
	var out []note.File
	for path, data := range to {
		if was, had := from[path]; !had {
			out = append(out, note.File{Op: "add", Path: dir + "/" + path})
		} else if string(was) != string(data) {
			out = append(out, note.File{Op: "replace", Path: dir + "/" + path})
		}
	}
	for path := range from {
		if _, has := to[path]; !has {
			out = append(out, note.File{Op: "remove", Path: dir + "/" + path})
		}
	}
	slices.SortFunc(out, func(a, b note.File) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	})
	return out
}

func (p *pass) proposedControl(ctx context.Context, l landing, chain []schema.Hash) (*note.Control, error) {
	c := p.controlJudge()
	c.chain = chain
	to, err := c.at(ctx, chain[1])
	if err != nil {
		return nil, err
	}
	changed, err := p.controlPathsBetween(ctx, chain[0], chain[1])
	if err != nil || len(changed) == 0 || to.content == c.inForce() {
		return nil, err
	}
	d, err := c.judge(ctx, &controlStep{landing: l})
	if err != nil {
		return nil, fmt.Errorf("judge the control files: %w", err)
	}
	out := &note.Control{Changed: changed, Verdict: d.entry.Decision.Verdict}
	if d.entry.Kind == ledger.Control {
		out.Verdict.Outcome = schema.Allow
	}
	return out, nil
}

func (p *pass) controlPathsBetween(ctx context.Context, from, to schema.Hash) ([]string, error) {
	var out []string
	for _, path := range ControlPaths {
		differs, err := p.differ(ctx, from, to, []string{path})
		if err != nil {
			return nil, err
		}
		if differs {
			out = append(out, path)
		}
	}
	return out, nil
}
