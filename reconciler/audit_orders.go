package reconciler

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// keyRotation asks that the new log key stands in the trust in force: only the roots name log keys (RULES R23). That the old
// key signed the entry is part of the ledger's own verification.
func (r *replay) keyRotation(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	in, err := r.rulesInForceAt(ctx, a.Before, a.Before.Head().Control.Seq)
	if err != nil {
		return lacking("", err)
	}
	named := slices.ContainsFunc(in.trust.Root.LogKeys, func(key string) bool {
		public, err := ledger.ParseLogKey(key)
		return err == nil && ledger.FormatLogKey(public) == e.Order.LogKey
	})
	if named {
		return nil
	}
	return []ledger.Finding{{
		Code: DecisionMismatch, Class: ledger.Violated,
		Detail: fmt.Sprintf("the new log key is not one that trust version %d names", in.trust.Root.Version),
	}}
}

// What follows is carried out on signed requests. Their tags are evidence (Order.Request); judging them again is not built.

func (r *replay) breakGlass(_ context.Context, _ *appended, e ledger.Entry) []ledger.Finding {
	return r.unjudged(e)
}

func (r *replay) suspension(_ context.Context, _ *appended, e ledger.Entry) []ledger.Finding {
	return r.unjudged(e)
}

func (r *replay) taint(_ context.Context, _ *appended, e ledger.Entry) []ledger.Finding {
	return r.unjudged(e)
}

func (r *replay) archive(_ context.Context, _ *appended, e ledger.Entry) []ledger.Finding {
	return r.unjudged(e)
}

func (r *replay) expunge(_ context.Context, _ *appended, e ledger.Entry) []ledger.Finding {
	return r.unjudged(e)
}

// acceptedRef is an observe entry by which the admins follow a ref that was rewound.
func (r *replay) acceptedRef(_ context.Context, _ *appended, e ledger.Entry) []ledger.Finding {
	return r.unjudged(e)
}
