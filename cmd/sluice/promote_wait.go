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

// await follows the ledger until the proposal is live, denied or given up, or the time is over. It always looks once; a forge
// that cannot be reached for a while ends nothing.
func (a *app) await(ctx context.Context, f proposeFlags, draft reconciler.Draft, before int64, out proposed) error {
	until := now().Add(f.timeout)
	for {
		state, why, err := a.howFar(ctx, f, draft, before, out)
		if state != "" {
			out.State = state
		}
		left := until.Sub(now())
		if over(state, err, left) {
			return a.endOfWait(out, why, err)
		}
		if err := pause(ctx, min(left, pollEvery)); err != nil {
			return err
		}
	}
}

// over says whether there is nothing more to wait for.
func over(state string, err error, left time.Duration) bool {
	lasting := err != nil && exitCode(err) != exitUnavailable
	return lasting || left <= 0 || state == "live" || state == "denied" || state == "closed"
}

func (a *app) endOfWait(out proposed, why string, err error) error {
	switch {
	case err != nil:
		return err
	case out.State == "live":
		return a.sayProposed(out)
	case out.State == "denied", out.State == "closed":
		return a.endsProposed(exitNo, out, why)
	}
	return a.endsProposed(exitPending, out, why)
}

// howFar fetches and looks.
func (a *app) howFar(ctx context.Context, f proposeFlags, draft reconciler.Draft, before int64, out proposed) (state, why string, err error) {
	d, err := a.openDesk(ctx, statementFlags{clone: f.clone, remote: f.remote})
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	cell, _, err := d.Ledger.Cell(ctx, draft.Cell)
	if err != nil {
		return "", "", err
	}
	if state, why = became(cell, draft, before); why != notSeen {
		return state, why, nil
	}
	given, err := d.givenUp(ctx, f, draft, out)
	if given != "" {
		return "closed", given, err
	}
	return state, why, err
}

// givenUp says why a proposal that the ledger knows nothing of will never come, as far as that can be seen: its merge request is
// closed, which only a token shows, or its branch is gone and it was not merged.
func (d *desk) givenUp(ctx context.Context, f proposeFlags, draft reconciler.Draft, out proposed) (string, error) {
	if f.token != "" && out.MergeRequest > 0 {
		client, err := d.forge(ctx, f)
		if err != nil {
			return "", err
		}
		defer client.Close()
		mr, err := client.MergeRequest(ctx, out.MergeRequest)
		if err != nil {
			return "", err
		}
		if mr.State == "closed" {
			return fmt.Sprintf("merge request !%d was closed", out.MergeRequest), nil
		}
	}
	head, err := d.standing(ctx, f, draft.SourceRef)
	if err != nil || !head.IsZero() {
		return "", err
	}
	target := d.tip(draft.TargetRef)
	if fits, err := d.drafting(ctx).Fits(ctx, draft, target); err != nil || fits {
		return "", err
	}
	if _, err := d.a.git(ctx, "merge-base", "--is-ancestor", out.Commit, target.String()); err == nil {
		return "", nil
	}
	return fmt.Sprintf("the branch %s is gone, and what it brought is not in %s", out.Branch, out.Target), nil
}

// notSeen is all that the ledger says of what has not come to it.
const notSeen = "it is not merged yet, or the reconciler has not seen it"

// became says how far a proposal is: live, denied or waiting, and what for.
func became(s ledger.State, draft reconciler.Draft, before int64) (state, why string) {
	switch {
	case s.Admitted.Seq > before && s.Admitted.Revision == draft.Revision && !s.Admitted.LiveAt.IsZero():
		return "live", ""
	case s.Admitted.Seq > before && s.Admitted.Revision == draft.Revision:
		return "waiting", fmt.Sprintf("it is admitted by entry #%d and not live yet", s.Admitted.Seq)
	case s.Held == nil || s.Held.Change.To.Revision != draft.Revision:
		return "waiting", notSeen
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
