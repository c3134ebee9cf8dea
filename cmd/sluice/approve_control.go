package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// approveControl approves a change of the control files: of a merge request, a revision, or what the default branch has.
func (d *desk) approveControl(ctx context.Context, f approveFlags, args []string, p pen) error {
	s, err := d.ofControl(ctx, f, args)
	if err != nil {
		return err
	}
	change, err := d.ControlChange(ctx, d.mirror, s.base, s.head, d.made)
	if err != nil {
		return usageError(fmt.Errorf("%s: %w", s.title, err))
	}
	switch {
	case change.From == change.To:
		return &failure{code: exitUsage, err: fmt.Errorf("%s changes no control file", s.title), hint: "without --control it is approved app by app"}
	case change.Problem != nil:
		return &failure{code: exitNo, err: fmt.Errorf("%s: these control files can never be in force: %w", s.title, change.Problem), hint: "sluice lint shows where"}
	}
	one, err := d.controlStep(ctx, change, s)
	if err != nil {
		return err
	}
	return d.approveSteps(ctx, p, s, []step{one}, true)
}

func (d *desk) ofControl(ctx context.Context, f approveFlags, args []string) (subject, error) {
	ref := "refs/heads/" + d.Project.Branch
	s := subject{head: d.tip(ref), title: "what is on " + d.Project.Branch}
	var err error
	if len(args) > 0 {
		if iid, ok := mergeRequestNumber(args[0]); ok {
			s.iid, s.mr, s.title = iid, d.mergeRequestName(ctx, iid), fmt.Sprintf("merge request !%d into %s", iid, d.Project.Branch)
			s.head, err = d.mergeRequestHead(ctx, iid, f.head)
		} else {
			s.title = "commit " + args[0]
			s.head, err = d.commit(ctx, args[0])
		}
	}
	if err != nil {
		return s, err
	}
	in, err := d.repo.IsAncestor(ctx, s.head, d.tip(ref))
	if err != nil {
		return s, err
	}
	if in {
		s.base = d.Ledger.Head().Control.Commit
		return s, nil
	}
	s.base, err = d.base(ctx, ref, s.head)
	return s, err
}

func (d *desk) controlStep(ctx context.Context, c reconciler.ControlChange, s subject) (step, error) {
	control := d.Ledger.Head().Control
	edits, equal := diff.Keys(d.Files, c.Files)
	one := step{
		ApprovedCell: schema.ApprovedCell{Cell: schema.Control, Ref: c.Ref, From: c.From, To: c.To, Gate: c.Gate},
		Change:       schema.Change{From: schema.Side{Content: c.From}, To: schema.Side{Content: c.To}},
		Admitted:     fmt.Sprintf("in force since entry #%d", control.Seq), Edits: diff.Mask(edits), Equal: equal, Commits: c.Commits,
		Roles: string(schema.RoleAdmin),
		may: func(p schema.Principal) bool {
			return p.Has(schema.RoleAdmin, schema.Control) && !p.Has(schema.RoleBot, schema.Control)
		},
		ask: func(mr *schema.MergeRequest, signed []schema.SignedApproval) []schema.Verdict {
			return []schema.Verdict{c.Admins(mr, signed)}
		},
	}
	if c.Trusted {
		one.warn("", "the trust directory changes as well: its roots sign that (sluice trust sign), an approval does not")
	}
	if !c.Others {
		one.warnIdle("", "only the trust directory changes: its roots sign that (sluice trust sign), so the approval changes nothing")
	}
	cells, err := reconciler.ChangedCells(ctx, d.mirror, d.Project, s.base, s.head)
	if err != nil {
		return one, err
	}
	if len(cells) > 0 && d.Project.Layout != schema.BranchLayout {
		var names []string
		for _, cell := range cells {
			names = append(names, cellName(cell))
		}
		one.warn("policy-mixed", "it changes %s as well, and is refused as a whole for that", strings.Join(names, ", "))
	}
	return one, nil
}
