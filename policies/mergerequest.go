package policies

import (
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// MergeRequest asks that a merged merge request into the stage's ref brought the change, and that what landed is what
// its people signed.
type MergeRequest struct{}

// bindingDenies are the bindings that only another landing can mend; the others wait.
var bindingDenies = map[schema.Code]bool{
	"evil-merge": true, "squash-mismatch": true, "history-shape": true,
}

// Evaluate answers no-evidence for a direct push, wrong-target for a merge request into another ref, and the binding's
// own code where the landed files are not the signed ones.
func (MergeRequest) Evaluate(f Facts) schema.Verdict {
	const policy = "merge-request"
	mr := f.MergeRequest
	if f.Mixed {
		return answer(policy, schema.Deny, "policy-mixed", "commit", f.Landing.Tip.Short())
	}
	if mr == nil {
		return answer(policy, schema.Deny, "no-evidence", "commit", f.Landing.Tip.Short())
	}
	iid := "!" + strconv.FormatInt(mr.IID, 10)
	switch {
	case mr.State != "merged":
		return answer(policy, schema.Deny, "no-evidence", "commit", f.Landing.Tip.Short(), "merge_request", iid)
	case mr.TargetRef != f.Ref:
		return answer(policy, schema.Deny, "wrong-target", "merge_request", iid, "target", mr.TargetRef, "want", f.Ref)
	case mr.Draft:
		return answer(policy, schema.Hold, "draft", "merge_request", iid)
	case !f.Landing.Bound.OK:
		return unbound(policy, iid, f.Landing.Bound)
	}
	v := allow(policy)
	v.Args = map[string]string{"merge_request": iid}
	return v
}

func unbound(policy, iid string, b schema.Binding) schema.Verdict {
	outcome := schema.Hold
	if bindingDenies[b.Code] {
		outcome = schema.Deny
	}
	code := b.Code
	if code == "" {
		code = "evidence-missing"
	}
	args := []string{"merge_request", iid}
	if len(b.Paths) > 0 {
		args = append(args, "paths", strings.Join(b.Paths, ", "))
	}
	return answer(policy, outcome, code, args...)
}
