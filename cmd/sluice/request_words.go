package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// plainWords says what a request does, in sentences; break-glass shows the change as well.
func (d *desk) plainWords(ctx context.Context, s schema.RequestStatement) ([]string, []step, error) {
	switch s.Kind {
	case schema.KindSuspend:
		words, err := d.replacedWords(ctx, s)
		return append([]string{
			fmt.Sprintf("Nothing enters %s but by break-glass, until %s (%s).", placeName(s.Cell), minute(s.Until), roughly(s.Until.Sub(s.Made))),
			"Drift repair goes on. It ends by itself; sluice resume ends it earlier.",
		}, words...), nil, err
	case schema.KindResume:
		words, err := d.resumeWords(ctx, s.Cell)
		return words, nil, err
	case schema.KindTaint:
		words, err := d.taintWords(ctx, s)
		return words, nil, err
	case schema.KindExpunge:
		words, err := d.expungeWords(ctx, s)
		return words, nil, err
	case schema.KindAcceptRef:
		words, err := d.acceptRefWords(ctx, s)
		return words, nil, err
	case schema.KindAdopt:
		words, err := d.adoptWords(ctx, s)
		return words, nil, err
	case schema.KindBreakGlass:
		return d.breakGlassWords(ctx, s)
	}
	return nil, nil, fmt.Errorf("a %s request is not made here", s.Kind)
}

func (d *desk) resumeWords(ctx context.Context, cell schema.Cell) ([]string, error) {
	pinned, err := d.pinned(ctx, cell)
	if err != nil || pinned == nil {
		return []string{"Nothing is suspended there."}, err
	}
	return []string{
		fmt.Sprintf("The suspension of %s ends at once; it would hold until %s (entry #%d).", placeName(cell), minute(*pinned.Until), pinned.Seq),
		"What waits there is judged again.",
	}, nil
}

// pinned is the suspension of a cell or a stage by itself, while it lasts; nil if there is none.
func (d *desk) pinned(ctx context.Context, cell schema.Cell) (*ledger.Suspension, error) {
	found, ok := d.Ledger.Head().Suspended[cell.Stage]
	if cell.App != "" {
		state, _, err := d.Ledger.Cell(ctx, cell)
		if err != nil {
			return nil, err
		}
		if ok = state.Suspended != nil; ok {
			found = *state.Suspended
		}
	}
	if !ok || found.Until == nil || !d.made.Before(*found.Until) {
		return nil, nil
	}
	return &found, nil
}

// replacedWords say which suspension this one takes the place of: of a stage, or of an app by itself, there is one at a time.
func (d *desk) replacedWords(ctx context.Context, s schema.RequestStatement) ([]string, error) {
	pinned, err := d.pinned(ctx, s.Cell)
	if err != nil || pinned == nil {
		return nil, err
	}
	what := "later"
	if s.Until.Before(*pinned.Until) {
		what = "EARLIER"
	}
	text := fmt.Sprintf("It REPLACES the suspension until %s (entry #%d", minute(*pinned.Until), pinned.Seq)
	if e, _, err := d.Ledger.Entry(ctx, pinned.Seq); err == nil && e.Order != nil {
		text += ": " + schema.Printable(e.Order.Reason)
	}
	if s.Until.Equal(*pinned.Until) {
		return []string{text + "), and ends at the same time."}, nil
	}
	return []string{text + "), and ends " + what + "."}, nil
}

// notShortened refuses a suspension that would end one early that somebody asked for: that is what resume is for.
func (d *desk) notShortened(ctx context.Context, s schema.RequestStatement) error {
	pinned, err := d.pinned(ctx, s.Cell)
	if err != nil || pinned == nil || !s.Until.Before(*pinned.Until) {
		return err
	}
	return &failure{
		code: exitUsage, err: fmt.Errorf("%s is suspended until %s already (entry #%d): this one would take its place and end earlier", placeName(s.Cell), minute(*pinned.Until), pinned.Seq),
		hint: "a later --until; --replace to end it earlier; sluice resume to end it now",
	}
}

func (d *desk) taintWords(ctx context.Context, s schema.RequestStatement) ([]string, error) {
	state, _, err := d.Ledger.Cell(ctx, s.Cell)
	if err != nil {
		return nil, err
	}
	where := fmt.Sprintf("%s never had it, as far as the ledger remembers.", cellName(s.Cell))
	for _, a := range state.Revisions {
		if a.Revision == s.Revision {
			where = fmt.Sprintf("%s had it by entry #%d, %s.", cellName(s.Cell), a.Seq, minute(a.At))
		}
	}
	if state.Admitted.Revision == s.Revision && state.Admitted.Seq > 0 {
		where = fmt.Sprintf("%s has it now, by entry #%d, and keeps it: roll back if it must go.", cellName(s.Cell), state.Admitted.Seq)
	}
	switch {
	case s.Reviewed:
		return []string{fmt.Sprintf("%s came into %s by break-glass: you say that it was looked at and may stay.", s.Revision.String(), cellName(s.Cell)), "It can then be rolled back to. Who broke the glass cannot review it alone.", where}, nil
	case s.Acknowledged:
		return []string{
			fmt.Sprintf("%s may be promoted from %s and rolled back to again.", s.Revision.String(), cellName(s.Cell)),
			"It is " + string(s.Revision) + ".", where,
		}, nil
	}
	return []string{
		fmt.Sprintf("%s is promoted from %s no more, and nothing is rolled back to it, until the roots acknowledge it.", s.Revision.String(), cellName(s.Cell)),
		"It is " + string(s.Revision) + ".", where,
	}, nil
}

func (d *desk) expungeWords(ctx context.Context, s schema.RequestStatement) ([]string, error) {
	named := map[schema.Digest][]string{}
	for e, err := range d.Ledger.Entries(ctx, 1) {
		if err != nil {
			return nil, err
		}
		for _, digest := range e.Names() {
			if slices.Contains(s.Blobs, digest) {
				named[digest] = append(named[digest], fmt.Sprintf("#%d", e.Seq))
			}
		}
	}
	out := []string{fmt.Sprintf("%s of evidence leaves the ledger's tree, and does not come back:", count(int64(len(s.Blobs)), "piece", "pieces"))}
	for _, blob := range s.Blobs {
		size := "no longer there"
		if data, err := d.Ledger.Evidence(ctx, blob); err == nil {
			size = count(int64(len(data)), "byte", "bytes")
		}
		out = append(out, fmt.Sprintf("  %s  %s, named by %s", blob, size, orNone(named[blob])))
	}
	return append(out,
		"The chain stays whole, but what these entries decided can no longer be judged again.",
		"Older commits of the ledger's branch keep the bytes: whoever runs the server has to deal with those."), nil
}

func orNone(entries []string) string {
	if len(entries) == 0 {
		return "no entry itself"
	}
	return strings.Join(slices.Compact(entries), ", ")
}

func (d *desk) acceptRefWords(ctx context.Context, s schema.RequestStatement) ([]string, error) {
	out := []string{fmt.Sprintf("The reconciler follows %s to %s, which does not continue %s, the tip it saw last.", branchName(s.Ref), s.New, s.Old.Short())}
	lost, err := d.repo.Between(ctx, []schema.Hash{s.New}, s.Old)
	gained, err2 := d.repo.Between(ctx, []schema.Hash{s.Old}, s.New)
	if err != nil || err2 != nil {
		out = append(out, "How many commits that drops cannot be told: the old tip is not in this clone.")
	} else {
		out = append(out, fmt.Sprintf("%s of the old history are not in the new one, which has %s of its own.", count(int64(len(lost)), "commit", "commits"), count(int64(len(gained)), "commit", "commits")))
	}
	if tip := d.tip(s.Ref); tip != s.New {
		out = append(out, fmt.Sprintf("It is not the tip that is there now, %s.", shortOrNothing(tip)))
	}
	if _, bad := d.Ledger.Refs().Incident[s.Ref]; !bad {
		out = append(out, "No incident of that branch is in the ledger: the reconciler may not have seen it yet.")
	}
	return append(out, "Nothing that was admitted changes; what the new history brings is judged as any change."), nil
}

func shortOrNothing(h schema.Hash) string {
	if h.IsZero() {
		return "which is gone"
	}
	return h.Short()
}

func (d *desk) breakGlassWords(ctx context.Context, s schema.RequestStatement) ([]string, []step, error) {
	change, err := d.Change(ctx, d.mirror, s.Cell, schema.Hash{}, s.New, d.made)
	if err != nil {
		return nil, nil, err
	}
	one, err := d.step(ctx, change, &subject{head: s.New})
	if err != nil {
		return nil, nil, err
	}
	one.Warnings, one.Authors, one.Gate = nil, nil, ""
	out := []string{
		fmt.Sprintf("Exactly this content enters %s WITHOUT ITS GATE, once, and only until %s (%s).", cellName(s.Cell), minute(s.Until), roughly(s.Until.Sub(s.Made))),
		"It stays when that time ends. Until somebody has reviewed it, nothing is rolled back to it.",
		fmt.Sprintf("Review it by %s.", minute(s.Review)),
	}
	if state := change.Admitted; state.Admitted.Content != s.From && (state.Admitted.Seq > 0 || s.From != schema.NoContent) {
		out = append(out, "STALE: the app has other content by now than the statement says, so it can no longer be used.")
	}
	if in, err := d.repo.IsAncestor(ctx, s.New, d.tip(s.Ref)); err != nil || !in {
		out = append(out, fmt.Sprintf("Commit %s is not on %s yet: it enters once it is there.", s.New.Short(), branchName(s.Ref)))
	}
	return out, []step{one}, nil
}

// placeName is an app in a stage, or the whole stage.
func placeName(c schema.Cell) string {
	if c.App == "" {
		return schema.Printable(string(c.Stage)) + " (every app)"
	}
	return cellName(c)
}

// roughly is a duration for people: its two largest units.
func roughly(d time.Duration) string {
	d = d.Round(time.Minute)
	days, hours, minutes := d/(24*time.Hour), d%(24*time.Hour)/time.Hour, d%time.Hour/time.Minute
	var parts []string
	for _, part := range []struct {
		n         time.Duration
		one, many string
	}{{days, "day", "days"}, {hours, "hour", "hours"}, {minutes, "minute", "minutes"}} {
		if part.n > 0 && len(parts) < 2 {
			parts = append(parts, count(int64(part.n), part.one, part.many))
		}
	}
	if len(parts) == 0 {
		return "less than a minute"
	}
	return strings.Join(parts, " ")
}
