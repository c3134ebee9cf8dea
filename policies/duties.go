package policies

import (
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// Duties asks that whoever merged a change did not write or approve it as well, and that nobody acts for it in two roles that exclude each
// other. That nobody approves their own change holds wherever approvals are counted.
type Duties struct{ schema.DutiesSpec }

// Evaluate asks both. In which role people act, the gate decides: approvals that it asks for count them in that one alone.
func (d Duties) Evaluate(f Facts) schema.Verdict {
	const policy = "duties"
	if len(d.Exclusive) == 0 {
		return d.merged(f)
	}
	if f.acting == nil {
		return answer(policy, schema.Hold, "evidence-missing", "what", "in which roles people act")
	}
	var acts []schema.Verdict
	for _, who := range slices.Sorted(maps.Keys(f.acting)) {
		acts = append(acts, answer(policy, schema.Allow, "", "by", who, "as", roleList(f.acting[who])))
	}
	v := allow(policy)
	if len(d.Merger) > 0 {
		v = d.merged(f)
	}
	v.Parts = append(v.Parts, acts...)
	return v
}

// merged denies what one person did twice, and holds where the merger is not known or is nobody: an account without its
// person could be anybody's second one.
func (d Duties) merged(f Facts) schema.Verdict {
	const policy = "duties"
	if f.MergeRequest == nil || f.MergeRequest.MergedBy.ID == 0 || len(d.Merger) == 0 {
		return answer(policy, schema.Hold, "evidence-missing", "what", "who merged it")
	}
	merger := f.MergeRequest.MergedBy
	person, known := f.Trust.PrincipalOfAccount(f.MergeRequest.Host, merger.ID)
	if !known {
		return answer(policy, schema.Hold, "merger-unknown", "by", accountName(merger))
	}
	var parts []schema.Verdict
	if slices.Contains(d.Merger, schema.DutyAuthor) && f.Authorless {
		parts = append(parts, noAuthors(policy))
	}
	if slices.Contains(d.Merger, schema.DutyAuthor) && (Approvals{}).excluded(f)[person.ID] {
		parts = append(parts, answer(policy, schema.Deny, "duty-conflict", "by", person.ID, "also", "worked on it"))
	}
	if slices.Contains(d.Merger, schema.DutyApprover) && approvedBy(f, person.ID) {
		parts = append(parts, answer(policy, schema.Deny, "duty-conflict", "by", person.ID, "also", "approved it"))
	}
	if len(parts) > 0 {
		return schema.All(policy, parts...)
	}
	v := allow(policy)
	v.Args = map[string]string{"by": person.ID}
	return v
}

// approvedBy reports whether a person approved this very change, whether a gate counts that or not. An approval of which
// nobody knows what it was for is taken for one of this.
func approvedBy(f Facts, id string) bool {
	observed := slices.ContainsFunc(f.Approvals, func(g schema.GivenApproval) bool {
		p, known := f.Trust.PrincipalOfAccount(host(f), g.By.ID)
		return known && p.ID == id && (g.To == f.Change.To.Content || g.To == "")
	})
	return observed || slices.ContainsFunc(f.Signed, func(s schema.SignedApproval) bool {
		code, _ := f.step().judge(s)
		return s.Principal == id && code == ""
	})
}
