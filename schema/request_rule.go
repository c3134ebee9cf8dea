package schema

import (
	"slices"
	"time"
)

// RequestRule says who has to sign a kind of request, and for how long it holds.
type RequestRule struct {
	Kind  string
	Roles []RoleName // one of them, for the cell that the request is about
	// AtLeast is how many people, whatever the trust root says.
	AtLeast int
	// Threshold adds the trust root's own number: its roots', or its admins'.
	Threshold bool
	Usage     KeyUsage      // what the signing key has to be for
	Longest   time.Duration // until may be so long after made; zero has no until
}

// RequestLife is how long after it was made a request may be used; what it grants may last longer.
const RequestLife = 7 * 24 * time.Hour

// LongestReview is when a break-glass request has to be reviewed at the latest.
const LongestReview = 14 * 24 * time.Hour

// requestRules is the table. Nothing writes to it.
var requestRules = [...]RequestRule{
	{Kind: KindGenesis, Roles: []RoleName{RoleAdmin}, AtLeast: 1, Threshold: true, Usage: UsageApproval},
	{Kind: KindSuspend, Roles: []RoleName{RoleRelease, RoleAdmin}, AtLeast: 1, Usage: UsageApproval, Longest: 90 * 24 * time.Hour},
	{Kind: KindResume, Roles: []RoleName{RoleRelease, RoleAdmin}, AtLeast: 1, Usage: UsageApproval},
	{Kind: KindTaint, Roles: []RoleName{RoleRelease, RoleAdmin, RoleRoot}, AtLeast: 1, Usage: UsageApproval},
	{Kind: KindExpunge, Roles: []RoleName{RoleRoot}, AtLeast: 2, Threshold: true, Usage: UsageRoot},
	{Kind: KindAcceptRef, Roles: []RoleName{RoleAdmin}, AtLeast: 1, Threshold: true, Usage: UsageApproval},
	{Kind: KindAdopt, Roles: []RoleName{RoleAdmin}, AtLeast: 1, Threshold: true, Usage: UsageApproval},
	{Kind: KindBreakGlass, Roles: []RoleName{RoleRelease}, AtLeast: 2, Usage: UsageApproval, Longest: 24 * time.Hour},
}

// acknowledgeRule is for a taint that is taken back: only the roots can (RULES R18).
var acknowledgeRule = RequestRule{Kind: KindTaint, Roles: []RoleName{RoleRoot}, AtLeast: 1, Threshold: true, Usage: UsageRoot}

// reviewRule is for looking at what broke the glass. That somebody else than those who broke it did is the reconciler's to ask.
var reviewRule = RequestRule{Kind: KindTaint, Roles: []RoleName{RoleRelease, RoleAdmin, RoleRoot}, AtLeast: 1, Usage: UsageApproval}

// RuleOf returns the rule of a kind. Approvals have none: a gate says how many it wants.
func RuleOf(kind string) (RequestRule, bool) {
	for _, r := range requestRules {
		if r.Kind == kind {
			return r, true
		}
	}
	return RequestRule{}, false
}

// Rule returns the rule of this request.
func (s RequestStatement) Rule() (RequestRule, bool) {
	if s.Kind == KindTaint && s.Acknowledged {
		return acknowledgeRule, true
	}
	if s.Kind == KindTaint && s.Reviewed {
		return reviewRule, true
	}
	return RuleOf(s.Kind)
}

// Need is how many people have to sign, under a trust root.
func (r RequestRule) Need(root Root) int {
	need := max(r.AtLeast, 1)
	if r.Threshold && slices.Contains(r.Roles, RoleAdmin) {
		need = max(need, root.Admin)
	}
	if r.Threshold && slices.Contains(r.Roles, RoleRoot) {
		need = max(need, root.Threshold)
	}
	return need
}

// MaySign reports whether the principal's signature counts for a request about the cell. Robots never count, and a role
// that is limited to apps does not count for a stage as a whole.
func (r RequestRule) MaySign(p Principal, cell Cell) bool {
	return !hasRole(p, RoleBot) && slices.ContainsFunc(r.Roles, func(role RoleName) bool {
		if cell.App == "" {
			return slices.ContainsFunc(p.Roles, func(has Role) bool { return has.Name == role && len(has.Apps) == 0 })
		}
		return p.Has(role, cell)
	})
}
