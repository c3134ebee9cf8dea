package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) historyCommand() *cobra.Command {
	var f cloneFlags
	var stage string
	var last int
	c := &cobra.Command{
		Use: "history APP", Short: "Show every decision and delivery of an app", Args: cobra.ExactArgs(1),
		Long: `history lists the ledger's entries about an app, oldest first, the refused ones too, with the seal that took it over and the suspensions
of the stages as wholes. Beside what went back stands its time to
restore: from when what it left was live until it was itself; of several in a row within a day the last has it, from the first that failed. With -o json each line is one entry.`,
		RunE: func(c *cobra.Command, args []string) error {
			project, err := a.openClone(c.Context(), f)
			if err != nil {
				return err
			}
			defer project.Close()
			view, err := reconciler.NewView(c.Context(), project.Ledger, project.Project)
			if err != nil {
				return err
			}
			if err := checkApp(view, args[0]); err != nil {
				return err
			}
			if last < 0 {
				return usageError(fmt.Errorf("--last %d: want a number of entries", last))
			}
			if stage != "" {
				if err := checkStage(view.Stages, stage); err != nil {
					return err
				}
			}
			found, err := past(c.Context(), project.Ledger, schema.App(args[0]), schema.StageName(stage))
			if err != nil {
				return err
			}
			return a.printHistory(args[0], found, last)
		},
	}
	f.add(c)
	c.Flags().StringVar(&stage, "stage", "", "only this `STAGE`")
	c.Flags().IntVar(&last, "last", 0, "only the newest `N` entries; 0 for all")
	return c
}

// pastEntry is an entry that says something of an app, with the app's cells where it seals many.
type pastEntry struct {
	ledger.Entry
	sealed []ledger.SealedCell
}

// past are the entries about an app, in all stages where none is named: its own, the seals that took it over, and what pins a
// stage with all its apps.
func past(ctx context.Context, l *ledger.Ledger, app schema.App, stage schema.StageName) ([]pastEntry, error) {
	asked := func(s schema.StageName) bool { return stage == "" || s == stage }
	var out []pastEntry
	for e, err := range l.Entries(ctx, 1) {
		if err != nil {
			return nil, err
		}
		pins := e.App == "" && (e.Kind == ledger.Suspend || e.Kind == ledger.Resume)
		switch {
		case (e.App == app || pins) && asked(e.Stage):
			out = append(out, pastEntry{Entry: e})
		case e.Seal != nil && e.Seal.Cells != "":
			sealed, err := sealedCells(ctx, l, e)
			if err != nil {
				return nil, err
			}
			sealed = slices.DeleteFunc(sealed, func(c ledger.SealedCell) bool { return c.App != app || !asked(c.Stage) })
			if len(sealed) > 0 {
				out = append(out, pastEntry{e, sealed})
			}
		}
	}
	return out, nil
}

func sealedCells(ctx context.Context, l *ledger.Ledger, e ledger.Entry) ([]ledger.SealedCell, error) {
	data, err := l.Evidence(ctx, e.Seal.Cells)
	if err != nil {
		return nil, fmt.Errorf("sealed cells of entry #%d: %w", e.Seq, err)
	}
	cells, err := ledger.ParseSealed(data)
	if err != nil {
		return nil, fmt.Errorf("entry #%d: %w", e.Seq, err)
	}
	return cells, nil
}

// printHistory prints the newest entries, as many as are asked for; 0 for all.
func (a *app) printHistory(app string, entries []pastEntry, last int) error {
	bare := make([]ledger.Entry, len(entries))
	for i, e := range entries {
		bare[i] = e.Entry
	}
	took := restores(bare)
	if last > 0 {
		entries = entries[max(0, len(entries)-last):]
	}
	if a.json() {
		for _, e := range entries {
			if err := a.encode(e.Entry); err != nil {
				return err
			}
		}
		return nil
	}
	if len(entries) == 0 {
		_, err := fmt.Fprintf(a.out, "%s: no entry about it there\n", schema.Printable(app))
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHEN (UTC)\t#\tSTAGE\tWHAT\tFROM\tTO\tMR\tWHO")
	for _, e := range entries {
		for _, c := range e.sealed {
			fmt.Fprintln(w, sealedLine(e.Entry, c))
		}
		if len(e.sealed) > 0 {
			continue
		}
		line := historyLine(e.Entry)
		if d, ok := took[e.Seq]; ok {
			line += "; restored in " + lasted(d)
		}
		fmt.Fprintln(w, line)
	}
	return w.Flush()
}

func sealedLine(e ledger.Entry, c ledger.SealedCell) string {
	return strings.Join([]string{e.At.UTC().Format("2006-01-02 15:04:05"), fmt.Sprint(e.Seq), string(c.Stage), string(e.Kind) + " sealed", "", c.Revision.String(), "", ""}, "\t")
}

func historyLine(e ledger.Entry) string {
	columns := []string{e.At.UTC().Format("2006-01-02 15:04:05"), fmt.Sprint(e.Seq), string(e.Stage), string(e.Kind), "", "", "", ""}
	if d := e.Decision; d != nil {
		columns[3] = strings.TrimSpace(string(e.Kind) + " " + string(d.Change.Kind))
		if string(e.Kind) == string(d.Change.Kind) {
			columns[3] = string(e.Kind)
		}
		columns[4], columns[5] = d.Change.From.Revision.String(), d.Change.To.Revision.String()
		if d.MergeRequest != nil {
			columns[6] = fmt.Sprintf("!%d", d.MergeRequest.IID)
		}
		columns[7] = who(*d)
	}
	if e.App == "" && e.Order != nil { // of the stage with all its apps
		columns[3] += " (every app)"
	}
	if o := e.Order; o != nil && len(o.By) > 0 {
		columns[7] = strings.TrimPrefix(columns[7]+", "+orderText(e), ", ")
		if o.Revision != "" {
			columns[5] = o.Revision.String()
		}
	}
	if o := e.Order; o != nil && e.Kind == ledger.Archive {
		columns[4], columns[7] = o.Revision.String(), kept(*o)
	}
	if e.Code != "" && (e.Kind == ledger.Observe || e.Kind == ledger.Taint) { // which of what they record
		columns[3] += fmt.Sprintf(" [%s]", e.Code)
	}
	if d := e.Delivery; d != nil {
		columns[3] = strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, d.Target, d.Result))
		if e.Code != "" {
			columns[3] += fmt.Sprintf(" [%s]", e.Code)
		}
		columns[7] = driftKeys(e)
	}
	return strings.Join(columns, "\t")
}

// maxHistoryKeys is how many keys a line of history names. All are in audit show.
const maxHistoryKeys = 3

// driftKeys names the keys that were found other than they were written, with who wrote them where the target tells, and of the
// values no more than a digest.
func driftKeys(e ledger.Entry) string {
	keys := e.Delivery.Keys
	var out []string
	for _, k := range keys[:min(len(keys), maxHistoryKeys)] {
		out = append(out, schema.Printable(k.Op+" "+k.Key)+driftDetail(k))
	}
	if more := len(keys) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("%d more: sluice audit show %d", more, e.Seq))
	}
	return strings.Join(out, ", ")
}

// kept says how long what is archived has to be kept.
func kept(o ledger.Order) string {
	if o.Until == nil {
		return "kept for ever"
	}
	return "kept until " + o.Until.UTC().Format("2006-01-02")
}

// who names the signers and the approvers that counted; of a refusal, the codes of what is missing.
func who(d ledger.Decision) string {
	var parts []string
	if d.Verdict.Outcome != schema.Allow {
		for _, m := range d.Verdict.Missing() {
			if code := "[" + string(m.Code) + "]"; !slices.Contains(parts, code) {
				parts = append(parts, code)
			}
		}
		return strings.Join(parts, " ")
	}
	var signers, approvers []string
	for _, c := range d.Commits {
		if c.OK() {
			signers = append(signers, c.Principal)
		}
	}
	for _, approval := range d.Counted {
		approvers = append(approvers, approval.Principal)
	}
	if len(signers) > 0 {
		parts = append(parts, "signed "+joined(signers))
	}
	parts = append(parts, unsignedOf(d)...)
	if len(approvers) > 0 {
		parts = append(parts, "approved "+joined(approvers))
	}
	return strings.Join(parts, ", ")
}

func joined(names []string) string {
	seen := map[string]bool{}
	var out []string
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return strings.Join(out, "+")
}
