package policies

import (
	"github.com/sluice-gitops/sluice/schema"
)

// signed judges the approvals by signature. They may be given before or after the merge: what they are for stands in them
// (RULES R14).
func (a Approvals) signed(f Facts, excluded map[string]bool) (map[string]bool, []schema.Verdict) {
	counted := map[string]bool{}
	var parts []schema.Verdict
	for _, s := range f.Signed {
		code, args := a.judgeSigned(f, s, excluded)
		who := s.Principal
		if who == "" {
			who = s.Key
		}
		part := answer("approvals", schema.Hold, code, append([]string{"by", who, "level", "signed"}, args...)...)
		a.explain(f, &part, who)
		if code == "" {
			part.Outcome = schema.Allow
			counted[s.Principal] = true
		}
		parts = append(parts, part)
	}
	return counted, parts
}

// judgeSigned returns the code of why a signed approval does not count, with its arguments; an empty code counts.
func (a Approvals) judgeSigned(f Facts, s schema.SignedApproval, excluded map[string]bool) (schema.Code, []string) {
	if code, args := f.step().judge(s); code != "" {
		return code, args
	}
	if a.BindHead && (f.MergeRequest == nil || s.Statement.Head.IsZero() || s.Statement.Head != f.MergeRequest.Head) {
		return "approval-stale", nil
	}
	if a.AfterLive && f.Change.Kind == schema.Promote && !f.Change.LeavesAlone() && (f.Live == 0 || s.Statement.Seen.Size < f.Live) {
		return "approval-too-early", nil
	}
	person, known := f.Trust.Principal(s.Principal)
	switch {
	case !known, person.Has(schema.RoleBot, f.Cell), !a.MayApprove(person, f.Cell):
		return "approver-ineligible", nil
	case excluded[person.ID]:
		return "self-approval", nil
	case !a.acts(f, person):
		return "role-exclusive", nil
	}
	return "", nil
}

// step is what a signed approval has to be for, whoever gave it.
type step struct {
	trust        schema.Trust
	cell         schema.Cell
	ref          string
	from, to     schema.Content
	gate         schema.Digest
	admitted     int64
	mergeRequest *schema.MergeRequest
}

func (f Facts) step() step {
	return step{
		trust: f.Trust, cell: f.Cell, ref: f.Ref, from: f.Change.From.Content, to: f.Change.To.Content, gate: f.Gate,
		admitted: f.Admitted, mergeRequest: f.MergeRequest,
	}
}

// judge returns why an approval does not count for the step; an empty code if it may.
func (s step) judge(given schema.SignedApproval) (schema.Code, []string) {
	if given.Code != "ok" {
		return "approval-signature", []string{"why", string(given.Code)}
	}
	cell, named := given.Statement.For(s.cell)
	switch {
	case !named, cell.Ref != s.ref, !s.here(given):
		return "evidence-context", nil
	case s.replayed(given.Statement.Seen.Size):
		return "evidence-replayed", []string{"from", cell.From.String()}
	case cell.From != s.from, cell.To != s.to, cell.Gate != s.gate, s.gate == "":
		return "approval-stale", nil
	}
	return "", nil
}

// here reports whether the approval was given in this project, for this merge request, against this ledger.
func (s step) here(given schema.SignedApproval) bool {
	a := given.Statement
	if a.Project == "" || a.Project != s.trust.Root.Project || a.Trust > s.trust.Root.Version {
		return false
	}
	if a.Seen.Entry == "" || a.Seen.Entry != given.Entry {
		return false
	}
	if a.MergeRequest == nil {
		return true
	}
	mr := s.mergeRequest
	return mr != nil && *a.MergeRequest == schema.MergeRequestName{Host: mr.Host, ProjectID: mr.ProjectID, IID: mr.IID}
}

// replayed reports whether the approval is older than what the cell rests on: it was for an earlier step, even one between
// the same contents. Each counts once by that, because what it lets in moves the cell past it.
func (s step) replayed(seen int64) bool {
	unknown := s.admitted == 0 && s.from != "" && s.from != schema.NoContent
	return unknown || seen < s.admitted
}
