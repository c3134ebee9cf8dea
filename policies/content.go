package policies

import "github.com/sluice-gitops/sluice/schema"

// ContentRules asks that a cell's tree can be configuration at all: plain files, names that do not collide, and no more
// than the stage's targets can hold.
type ContentRules struct{}

// Evaluate has one part per problem.
func (ContentRules) Evaluate(f Facts) schema.Verdict {
	const policy = "content"
	var parts []schema.Verdict
	for _, p := range f.Problems {
		v := answer(policy, schema.Deny, p.Code, "path", p.Path)
		if p.Detail != "" {
			v.Args["detail"] = p.Detail
		}
		parts = append(parts, v)
	}
	parts = append(parts, f.Misfits...)
	if len(parts) == 0 {
		return allow(policy)
	}
	return schema.All(policy, parts...)
}
