package main

import (
	"encoding/json"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

// writeDraft shows what will change, and what the gate still asks for.
func (a *app) writeDraft(d reconciler.Draft, p proposed) {
	fmt.Fprintf(a.out, "%s: %s\n", d.Cell, changeText(d.Change))
	fmt.Fprintf(a.out, "  from    %s\n  to      %s, by entry #%d\n", d.Was, d.Revision, d.Entry)
	fmt.Fprintf(a.out, "  branch  %s, into %s\n", p.Branch, schema.Printable(p.Target))
	fmt.Fprintf(a.out, "  keys    %d differ\n", len(p.Edits))
	width := 0
	for _, e := range p.Edits {
		width = max(width, len(schema.Printable(e.Key)))
	}
	for i, e := range p.Edits {
		if i == mostEdits {
			fmt.Fprintf(a.out, "    and %d more\n", len(p.Edits)-i)
			break
		}
		fmt.Fprintf(a.out, "    %s %-*s  %s\n", opMark(e), width, schema.Printable(e.Key), editText(e))
	}
	if len(p.Missing) == 0 {
		fmt.Fprintln(a.out, "  gate    asks for nothing but the signed commit and its merge request")
	}
	for i, m := range p.Missing {
		head := "        "
		if i == 0 {
			head = "  gate  "
		}
		fmt.Fprintf(a.out, "%s%-4s  %s", head, m.Outcome, schema.Printable(m.Code.Message(m.Args)))
		fmt.Fprintf(a.out, " [%s]\n", m.Code)
	}
}

// sayProposed says what came of it and what is next.
func (a *app) sayProposed(p proposed) error {
	if a.json() {
		return json.NewEncoder(a.out).Encode(p)
	}
	number := ""
	if p.MergeRequest > 0 {
		number = fmt.Sprintf(" !%d", p.MergeRequest)
	}
	switch p.State {
	case "dry-run":
		fmt.Fprintln(a.out, "nothing was changed (--dry-run)")
		return nil
	case "pushed":
		fmt.Fprintf(a.out, "pushed %s\nnext: open a merge request from %s into %s\n", p.Commit[:8], p.Branch, schema.Printable(p.Target))
		return nil
	case "proposed":
		fmt.Fprintf(a.out, "proposed: merge request%s from %s\n", number, p.Branch)
		fmt.Fprintf(a.out, "next: who may, approves it; merge it; then git fetch && sluice why %s %s\n", p.App, p.Stage)
		return nil
	}
	fmt.Fprintf(a.out, "%s: %s in %s\n", p.State, p.Revision, schema.Cell{Stage: p.Stage, App: p.App})
	return nil
}
