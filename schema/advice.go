package schema

import (
	"slices"
	"strings"
)

// Advice says what is allowed but probably not meant: gates that nobody can pass, stages that one person alone can change, a
// trust root that one lost key locks. `sluice lint` shows it where it is written in a file; it holds nothing.
func (p Project) Advice(t Trust) Diagnostics {
	var out Diagnostics
	for _, s := range p.Stages {
		for _, spec := range s.Gates.Promote {
			out = append(out, adviceOnNone(s.Name, spec)...)
		}
		gates := slices.Clone(s.Gates.Promote)
		if s.Gates.RollbackAt.Line > 0 { // else it asks what the other one does
			gates = append(gates, s.Gates.Rollback...)
		}
		if s.Gates.RetireAt.Line > 0 {
			gates = append(gates, s.Gates.Retire...)
		}
		for _, spec := range gates {
			out = append(out, adviceOnPeople(s.Name, spec, t)...)
		}
	}
	for _, s := range p.Stages {
		out = append(out, adviceOnExclusive(s, t)...)
	}
	return append(append(out, p.adviceOnRoles(t)...), adviceOnRoot(t)...)
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

// MissingSchemas finds schemas and lists that a gate names and that are not there; have answers by path from the top of the repository.
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
				code := Code("schema-missing")
				if strings.HasPrefix(path, ListDir+"/") {
					code = "list-missing"
				}
				out = append(out, Diagnostic{
					Position: spec.Position, Width: len(spec.Name), Code: code, Message: code.Message(args{"path": path}),
				})
			}
		}
	}
	return out
}
