package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// stageOrCell is what suspend and resume are about.
func (d *desk) stageOrCell(ctx context.Context, stage, app string) (schema.Cell, error) {
	if stage == "" {
		return schema.Cell{}, &failure{code: exitUsage, err: errors.New("which stage?"), hint: "--stage STAGE (" + strings.Join(words(stageNames(d.Project)), ", ") + ")"}
	}
	if app == "" {
		return schema.Cell{Stage: schema.StageName(stage)}, checkStage(stageNames(d.Project), stage)
	}
	return d.knownCell(ctx, app, stage)
}

// knownCell is an app that the ledger knows in a stage that there is.
func (d *desk) knownCell(ctx context.Context, app, stage string) (schema.Cell, error) {
	view, err := d.view(ctx)
	if err != nil {
		return schema.Cell{}, err
	}
	if err := checkApp(view, app); err != nil {
		return schema.Cell{}, err
	}
	return schema.Cell{Stage: schema.StageName(stage), App: schema.App(app)}, checkStage(view.Stages, stage)
}

func (d *desk) end(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, &failure{code: exitUsage, err: fmt.Errorf("--%s is missing: a request of this kind ends by itself", flag), hint: "--" + flag + " 4h, or a time like " + d.made.Add(24*time.Hour).Format("2006-01-02T15:04Z")}
	}
	at, err := moment(text, d.made)
	if err != nil {
		return at, usageError(fmt.Errorf("--%s %w", flag, err))
	}
	if !at.After(d.made) {
		return at, usageError(fmt.Errorf("--%s %s is past: it would end before it begins", flag, text))
	}
	return at, nil
}

// markable refuses a mark that changes nothing: waiting, it would undo a later one.
func (d *desk) markable(ctx context.Context, s schema.RequestStatement) error {
	state, _, err := d.Ledger.Cell(ctx, s.Cell)
	if err != nil {
		return err
	}
	known := state.Known()
	n := slices.IndexFunc(known, func(a ledger.Admission) bool { return a.Revision == s.Revision })
	switch {
	case n < 0:
		return &failure{code: exitUsage, err: fmt.Errorf("%s never had %s", cellName(s.Cell), s.Revision.String()), hint: "sluice history " + string(s.Cell.App)}
	case s.Acknowledged == known[n].Flagged(ledger.Tainted):
		return nil
	case s.Acknowledged:
		return usageError(fmt.Errorf("%s is not tainted in %s", s.Revision.String(), cellName(s.Cell)))
	}
	return usageError(fmt.Errorf("%s is tainted in %s already", s.Revision.String(), cellName(s.Cell)))
}

// revision finds a revision of the cell by its digest, or by the first digits that history shows.
func (d *desk) revision(ctx context.Context, cell schema.Cell, text string) (schema.Revision, error) {
	if digest, err := schema.ParseDigest(text); err == nil {
		return schema.Revision(digest), nil
	}
	state, _, err := d.Ledger.Cell(ctx, cell)
	if err != nil {
		return "", err
	}
	var found, have []schema.Revision
	for _, a := range state.Known() {
		if !slices.Contains(have, a.Revision) && a.Revision != schema.None {
			have = append(have, a.Revision)
		}
	}
	digits := strings.TrimPrefix(text, "r:")
	for _, r := range have {
		if len(digits) >= 8 && strings.HasPrefix(schema.Digest(r).Hex(), digits) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		var names []string
		for _, r := range have {
			names = append(names, r.String())
		}
		return "", &failure{code: exitUsage, err: fmt.Errorf("--revision %q names no one revision of %s", text, cellName(cell)), hint: "it had " + orNobodyOf(names)}
	}
	return found[0], nil
}

func orNobodyOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
