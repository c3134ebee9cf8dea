package main

import (
	"context"
	"slices"
	"sort"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// checkCell adds what changes in one cell, what its gate says, and what of that is to be mended.
func (d *checkDesk) checkCell(ctx context.Context, cell schema.Cell) error {
	p, err := d.rules.Cell(ctx, d.mirror, cell, d.step, d.made)
	if err != nil {
		return err
	}
	p.Hint = p.Hint || d.fork()
	edits, _ := diff.Keys(p.Before, p.After)
	out := checkedCell{
		Stage: cell.Stage, App: cell.App, Path: p.Path, Kind: p.Change.Kind, Tune: p.Change.Tune, Hint: p.Hint, Mode: p.Mode, Pending: p.Pending,
		From: revisionName(p.Change.From.Revision), To: revisionName(p.Change.To.Revision), Edits: diff.Mask(edits),
	}
	if s := p.Change.Source; s != nil {
		out.Source = string(s.Stage)
	}
	for _, part := range gateParts(p.Verdict) {
		out.Answers = append(out.Answers, d.answerOf(p, part))
		d.findingsOf(p, part)
	}
	if p.Moved {
		d.out.add(checkFinding{
			Position: schema.Position{File: firstChanged(p)}, Code: "rebase-needed", Policy: "merge-request", Cell: cell.String(),
			Message: schema.Code("rebase-needed").Message(nil),
		})
	}
	d.findAbove(p)
	if stage, _ := d.rules.Project.Stage(cell.Stage); len(stage.Targets) > 0 {
		out.Answers = append(out.Answers, checkedAnswer{Policy: "targets", Outcome: notJudged, Text: "whether they can hold it", By: "the reconciler"})
	}
	d.out.Cells = append(d.out.Cells, out)
	return nil
}

// revisionName is the revision's short name. What cannot be configuration has none.
func revisionName(r schema.Revision) string {
	if strings.HasPrefix(string(r), "invalid:") {
		return "no configuration"
	}
	return r.String()
}

// gateParts are the answers of the gate's policies. Where two gates were asked (a rollback that tunes as well), a policy that
// both have is told once, at its worst.
func gateParts(v schema.Verdict) []schema.Verdict {
	if v.Policy != "change" {
		return together(v.Parts)
	}
	var out []schema.Verdict
	for _, gate := range v.Parts {
		for _, part := range gateParts(gate) {
			n := slices.IndexFunc(out, func(o schema.Verdict) bool { return o.Policy == part.Policy })
			switch {
			case n < 0:
				out = append(out, part)
			case outcomeRank(part.Outcome) > outcomeRank(out[n].Outcome):
				out[n] = part
			}
		}
	}
	return out
}

// together takes apart what has to hold as a whole: its parts are as good as policies of the gate.
func together(parts []schema.Verdict) []schema.Verdict {
	var out []schema.Verdict
	for _, part := range parts {
		if (part.Policy == "all" || part.Policy == "when") && len(part.Parts) > 0 {
			out = append(out, together(part.Parts)...)
		} else {
			out = append(out, part)
		}
	}
	return out
}

func outcomeRank(o schema.Outcome) int {
	switch o {
	case schema.Allow:
		return 0
	case schema.Hold:
		return 1
	}
	return 2
}

// answerOf is a policy's answer as a checkout can give it (RULES R40). A policy that is not named here is the reconciler's.
func (d *checkDesk) answerOf(p reconciler.Preview, v schema.Verdict) checkedAnswer {
	a := checkedAnswer{Policy: v.Policy, Outcome: outcomeWord(v.Outcome), Code: v.Code, Text: textOf(v)}
	switch v.Policy {
	case "trust", "signed", "content", "schema", "secrets", "limits", "retirement", "suspension", "tags", "when", "whitelist":
		return a
	case "any", "at_least":
		if onlyFromCheckout(v) {
			return a
		}
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: askedFor(v), By: "the reconciler, by what each of them needs"}
	case "expression":
		if expressedFromCheckout(p, v) {
			return a
		}
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: askedFor(v), By: "the reconciler, by what it knows then"}
	case "provenance":
		if !p.Hint {
			return untilLive(a, v)
		}
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: "looks like " + kindWords(p), By: "the reconciler, by the ledger"}
	case "merge-request":
		if p.Moved {
			return checkedAnswer{Policy: v.Policy, Outcome: outcomeWord(schema.Hold), Code: "rebase-needed", Text: schema.Code("rebase-needed").Message(nil)}
		}
		if p.Above != nil {
			return checkedAnswer{Policy: v.Policy, Outcome: outcomeWord(schema.Hold), Code: aboveHeld, Text: aboveText(*p.Above)}
		}
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, By: "the reconciler, once it is merged"}
	case "approvals", "breaker", "critical":
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: askedFor(v), By: "the approvers, and the reconciler"}
	case "soak":
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: askedFor(v), By: "the reconciler, by the ledger"}
	case "pipeline":
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, By: "the reconciler, by the jobs of the merged head"}
	case "health":
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: askedFor(v), By: "the reconciler, by what the instances run then"}
	case "guardrails":
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: askedFor(v), By: "the reconciler, by what the forge tells it then"}
	case "freeze", "window":
		return checkedAnswer{Policy: v.Policy, Outcome: notJudged, Text: askedFor(v), By: "the reconciler, by the time that it is then"}
	}
	return checkedAnswer{Policy: v.Policy, Outcome: notJudged, By: "the reconciler"}
}

// onlyFromCheckout reports whether a choice is among policies that a checkout can answer.
func onlyFromCheckout(v schema.Verdict) bool {
	return !slices.ContainsFunc(v.Parts, func(part schema.Verdict) bool {
		switch part.Policy {
		case "all", "any", "at_least", "when":
			return !onlyFromCheckout(part)
		}
		return !policies.JudgesFiles(part.Policy)
	})
}

// expressedFromCheckout reports whether an expression was answered by facts that a checkout has for certain.
func expressedFromCheckout(p reconciler.Preview, v schema.Verdict) bool {
	return v.Code != "evidence-missing" && !slices.ContainsFunc(strings.Split(v.Args["facts"], ", "), func(fact string) bool {
		switch fact {
		case "app", "stage", "files", "was", "changed", "added", "deleted", "signers", "authors":
			return false
		case "kind", "source", "tunes":
			return p.Hint
		}
		return true
	})
}

// untilLive: what is not live yet in the stage before will be by time alone.
func untilLive(a checkedAnswer, v schema.Verdict) checkedAnswer {
	if v.Code == "not-live" {
		a.Outcome = outcomeWord(schema.Hold)
	}
	return a
}

func outcomeWord(o schema.Outcome) string {
	switch o {
	case schema.Allow:
		return "allow"
	case schema.Hold:
		return "hold"
	}
	return "deny"
}

// textOf says why a policy does not allow, once for each reason.
func textOf(v schema.Verdict) string {
	if v.Outcome == schema.Allow {
		if by := v.Args["signers"]; by != "" {
			return "by " + by
		}
		return ""
	}
	var out []string
	for _, m := range leavesOf(v) {
		if text := m.Code.Message(policies.Said(m)); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return schema.Printable(strings.Join(out, "; "))
}

func leavesOf(v schema.Verdict) []schema.Verdict {
	if v.Outcome == schema.Allow {
		return nil
	}
	if v.Code != "" || len(v.Parts) == 0 {
		return []schema.Verdict{v}
	}
	var out []schema.Verdict
	for _, p := range v.Parts {
		out = append(out, leavesOf(p)...)
	}
	return out
}

// askedFor is what a policy asks for that nobody has given yet.
func askedFor(v schema.Verdict) string {
	if v.Outcome == schema.Allow {
		return ""
	}
	return textOf(v)
}

// isFinding picks the policies whose hold or denial is for the author to mend, in this merge request. The others wait for people or
// time (RULES R40).
func isFinding(p reconciler.Preview, v schema.Verdict) bool {
	if policies.JudgesFiles(v.Policy) {
		return true
	}
	switch v.Policy {
	case "signed", "content", "retirement":
		return true
	case "any", "at_least":
		return onlyFromCheckout(v)
	case "expression":
		return expressedFromCheckout(p, v)
	case "limits": // approvals may let a large change through; nothing else does
		return !slices.ContainsFunc(leavesOf(v), func(leaf schema.Verdict) bool { return leaf.Policy == "approvals" }) ||
			slices.ContainsFunc(leavesOf(v), func(leaf schema.Verdict) bool { return leaf.Code == "blast-radius" })
	case "provenance":
		return !p.Hint && v.Outcome != schema.Hold && v.Code != "not-live"
	}
	return false
}

func (d *checkDesk) findingsOf(p reconciler.Preview, v schema.Verdict) {
	if v.Outcome == schema.Allow || !isFinding(p, v) {
		return
	}
	if v.Policy == "content" && d.linted(p.Path) {
		return // the same, with line and column
	}
	for _, leaf := range leavesOf(v) {
		f := checkFinding{Position: schema.Position{File: firstChanged(p)}, Code: leaf.Code, Policy: v.Policy, Cell: p.Cell.String()}
		if p.LetsIn(v) {
			f.Severity = "warning"
		}
		if leaf.Args["path"] != "" {
			f.Position, f.Key = placeOfLeaf(p.Path, p.After, leaf)
		}
		f.Message = leaf.Code.Message(policies.Said(leaf))
		d.out.add(f)
	}
}

// linted reports whether there are findings in the files of a cell already.
func (d *checkDesk) linted(path string) bool {
	return slices.ContainsFunc(d.out.Findings, func(f checkFinding) bool { return f.File == path || strings.HasPrefix(f.File, path+"/") })
}

// firstChanged is the file to show a finding at that is about the cell as a whole.
func firstChanged(p reconciler.Preview) string {
	var names []string
	for name, data := range p.After {
		if before, ok := p.Before[name]; !ok || string(before) != string(data) {
			names = append(names, name)
		}
	}
	for name := range p.Before {
		if _, ok := p.After[name]; !ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return p.Path
	}
	sort.Strings(names)
	return p.Path + "/" + names[0]
}

func kindWords(p reconciler.Preview) string {
	out := map[schema.Kind]string{
		schema.Edit: "an edit", schema.Promote: "a promotion", schema.Tune: "a tune of stage-local files", schema.Rollback: "a rollback",
		schema.Retire: "a retirement",
	}[p.Change.Kind]
	if out == "" {
		return "something that is in no stage before: a rollback, or an override, which is denied"
	}
	if s := p.Change.Source; s != nil {
		out += " from " + string(s.Stage)
	}
	return out
}
