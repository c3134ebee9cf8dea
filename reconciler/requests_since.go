package reconciler

import (
	"context"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// A request that could not be carried out stays a tag for as long as it may be used. One that ends a suspension, or sets or
// takes back a mark, must not do that to a later one, which its signer has not seen.

// sawSuspension refuses a resume that was signed before the suspension that is in force.
func (a asked) sawSuspension(s ledger.Suspension) error {
	if s.Seq > a.Seen.Size {
		return refused(signing.CodeEvidenceContext, "it was signed before the suspension by entry #%d", s.Seq)
	}
	return nil
}

// sawMark refuses a taint, an acknowledgement or a review that was signed before the revision was marked, unmarked or let in
// the last time. names are those that the ledger has for it.
func (p *pass) sawMark(ctx context.Context, a asked, admitted int64, names []schema.Revision) error {
	if admitted > a.Seen.Size && a.Reviewed {
		return refused(signing.CodeEvidenceContext, "it was signed before entry #%d let the revision in", admitted)
	}
	for e, err := range p.ledger.Entries(ctx, a.Seen.Size+1) {
		if err != nil {
			return err
		}
		if e.Kind == ledger.Taint && e.Cell() == a.Cell && slices.Contains(names, e.Order.Revision) {
			return refused(signing.CodeEvidenceContext, "it was signed before entry #%d", e.Seq)
		}
	}
	return nil
}
