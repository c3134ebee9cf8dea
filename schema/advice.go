package schema

import "slices"

// Advice says what is allowed but probably not meant: gates that nobody can pass, stages that one person alone can change, a
// trust root that one lost key locks. `sluice lint` and `doctor` show it; it holds nothing.
func (p Project) Advice(t Trust) Diagnostics {
	var out Diagnostics
	for _, s := range p.Stages {
		for _, spec := range s.Gates.Promote { // one that others can stand in for need not be possible
			out = append(out, adviceOnApprovals(s.Name, spec, t)...)
		}
	}
	for _, s := range p.Stages {
		out = append(out, adviceOnExclusive(s, t)...)
	}
	return append(append(out, p.adviceOnRoles(t)...), adviceOnRoot(t)...)
}

func adviceOnApprovals(stage StageName, spec PolicySpec, t Trust) Diagnostics {
	if c, err := spec.Calendar(); err == nil && c.Override != nil {
		return adviceOnAsked(stage, spec, *c.Override, t)
	}
	ask, err := spec.Approvals()
	if err != nil {
		return nil // another policy
	}
	return adviceOnAsked(stage, spec, ask, t)
}

// adviceOnAsked says of approvals that a policy asks for whether there are people who can give them.
func adviceOnAsked(stage StageName, spec PolicySpec, ask ApprovalsSpec, t Trust) Diagnostics {
	note := func(code Code, a args) Diagnostic {
		a["stage"] = string(stage)
		return Diagnostic{Position: spec.Position, Width: len(spec.Name), Code: code, Message: code.Message(a)}
	}
	var out Diagnostics
	if ask.Observed+ask.Signed == 0 {
		out = append(out, note("approvals-not-enforced", args{}))
	}
	need := max(ask.Observed, ask.Signed) // one person can count as both
	if have := mostApprovers(stage, t, ask); have < need && len(t.Principals) > 0 {
		out = append(out, note("approvals-impossible", args{"need": count(need), "have": count(have)}))
	}
	for _, id := range ask.Owners {
		if _, known := t.Principal(id); !known && len(t.Principals) > 0 {
			var ids []string
			for _, p := range t.Principals {
				ids = append(ids, p.ID)
			}
			d := note("owner-unknown", args{"person": id})
			d.Hint = didYouMean(id, ids)
			out = append(out, d)
		}
	}
	return out
}

// mostApprovers is how many people can approve a change in a stage at best, for one of what is asked, whoever of the authors wrote it.
func mostApprovers(stage StageName, t Trust, asks ...ApprovalsSpec) int {
	may := func(p Principal) bool {
		return !hasRole(p, RoleBot) && slices.ContainsFunc(asks, func(ask ApprovalsSpec) bool {
			return (ask.Owners == nil || slices.Contains(ask.Owners, p.ID)) && slices.ContainsFunc(p.Roles, func(r Role) bool {
				return slices.Contains(ask.Roles, r.Name) && (r.Name != RoleApprover || r.Stage == stage)
			})
		})
	}
	best := 0
	for _, author := range t.Principals {
		if !hasRole(author, RoleAuthor) {
			continue
		}
		n := 0
		for _, p := range t.Principals {
			if p.ID != author.ID && may(p) {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

// adviceOnRoles finds approvers of a stage that there is not.
func (p Project) adviceOnRoles(t Trust) Diagnostics {
	var names []string
	for _, s := range p.Stages {
		names = append(names, string(s.Name))
	}
	var out Diagnostics
	for _, who := range t.Principals {
		for _, r := range who.Roles {
			if r.Name == RoleApprover && !slices.Contains(names, string(r.Stage)) {
				d := FindingIn(TrustDir+"/"+PrincipalsFile, "role-without-stage", args{"person": who.ID, "role": r.String(), "stage": string(r.Stage)})
				d.Hint = didYouMean(string(r.Stage), names)
				out = append(out, d)
			}
		}
	}
	return out
}

func adviceOnRoot(t Trust) Diagnostics {
	if n := len(t.Root.Roots); n == 0 || n > t.Root.Threshold {
		return nil
	}
	return Diagnostics{FindingIn(TrustDir+"/"+RootFile, "trust-lockout", args{"threshold": count(t.Root.Threshold), "roots": count(len(t.Root.Roots))})}
}

// MissingSchemas finds schemas that a gate names and that are not there; have answers by path from the top of the repository.
func (p Project) MissingSchemas(have func(path string) bool) Diagnostics {
	var out Diagnostics
	seen := map[string]bool{}
	for _, s := range p.Stages {
		for _, spec := range slices.Concat(s.Gates.Promote, s.Gates.Rollback, s.Gates.Retire) {
			for _, path := range (Gate{spec}).Files() {
				if seen[path] || have(path) {
					continue
				}
				seen[path] = true
				out = append(out, Diagnostic{
					Position: spec.Position, Width: len(spec.Name), Code: "schema-missing", Message: Code("schema-missing").Message(args{"path": path}),
				})
			}
		}
	}
	return out
}
