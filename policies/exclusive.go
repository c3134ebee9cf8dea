package policies

import (
	"maps"
	"slices"
	"strconv"

	"github.com/sluice-gitops/sluice/schema"
)

// acting says in which of their roles people count for one change, where they have some that exclude each other. Who is not in it
// counts in every role. A nil one says that nobody looked.
type acting map[string][]schema.RoleName

// separator is a policy that keeps roles apart, itself or by those that it is made of.
type separator interface {
	apart(Facts) [][]schema.RoleName
}

func (d Duties) apart(Facts) [][]schema.RoleName { return d.Exclusive }

// apart takes the sets of every way: roles are apart whichever is taken.
func (c Composed) apart(f Facts) [][]schema.RoleName { return apart(c.Of, f) }

func (w When) apart(f Facts) [][]schema.RoleName {
	if !w.applies(f) {
		return nil
	}
	return apart(w.Then, f)
}

func apart(policies []Policy, f Facts) [][]schema.RoleName {
	var out [][]schema.RoleName
	for _, p := range policies {
		if p, ok := p.(separator); ok {
			out = append(out, p.apart(f)...)
		}
	}
	return out
}

// mostActing bounds in how many ways a gate is asked. Past it people count in their first role: that may hold, and lets nothing in.
const mostActing = 64

// evaluateApart asks gates that keep roles apart: once for each way in which the people who approved may act, and takes the first that
// lets the change in, else the one that misses least. So each acts in the role in which the change needs them, and in one alone.
func evaluateApart(halves []Half, sets [][]schema.RoleName) []schema.Verdict {
	var best []schema.Verdict
	least := -1
	for _, way := range waysToAct(halves[0].Facts, sets) {
		verdicts := evaluateHalves(halves, way)
		n, open := 0, true
		for _, v := range verdicts {
			n += lacking(v)
			open = open && v.Outcome == schema.Allow
		}
		if open {
			return verdicts
		}
		if least < 0 || n < least {
			best, least = verdicts, n
		}
	}
	return best
}

// waysToAct are the ways in which those who approved may act, at least one.
func waysToAct(f Facts, sets [][]schema.RoleName) []acting {
	ways := []acting{{}}
	for _, person := range approvedAny(f) {
		options := rolesApart(person, f.Cell, sets)
		if len(options) < 2 {
			continue
		}
		if len(ways)*len(options) > mostActing {
			options = options[:1]
		}
		var more []acting
		for _, way := range ways {
			for _, roles := range options {
				next := maps.Clone(way)
				next[person.ID] = roles
				more = append(more, next)
			}
		}
		ways = more
	}
	return ways
}

// approvedAny are the people who approved, whatever it counts, by id.
func approvedAny(f Facts) []schema.Principal {
	found := map[string]schema.Principal{}
	for _, g := range f.Approvals {
		if p, known := f.Trust.PrincipalOfAccount(host(f), g.By.ID); known {
			found[p.ID] = p
		}
	}
	for _, s := range f.Signed {
		if p, known := f.Trust.Principal(s.Principal); known {
			found[p.ID] = p
		}
	}
	var out []schema.Principal
	for _, id := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[id])
	}
	return out
}

// rolesApart are the largest sets of a person's roles in which no two exclude each other, in order.
func rolesApart(p schema.Principal, cell schema.Cell, sets [][]schema.RoleName) [][]schema.RoleName {
	var has []schema.RoleName
	for _, role := range []schema.RoleName{schema.RoleApprover, schema.RoleRelease, schema.RoleAdmin, schema.RoleRoot} {
		if p.Has(role, cell) {
			has = append(has, role)
		}
	}
	var out [][]schema.RoleName
	for n := 1<<len(has) - 1; n > 0; n-- { // larger sets come before those within them
		var roles []schema.RoleName
		for i, role := range has {
			if n&(1<<(len(has)-1-i)) != 0 {
				roles = append(roles, role)
			}
		}
		within := func(larger []schema.RoleName) bool {
			return !slices.ContainsFunc(roles, func(r schema.RoleName) bool { return !slices.Contains(larger, r) })
		}
		if !clash(roles, sets) && !slices.ContainsFunc(out, within) {
			out = append(out, roles)
		}
	}
	return out
}

// clash reports whether two of the roles exclude each other.
func clash(roles []schema.RoleName, sets [][]schema.RoleName) bool {
	return slices.ContainsFunc(sets, func(set []schema.RoleName) bool {
		n := 0
		for _, role := range roles {
			if slices.Contains(set, role) {
				n++
			}
		}
		return n > 1
	})
}

// lacking is how many approvals a verdict misses.
func lacking(v schema.Verdict) int {
	n := 0
	for _, m := range v.Missing() {
		for need, have := range map[string]string{"need": "have", "need_signed": "have_signed"} {
			want, err := strconv.Atoi(m.Args[need])
			has, _ := strconv.Atoi(m.Args[have])
			if err == nil && m.Policy == "approvals" {
				n += max(0, want-has)
			}
		}
	}
	return n
}

// acts reports whether a person counts for the change in one of the roles that are asked for.
func (a Approvals) acts(f Facts, p schema.Principal) bool {
	in, bound := f.acting[p.ID]
	if !bound {
		return true
	}
	only := p
	only.Roles = nil
	for _, role := range p.Roles {
		if slices.Contains(in, role.Name) {
			only.Roles = append(only.Roles, role)
		}
	}
	return a.MayApprove(only, f.Cell)
}

func roleList(roles []schema.RoleName) string {
	var names []string
	for _, r := range roles {
		names = append(names, string(r))
	}
	return list(names)
}
