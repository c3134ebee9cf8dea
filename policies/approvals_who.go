package policies

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// askedBy makes it of what a gate says.
func askedBy(s schema.ApprovalsSpec) Approvals {
	return Approvals{
		Observed: s.Observed, Signed: s.Signed, Roles: s.Roles, Paths: s.Paths, Owners: s.Owners,
		AfterLive: s.After == schema.AfterLive, BindHead: s.Bind == schema.BindHead,
	}
}

// MayApprove reports whether the person has a role whose approvals count for the cell, and is an owner where the gate names some: that
// gives nobody a right who has not the role.
func (a Approvals) MayApprove(p schema.Principal, cell schema.Cell) bool {
	if !a.owns(p.ID) {
		return false
	}
	if len(a.Roles) == 0 {
		return p.Has(schema.RoleApprover, cell)
	}
	for _, role := range a.Roles {
		if p.Has(role, cell) {
			return true
		}
	}
	return false
}

// about names the files of the change that it is asked about, nothing where it is asked about every change; asked is false where the change
// touches none. Where nobody can say which files change, it is asked.
func (a Approvals) about(f Facts) (files string, asked bool) {
	if a.Paths == nil {
		return "", true
	}
	if !known(f.Change.From, f.Before) || !known(f.Change.To, f.After) {
		return joined(a.Paths), true
	}
	var touched []string
	for _, path := range sorted(changed(f.Before, f.After)) {
		if a.Paths.Match(path) {
			touched = append(touched, path)
		}
	}
	return joined(touched), len(touched) > 0
}

// explain says of an approval that does not count that it is no owner's, or in which role it counts elsewhere.
func (a Approvals) explain(f Facts, part *schema.Verdict, who string) {
	if part.Code == "role-exclusive" {
		part.Args["as"] = roleList(f.acting[who])
	}
	if part.Code == "approver-ineligible" && !a.owns(who) {
		part.Args["why"] = "counted are those of " + list(a.Owners)
	}
}

func (a Approvals) owns(who string) bool { return a.Owners == nil || slices.Contains(a.Owners, who) }
