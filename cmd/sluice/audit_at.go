package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// admittedAt is what a cell was admitted to have at a moment.
type admittedAt struct {
	Stage        schema.StageName `json:"stage"`
	App          schema.App       `json:"app"`
	Revision     schema.Revision  `json:"revision"`
	Content      schema.Content   `json:"content"`
	Seq          int64            `json:"seq"`
	At           time.Time        `json:"at"`
	MergeRequest int64            `json:"merge_request,omitempty"`
	Commit       schema.Hash      `json:"commit"`
}

func (a *app) showAt(ctx context.Context, f cloneFlags, text, stage string) error {
	at, err := readMoment("--at", text)
	if err != nil {
		return err
	}
	project, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer project.Close()
	var stages []schema.StageName
	for _, s := range project.Project.Stages {
		stages = append(stages, s.Name)
	}
	if stage != "" {
		if err := checkStage(stages, stage); err != nil {
			return err
		}
		stages = []schema.StageName{schema.StageName(stage)}
	}
	cells, last, err := cellsAt(ctx, project.Ledger, at)
	if err != nil {
		return err
	}
	var out []admittedAt
	for _, c := range cells {
		if slices.Contains(stages, c.Stage) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y admittedAt) int {
		return cmp.Or(cmp.Compare(slices.Index(stages, x.Stage), slices.Index(stages, y.Stage)), cmp.Compare(x.App, y.App))
	})
	return a.printAt(at, last, out)
}

// cellsAt follows the ledger up to a moment, and returns the last entry before it.
func cellsAt(ctx context.Context, l *ledger.Ledger, at time.Time) (map[schema.Cell]admittedAt, int64, error) {
	cells := map[schema.Cell]admittedAt{}
	last := int64(0)
	for e, err := range l.Entries(ctx, 1) {
		if err != nil {
			return nil, 0, err
		}
		if e.At.After(at) {
			break
		}
		last = e.Seq
		if e.Seal != nil && e.Seal.Cells != "" {
			if err := sealedAt(ctx, l, e, cells); err != nil {
				return nil, 0, err
			}
		}
		if e.Kind.Admits() {
			c := admittedAt{Stage: e.Stage, App: e.App, Seq: e.Seq, At: e.At, Commit: e.Decision.Landing.Tip}
			c.Revision, c.Content = e.Decision.Change.To.Revision, e.Decision.Change.To.Content
			if e.Decision.MergeRequest != nil {
				c.MergeRequest = e.Decision.MergeRequest.IID
			}
			cells[e.Cell()] = c
		}
	}
	return cells, last, nil
}

func sealedAt(ctx context.Context, l *ledger.Ledger, e ledger.Entry, cells map[schema.Cell]admittedAt) error {
	list, err := l.Evidence(ctx, e.Seal.Cells)
	if err != nil {
		return err
	}
	sealed, err := ledger.ParseSealed(list)
	if err != nil {
		return err
	}
	for _, s := range sealed {
		cell := schema.Cell{Stage: s.Stage, App: s.App}
		if _, known := cells[cell]; !known {
			cells[cell] = admittedAt{Stage: s.Stage, App: s.App, Revision: s.Revision, Content: s.Content, Seq: e.Seq, At: e.At, Commit: s.Commit}
		}
	}
	return nil
}

func (a *app) printAt(at time.Time, last int64, cells []admittedAt) error {
	if a.json() {
		if cells == nil {
			cells = []admittedAt{}
		}
		return a.encode(cells)
	}
	if last == 0 {
		fmt.Fprintf(a.out, "at %s there was no ledger yet\n", at.Format(auditTime))
		return nil
	}
	fmt.Fprintf(a.out, "admitted at %s, after entry #%d\n", at.Format(auditTime), last)
	if len(cells) == 0 {
		fmt.Fprintln(a.out, "nothing")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STAGE\tAPP\tREVISION\tENTRY\tSINCE (UTC)\tMR")
	for _, c := range cells {
		mr := "sealed"
		if c.MergeRequest > 0 {
			mr = fmt.Sprintf("!%d", c.MergeRequest)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t#%d\t%s\t%s\n", c.Stage, schema.Printable(string(c.App)), c.Revision, c.Seq, c.At.UTC().Format("2006-01-02 15:04:05"), mr)
	}
	return w.Flush()
}
