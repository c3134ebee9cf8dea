package reconciler

import (
	"context"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// approvalTag is a tag with an approval by signature, read but not judged.
type approvalTag struct {
	requestTag
	statement schema.ApprovalStatement
}

// approvalTags are the approvals of the pass. What is no approval is told and holds up nothing.
func (p *pass) approvalTags(ctx context.Context) []approvalTag {
	if p.approvals != nil {
		return *p.approvals
	}
	tags, _ := p.readTags(ctx)
	out := []approvalTag{}
	for _, tag := range tags {
		if tag.request.Kind != schema.KindApprove {
			continue
		}
		statement, err := schema.ParseApproval(tag.request)
		if err != nil {
			p.tellOnce(tag.ref, "approval not read", "tag", tag.ref, "error", err)
			continue
		}
		out = append(out, approvalTag{tag, statement})
	}
	slices.SortStableFunc(out, func(a, b approvalTag) int { return a.statement.Made.Compare(b.statement.Made) })
	p.approvals = &out
	return out
}

// signedApprovals judges the signatures of the approvals that are about what a cell is to become, or about the merge request
// that brings it, and returns the tags beside them. All others are about other steps: they say nothing of this one, and a
// verdict that listed them would grow for ever.
func (p *pass) signedApprovals(ctx context.Context, cell schema.Cell, to schema.Content, mr *schema.MergeRequest) ([]schema.SignedApproval, [][]byte, error) {
	var out []schema.SignedApproval
	var raw [][]byte
	for _, tag := range p.approvalTags(ctx) {
		step, named := tag.statement.For(cell)
		if !named || step.To != to && !isFor(tag.statement, mr) {
			continue
		}
		approval, err := signing.CheckApproval(p.rules.keyring, signing.RequestCopy{Principal: tag.principal, Request: tag.request}, p.acceptance())
		if err != nil {
			continue // told when it was read
		}
		approval.Tag = schema.DigestOf(tag.raw)
		if approval.Entry, err = p.entryDigest(ctx, tag.statement.Seen.Size); err != nil {
			return nil, nil, err
		}
		out, raw = append(out, approval), append(raw, tag.raw)
	}
	return out, raw, nil
}

func isFor(a schema.ApprovalStatement, mr *schema.MergeRequest) bool {
	return mr != nil && a.MergeRequest != nil && *a.MergeRequest == schema.MergeRequestName{Host: mr.Host, ProjectID: mr.ProjectID, IID: mr.IID}
}
