package reconciler

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
)

// genesis asks that the admins of the sealed trust signed what entry 1 says, and that the repository held it.
func (r *replay) genesis(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	const path = "genesis"
	in, err := r.rulesInForceAt(ctx, a.After, e.Seq)
	if err != nil {
		return lacking(path, err)
	}
	list, err := a.After.Evidence(ctx, e.Seal.Cells)
	if err != nil {
		return lacking(path, err)
	}
	cells, err := ledger.ParseSealed(list)
	if err != nil {
		return lacking(path, err)
	}
	told := Sealing{Project: e.Project, Anchor: e.Seal.Anchor, Control: e.Seal.Commit, Tips: e.Seal.Refs, Cells: cells}
	statement, err := told.Statement()
	if err != nil {
		return mismatch(path, "what it seals cannot be signed: %v", err)
	}
	found := r.signedGenesis(ctx, a, e, in, statement)
	return append(found, r.sealedAgain(ctx, e, list)...)
}

// signedGenesis counts the admins whose signatures over the statement the entry keeps.
func (r *replay) signedGenesis(ctx context.Context, a *appended, e ledger.Entry, in *rules, statement []byte) []ledger.Finding {
	var copies []signing.RequestCopy
	for _, d := range e.Seal.Request {
		raw, err := a.After.Evidence(ctx, d)
		if err != nil {
			return lacking("genesis", err)
		}
		tag, err := requestIn(raw)
		if err != nil || !bytes.Equal(tag.request.Statement, statement) {
			return mismatch("genesis", "a request that it keeps asks for something else")
		}
		copies = append(copies, signing.RequestCopy{Principal: tag.principal, Request: tag.request})
	}
	if c := signing.CheckRequest(in.keyring, in.trust, copies, signing.Acceptance{At: e.At}, ""); !c.OK {
		return mismatch("genesis", "the admins did not sign what it seals: %s [%s]", c.Detail, c.Code)
	}
	return nil
}

// sealedAgain seals the repository again at the tips that the entry names.
func (r *replay) sealedAgain(ctx context.Context, e ledger.Entry, list []byte) []ledger.Finding {
	again, err := Seal(ctx, r.repo, e.Seal.Commit, e.Seal.Refs)
	if err == nil && r.repo.lacking != nil {
		err = r.repo.lacking
	}
	if err != nil {
		return lacking("genesis", fmt.Errorf("what was sealed cannot be read: %w", err))
	}
	have, err := ledger.EncodeSealed(again.Cells)
	if err != nil {
		return lacking("genesis", err)
	}
	switch {
	case again.manifest != e.Seal.Control:
		return mismatch("genesis", "the control files at %s are not those that were sealed", e.Seal.Commit.Short())
	case again.trust != e.Seal.Trust, again.Project != e.Project, again.Anchor != e.Seal.Anchor:
		return mismatch("genesis", "the trust at %s is not the one that was sealed", e.Seal.Commit.Short())
	case !bytes.Equal(have, list):
		return mismatch("genesis", "the repository held other cells at the tips that were sealed")
	}
	return nil
}
