package main

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// foundRequest is one signer's tag, as the clone has it. Nothing of it is verified.
type foundRequest struct {
	reconciler.RequestTag
	ID string // first 16 hexadecimal digits of the statement's digest
}

func (r foundRequest) copy() signing.RequestCopy {
	return signing.RequestCopy{Principal: r.Principal, Request: r.Request}
}

// requestsIn reads every tag that carries a request, and says why the others carry none: the reconciler leaves them out.
func requestsIn(ctx context.Context, repo *gitrepo.Repo, refs map[string]schema.Hash) (found []foundRequest, odd []error, err error) {
	tags, odd := reconciler.ReadRequests(ctx, repo, refs)
	out := make([]foundRequest, len(tags))
	for i, tag := range tags {
		out[i] = foundRequest{RequestTag: tag, ID: statementID(tag.Request.Statement)}
	}
	return out, odd, ctx.Err()
}

// statementID is how people name a statement: as its tags do.
func statementID(statement []byte) string { return schema.DigestOf(statement).Hex()[:16] }

// copies are the tags of one statement.
func (d *desk) copies(id string) []foundRequest {
	var out []foundRequest
	for _, r := range d.found {
		if r.ID == id {
			out = append(out, r)
		}
	}
	return out
}
