package main

import (
	"fmt"

	"github.com/sluice-gitops/sluice/policies"
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
		fmt.Fprintf(a.out, "%s%-4s  %s", head, m.Outcome, schema.Printable(m.Code.Message(policies.Said(m))))
		fmt.Fprintf(a.out, " [%s]\n", m.Code)
	}
}

// sayProposed says what came of it and what is next.
func (a *app) sayProposed(p proposed) error {
	pushed := p.State == "pushed"
	if a.json() {
		err := a.encode(p)
		if err == nil && pushed {
			return answer{exitNo}
		}
		return err
	}
	switch p.State {
	case "dry-run":
		fmt.Fprintln(a.out, "nothing was changed (--dry-run)")
		return nil
	case "pushed":
		a.writePushed(p)
		return answer{exitNo} // what is only pushed is proposed to nobody
	case "proposed":
		fmt.Fprintf(a.out, "proposed: merge request !%d from %s\n", p.MergeRequest, p.Branch)
		fmt.Fprintf(a.out, "next: who may, approves it; merge it; then git fetch && sluice why %s %s\n", p.App, p.Stage)
		return nil
	}
	fmt.Fprintf(a.out, "%s: %s in %s\n", p.State, p.Revision, schema.Cell{Stage: p.Stage, App: p.App})
	return nil
}

// writePushed says that there is a branch, that nothing is known of a merge request, and how there comes to be one.
func (a *app) writePushed(p proposed) {
	if p.before {
		fmt.Fprintf(a.out, "pushed before: %s is there with %s; whether its merge request is open cannot be seen without a token\n", p.Branch, p.Commit[:8])
	} else {
		fmt.Fprintf(a.out, "pushed %s to %s; the server named no merge request for it\n", p.Commit[:8], p.Branch)
	}
	fmt.Fprintf(a.out, "next: open a merge request from %s into %s\n", p.Branch, schema.Printable(p.Target))
	if p.Open != "" {
		fmt.Fprintf(a.out, "  at %s\n", schema.Printable(p.Open))
	}
	fmt.Fprintln(a.out, "  or run the same with --gitlab-token-file FILE: it finds the one that is open, or opens it")
}
