package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// pollEvery is how often the ledger is fetched while it is waited.
const pollEvery = 5 * time.Second

// await follows the ledger until the proposal is live or denied, or the time is over. It always looks once.
func (a *app) await(ctx context.Context, f proposeFlags, draft reconciler.Draft, before int64, out proposed) error {
	until := now().Add(f.timeout)
	for {
		d, err := a.openDesk(ctx, statementFlags{clone: f.clone, remote: f.remote})
		if err != nil {
			return err
		}
		state, _, err := d.Ledger.Cell(ctx, draft.Cell)
		if err := errors.Join(err, d.Close()); err != nil {
			return err
		}
		var why string
		out.State, why = became(state, draft, before)
		switch {
		case out.State == "live":
			return a.sayProposed(out)
		case out.State == "denied":
			return a.endsProposed(exitNo, out, why)
		}
		left := until.Sub(now())
		if left <= 0 {
			return a.endsProposed(exitPending, out, why)
		}
		if err := pause(ctx, min(left, pollEvery)); err != nil {
			return err
		}
	}
}

// became says how far a proposal is: live, denied or waiting, and what for.
func became(s ledger.State, draft reconciler.Draft, before int64) (state, why string) {
	switch {
	case s.Admitted.Seq > before && s.Admitted.Revision == draft.Revision && !s.Admitted.LiveAt.IsZero():
		return "live", ""
	case s.Admitted.Seq > before && s.Admitted.Revision == draft.Revision:
		return "waiting", fmt.Sprintf("it is admitted by entry #%d and not live yet", s.Admitted.Seq)
	case s.Held == nil || s.Held.Change.To.Revision != draft.Revision:
		return "waiting", "it is not merged yet, or the reconciler has not seen it"
	}
	var codes []string
	for _, m := range s.Held.Verdict.Missing() {
		codes = append(codes, "["+string(m.Code)+"]")
	}
	why = strings.Join(codes, " ")
	if s.Held.Verdict.Outcome == schema.Deny {
		return "denied", "it was denied " + why
	}
	return "waiting", "it is merged and held " + why
}

func (a *app) endsProposed(code int, out proposed, why string) error {
	if a.json() {
		return errors.Join(a.sayProposed(out), answer{code})
	}
	return &failure{code: code, err: errors.New(why), hint: fmt.Sprintf("sluice why %s %s", out.App, out.Stage)}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
