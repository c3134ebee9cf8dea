package policies

import (
	"sort"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// ControlFacts is everything there is to know of a change of the control files (RULES R9). Trust, From and the rest are what
// was in force before the change: it never judges itself.
type ControlFacts struct {
	Now time.Time
	Ref string // full name of the default branch
	// From and To name the manifests of the control files in force and of those that landed.
	From, To schema.Content
	Trust    schema.Trust // in force
	Admitted int64        // ledger sequence of the control entry in force
	// Problem is why the files that landed cannot be used, and Detail says where; empty if they can.
	Problem schema.Code
	Detail  string
	// Mixed says that the landing changes apps as well.
	Mixed bool
	// Trusted says that the trust directory changed, and Update what its own check said (signing.CheckUpdate); Others that
	// other control files changed.
	Trusted, Others bool
	Update          TrustUpdate
	// Commits are those of the landing that change control files.
	Commits []ControlCommit
	Signed  []schema.SignedApproval
	// Altered are the cells whose digests or names the change alters, Held those of them that are held, and Lost says why
	// some of them would not keep what was admitted.
	Altered, Held []schema.Cell
	Lost          []string
	MergeRequest  *schema.MergeRequest // nil if it was pushed directly; signatures decide all the same
}

// ControlCommit is a commit that changes control files.
type ControlCommit struct {
	schema.CommitVerdict
	// From names the control files where the commit's branch began, To those it leaves. A signature counts only for the
	// whole step that landed: one for part of it, or from before other rules were in force, says nothing of the result.
	From, To schema.Content
}

// TrustUpdate is what the check of a new trust version said. The zero TrustUpdate refuses.
type TrustUpdate struct {
	OK     bool
	Code   schema.Code
	Detail string
	By     []string // roots who signed
	// Missing are the roots whose signature would still count.
	Missing []string
}

// Control asks for the signatures that the trust root in force names: the roots' for the trust directory, the admins' for
// the other control files, both where both changed.
type Control struct{}

// Evaluate answers with one part per question, so that a person sees all that is missing at once.
func (Control) Evaluate(f ControlFacts) schema.Verdict {
	const policy = "control"
	switch {
	case f.Problem != "":
		v := answer(policy, schema.Deny, f.Problem)
		if f.Detail != "" {
			v.Args = map[string]string{"why": f.Detail}
		}
		return v
	case f.Mixed:
		return answer(policy, schema.Deny, "policy-mixed")
	case !f.Trusted && !f.Others:
		return answer(policy, schema.Deny, "nothing-judged")
	}
	var parts []schema.Verdict
	if f.Trusted {
		parts = append(parts, f.roots())
	}
	if f.Others {
		parts = append(parts, f.admins())
		if f.Trust.Expired(f.Now) {
			parts = append(parts, answer(policy, schema.Hold, "root-expired", "at", f.Trust.Root.ExpiresAt.UTC().Format(time.RFC3339)))
		}
	}
	parts = append(parts, f.commits()...)
	return schema.All(policy, append(parts, f.cells()...)...)
}

// cells says what the change does to cells that were admitted.
func (f ControlFacts) cells() []schema.Verdict {
	const policy = "cells"
	var parts []schema.Verdict
	if len(f.Held) > 0 {
		parts = append(parts, answer(policy, schema.Hold, "control-held", "cells", cells(f.Held)))
	}
	if len(f.Lost) > 0 {
		parts = append(parts, answer(policy, schema.Hold, "control-loses", "why", joined(f.Lost)))
	}
	if len(f.Altered) > 0 {
		parts = append(parts, answer(policy, schema.Allow, "", "alters", cells(f.Altered)))
	}
	return parts
}

// roots passes on what the check of the trust directory said. Missing signatures can still come, with another commit; all
// else needs another version.
func (f ControlFacts) roots() schema.Verdict {
	const policy = "roots"
	if f.Update.OK {
		v := allow(policy)
		v.Args = map[string]string{"by": list(f.Update.By)}
		return v
	}
	code, outcome := f.Update.Code, schema.Deny
	if code == "" || code == "ok" {
		code = "trust-unreadable"
	}
	if code == "trust-threshold" {
		outcome = schema.Hold
	}
	v := answer(policy, outcome, code)
	v.Args = map[string]string{}
	if f.Update.Detail != "" {
		v.Args["why"] = f.Update.Detail
	}
	if len(f.Update.Missing) > 0 {
		v.Args["eligible"] = list(f.Update.Missing)
	}
	return v
}

// admins counts the admins who signed the step: by a commit, or by an approval of the control cell. Nobody is excluded: an
// admin's own change counts as his.
func (f ControlFacts) admins() schema.Verdict {
	const policy = "admins"
	counted := map[string]bool{}
	for _, c := range f.Commits {
		if c.OK() && c.From == f.From && c.To == f.To && f.To != "" && f.isAdmin(c.Principal) {
			counted[c.Principal] = true
		}
	}
	s := step{
		trust: f.Trust, cell: schema.Control, ref: f.Ref, from: f.From, to: f.To, gate: f.Trust.RootDigest,
		admitted: f.Admitted, mergeRequest: f.MergeRequest,
	}
	var parts []schema.Verdict
	for _, given := range f.Signed {
		code, args := s.judge(given)
		if code == "" && !f.isAdmin(given.Principal) {
			code = "approver-ineligible"
		}
		part := answer(policy, schema.Hold, code, append([]string{"by", given.Principal}, args...)...)
		if code == "" {
			part.Outcome = schema.Allow
			counted[given.Principal] = true
		}
		parts = append(parts, part)
	}
	need := max(f.Trust.Root.Admin, 1)
	v := schema.Verdict{Policy: policy, Outcome: schema.Allow, Parts: parts, Args: map[string]string{
		"have": number(len(counted)), "need": number(need), "by": list(keys(counted)),
	}}
	if len(counted) < need {
		v.Outcome, v.Code = schema.Hold, "control-unsigned"
		v.Args["eligible"] = list(f.otherAdmins(counted))
	}
	return v
}

// otherAdmins are those whose signature would still count.
func (f ControlFacts) otherAdmins(counted map[string]bool) []string {
	var out []string
	for _, p := range f.Trust.Principals {
		if !counted[p.ID] && f.isAdmin(p.ID) {
			out = append(out, p.ID)
		}
	}
	return out
}

func (f ControlFacts) isAdmin(id string) bool {
	p, known := f.Trust.Principal(id)
	return known && p.Has(schema.RoleAdmin, schema.Control) && !p.Has(schema.RoleBot, schema.Control)
}

// commits has one part per commit without a good signature; whose it is matters only for the count.
func (f ControlFacts) commits() []schema.Verdict {
	var parts []schema.Verdict
	for _, c := range f.Commits {
		if !c.OK() {
			parts = append(parts, badCommit("signed", c.CommitVerdict, c.Code))
		}
	}
	return parts
}

func cells(list []schema.Cell) string {
	var names []string
	for _, c := range list {
		names = append(names, c.String())
	}
	sort.Strings(names)
	return joined(names)
}
