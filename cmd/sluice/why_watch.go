package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// watchFlags say whether an answer is waited for.
type watchFlags struct {
	watch  bool
	every  time.Duration
	remote string
}

func (f *watchFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.watch, "watch", false, "fetch again and again, and print each answer that is another one, until it is settled")
	c.Flags().DurationVar(&f.every, "every", 10*time.Second, "with --watch: how often is fetched, as a `DURATION`; at least 1s")
	c.Flags().StringVar(&f.remote, "remote", "origin", "`REMOTE` whose branches are read, and with --watch fetched")
}

// watchWhy answers with what the clone has, fetches, and answers again whenever the answer is another one. It ends when nothing is
// waited for any more, or when it is interrupted, each time with what the last answer ends with.
func (a *app) watchWhy(ctx context.Context, f watchFlags, args []string, look func() (schema.View, status.TextOptions, error)) error {
	if f.every < time.Second {
		return usageError(fmt.Errorf("--every %s: want at least 1s", f.every))
	}
	w := followed{app: a, args: args}
	for looks := 0; ; looks++ {
		view, opts, err := look()
		if err == nil {
			err = w.show(view, opts)
		}
		var quiet answer
		if err != nil && !errors.As(err, &quiet) {
			if ctx.Err() != nil && w.shown != nil {
				return w.last
			}
			return err
		}
		if w.fetched && settled(view, args) || looks > 0 && pause(ctx, f.every) != nil {
			return w.last
		}
		if err := w.fetch(ctx, f.remote); err != nil {
			return err
		}
	}
}

// followed is an answer that is followed.
type followed struct {
	app     *app
	args    []string
	shown   []byte
	last    error // what the answer that is shown ends with
	fetched bool  // the server answered when it was asked last
	silent  bool
}

// show answers, unless the answer is the one that was given last.
func (w *followed) show(view schema.View, opts status.TextOptions) error {
	now := about(view, w.args)
	if bytes.Equal(now, w.shown) {
		return w.last
	}
	if w.shown != nil && !w.app.json() {
		fmt.Fprintln(w.app.out)
	}
	w.shown, w.last = now, w.app.why(view, w.args, opts)
	return w.last
}

// fetch brings the clone up to date. A server that cannot be reached for a while ends nothing, and is told of once.
func (w *followed) fetch(ctx context.Context, remote string) error {
	_, err := w.app.git(ctx, "fetch", "--quiet", remote)
	w.fetched = err == nil
	switch {
	case err == nil:
		w.silent = false
	case ctx.Err() != nil:
	case exitCode(noAccess(err, remote)) != exitUnavailable:
		return noAccess(err, remote)
	case !w.silent:
		w.silent = true
		fmt.Fprintf(w.app.errs, "sluice: nothing new is seen until the server answers: %s\n", schema.Printable(err.Error()))
	}
	return nil
}

// cellsOf are the cells that why was asked about.
func cellsOf(view schema.View, args []string) []schema.CellView {
	var out []schema.CellView
	for _, app := range view.Apps {
		for _, c := range app.Cells {
			if string(app.App) == args[0] && (len(args) < 2 || string(c.Cell.Stage) == args[1]) {
				out = append(out, c)
			}
		}
	}
	return out
}

// about is all that the answer is about, without the time at which it is given.
func about(view schema.View, args []string) []byte {
	data, err := json.Marshal(struct {
		Cells     []schema.CellView
		Control   *schema.HeldView
		Suspended []schema.SuspensionView
	}{cellsOf(view, args), view.Control, view.Suspended})
	if err != nil {
		return nil // a view that cannot be written is another one each time
	}
	return data
}

// settled reports whether neither time nor people nor the reconciler are waited for: all is as intended, or only another change helps.
func settled(view schema.View, args []string) bool {
	if schema.App(args[0]) == schema.Control.App {
		return view.Control == nil && view.Unjudged == nil || view.Control != nil && view.Control.Verdict.Outcome == schema.Deny
	}
	for _, c := range cellsOf(view, args) {
		if c.State != schema.Denied && (!status.Clear(c) || c.State == schema.Admitted) {
			return false
		}
	}
	return true
}
