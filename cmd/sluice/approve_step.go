package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// step is one cell of an approval, with all that a person has to see of it.
type step struct {
	schema.ApprovedCell
	Path     string                 `json:"path,omitempty"`
	Change   schema.Change          `json:"change"`
	Admitted string                 `json:"admitted"` // since when the content before is in force, in words
	Edits    []diff.Edit            `json:"edits"`
	Equal    int                    `json:"equal"`
	Files    []fileChange           `json:"files,omitempty"` // what no key shows: a mode, a comment, a blank
	Commits  []schema.CommitVerdict `json:"commits"`
	Authors  []string               `json:"authors,omitempty"`
	Roles    string                 `json:"roles"` // whose approval it asks for, in words
	Said     []schema.Verdict       `json:"approvals,omitempty"`
	Warnings []warning              `json:"warnings,omitempty"`

	ask func(*schema.MergeRequest, []schema.SignedApproval) []schema.Verdict
	may func(schema.Principal) bool
}

// fileChange is what differs of a file beside its keys.
type fileChange struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// warning is why an approval counts for nothing (idle), or why the change does not enter with it.
type warning struct {
	Code schema.Code `json:"code,omitempty"`
	Text string      `json:"text"`
	Idle bool        `json:"idle,omitempty"`
}

func (s *step) warn(code schema.Code, format string, args ...any) {
	s.Warnings = append(s.Warnings, warning{Code: code, Text: fmt.Sprintf(format, args...)})
}

func (s *step) warnIdle(code schema.Code, format string, args ...any) {
	s.Warnings = append(s.Warnings, warning{Code: code, Text: fmt.Sprintf(format, args...), Idle: true})
}

// steps judges each cell of the subject. A cell that the change leaves as it is admitted is no step.
func (d *desk) steps(ctx context.Context, s *subject) ([]step, error) {
	var out []step
	for _, cell := range s.cells {
		if _, err := schema.ParseApp(string(cell.App)); err != nil {
			return nil, &failure{code: exitNo, err: fmt.Errorf("%s is not let in, whoever approves: %w", cellName(cell), err)}
		}
		base := s.base
		if held, ok := s.held[cell]; ok {
			base = held
		}
		change, err := d.Change(ctx, d.mirror, cell, base, s.head, d.made)
		if err != nil {
			return nil, err
		}
		if len(change.Problems) > 0 {
			return nil, &failure{code: exitNo, err: fmt.Errorf("%s: %s: what is not configuration is never let in", cellName(cell), change.Problems[0])}
		}
		if change.Change.From.Content == change.Change.To.Content {
			s.notes = append(s.notes, cellName(cell)+" is admitted so already")
			continue
		}
		one, err := d.step(ctx, change, s)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b step) int {
		stages := stageNames(d.Project)
		if n := slices.Index(stages, a.Cell.Stage) - slices.Index(stages, b.Cell.Stage); n != 0 {
			return n
		}
		return strings.Compare(string(a.Cell.App), string(b.Cell.App))
	})
	return out, nil
}

func (d *desk) step(ctx context.Context, c reconciler.CellChange, s *subject) (step, error) {
	out := step{
		ApprovedCell: schema.ApprovedCell{Cell: c.Cell, Ref: c.Ref, From: c.Change.From.Content, To: c.Change.To.Content, Gate: c.Gate},
		Path:         c.Path, Change: c.Change, Commits: c.Commits, Authors: c.Authors, Admitted: admittedText(c),
		ask: c.Approvals,
	}
	roles := d.rolesFor(c)
	out.Roles = roleNames(roles, c.Cell.Stage)
	out.may = func(p schema.Principal) bool { return hasOne(p, roles, c.Cell) }
	admitted, before, err := d.admittedFiles(ctx, c)
	if err != nil {
		return step{}, err
	}
	after, err := filesAt(ctx, d.repo, s.head, c.Path)
	if err != nil {
		return step{}, err
	}
	edits, equal := diff.Keys(before, after)
	out.Edits, out.Equal, out.Files = diff.Mask(edits), equal, beside(edits, admitted, c.Manifest)
	out.warnOfChange(c)
	if s.mixed {
		out.warn("policy-mixed", "it changes control files as well, and is refused as a whole for that")
	}
	return out, d.warnOfPlace(ctx, &out, c, s)
}

// admittedFiles reads what the ledger says is admitted, and refuses to show anything else under that name.
func (d *desk) admittedFiles(ctx context.Context, c reconciler.CellChange) (schema.Manifest, map[string][]byte, error) {
	a := c.Admitted.Admitted
	if a.Seq == 0 || a.Content == schema.NoContent {
		return nil, nil, nil
	}
	files, err := filesAt(ctx, d.repo, a.Commit, c.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("read what entry #%d admitted: %w", a.Seq, err)
	}
	now, err := d.Change(ctx, d.mirror, c.Cell, a.Commit, a.Commit, d.made)
	if err != nil {
		return nil, nil, err
	}
	if now.Change.To.Content != a.Content {
		return nil, nil, &failure{code: exitTampered, err: fmt.Errorf("commit %s does not hold what entry #%d says was admitted with it", a.Commit.Short(), a.Seq), hint: "sluice audit verify"}
	}
	return now.Manifest, files, nil
}

// beside lists what differs of the files that no edit of a key shows: all of it is approved.
func beside(edits []diff.Edit, from, to schema.Manifest) []fileChange {
	before := map[string]schema.File{}
	for _, f := range from {
		before[f.Path] = f
	}
	var out []fileChange
	for _, f := range to {
		was, had := before[f.Path]
		delete(before, f.Path)
		shown := slices.ContainsFunc(edits, func(e diff.Edit) bool { return e.File == f.Path })
		if had && was.Mode != f.Mode {
			out = append(out, fileChange{f.Path, fmt.Sprintf("mode %s -> %s", was.Mode, f.Mode)})
		}
		switch {
		case !had && !shown:
			out = append(out, fileChange{f.Path, "new, without a key"})
		case had && was.Digest != f.Digest && !shown:
			out = append(out, fileChange{f.Path, "differs in no key: comments, order or blanks"})
		}
	}
	for _, f := range from {
		if _, gone := before[f.Path]; gone && !slices.ContainsFunc(edits, func(e diff.Edit) bool { return e.File == f.Path }) {
			out = append(out, fileChange{f.Path, "removed, without a key"})
		}
	}
	return out
}

func admittedText(c reconciler.CellChange) string {
	a := c.Admitted.Admitted
	if a.Seq == 0 {
		return "nothing was ever admitted"
	}
	return fmt.Sprintf("admitted %s by entry #%d", minute(a.At), a.Seq)
}

// warnOfChange says what keeps the change out, whoever approves it.
func (s *step) warnOfChange(c reconciler.CellChange) {
	if code := c.Change.Code; code != "" {
		s.warn(code, "it does not enter now: %s", code.Message(map[string]string{"revision": c.Change.To.Revision.String(), "app": string(c.Cell.App), "stage": string(c.Cell.Stage)}))
	}
	for _, commit := range c.Commits {
		if !commit.OK() {
			s.warn(commit.Code, "it does not enter as it is: %s", commit.Code.Message(map[string]string{"commit": commit.Commit.Short(), "person": commit.Principal, "key": commit.Key}))
		}
	}
}

// warnOfPlace says where the branch is not as the change expects it: then other content lands than what is approved.
func (d *desk) warnOfPlace(ctx context.Context, s *step, c reconciler.CellChange, of *subject) error {
	if of.base.IsZero() || of.held != nil {
		return nil
	}
	base, err := d.contentAt(ctx, c.Cell, of.base)
	if err != nil {
		return err
	}
	tip, err := d.contentAt(ctx, c.Cell, d.tip(c.Ref))
	if err != nil {
		return err
	}
	switch {
	case tip != base && tip != c.Change.To.Content:
		s.warn("rebase-needed", "%s changed on %s since this change left it: after a rebase there is another content to approve", cellName(c.Cell), branchName(c.Ref))
	case base != c.Change.From.Content:
		s.warn("approval-stale", "%s is not as admitted below this change, so the change alone does not enter: something is held there", branchName(c.Ref))
	}
	return nil
}

func (d *desk) contentAt(ctx context.Context, cell schema.Cell, commit schema.Hash) (schema.Content, error) {
	c, err := d.Change(ctx, d.mirror, cell, commit, commit, d.made)
	return c.Change.To.Content, err
}

// rolesFor are the roles that the gate asks for, else the stage's own approvers.
func (d *desk) rolesFor(c reconciler.CellChange) []schema.RoleName {
	stage, _ := d.Project.Stage(c.Cell.Stage)
	var out []schema.RoleName
	for _, spec := range stage.Gates.For(c.Change.Kind).Leaves() {
		out = append(out, asked(spec)...)
	}
	if len(out) == 0 {
		out = append(out, schema.RoleApprover)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// asked are the roles whose approval a policy counts, be it to confirm what other approvals do not open.
func asked(spec schema.PolicySpec) []schema.RoleName {
	if ask, err := spec.Approvals(); err == nil {
		return ask.Roles
	}
	if critical, err := spec.Critical(); err == nil {
		return critical.Confirm.Roles
	}
	if breaker, err := spec.Breaker(); err == nil {
		return breaker.Confirm.Roles
	}
	if calendar, err := spec.Calendar(); err == nil && calendar.Override != nil {
		return calendar.Override.Roles
	}
	if limits, err := spec.Limits(); err == nil && limits.Large > 0 {
		return []schema.RoleName{schema.RoleApprover}
	}
	return nil
}

// roleNames writes roles as the trust directory does: an approver's has its stage.
func roleNames(roles []schema.RoleName, stage schema.StageName) string {
	var out []string
	for _, r := range roles {
		if r == schema.RoleApprover {
			r += schema.RoleName(":" + stage)
		}
		out = append(out, string(r))
	}
	return strings.Join(out, " or ")
}

func hasOne(p schema.Principal, roles []schema.RoleName, cell schema.Cell) bool {
	return !p.Has(schema.RoleBot, cell) && slices.ContainsFunc(roles, func(r schema.RoleName) bool { return p.Has(r, cell) })
}

func cellName(c schema.Cell) string {
	if c == schema.Control {
		return "the control files"
	}
	return schema.Printable(string(c.App) + " in " + string(c.Stage))
}
