package main

import (
	"bytes"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// sheet is what a person approves, as -o json prints it.
type sheet struct {
	ID        string                   `json:"id"`
	Title     string                   `json:"title"`
	Signer    string                   `json:"signer,omitempty"`
	Key       string                   `json:"key,omitempty"`
	Statement schema.ApprovalStatement `json:"statement"`
	Text      string                   `json:"text"` // the bytes that are signed
	Steps     []step                   `json:"cells"`
	Notes     []string                 `json:"notes,omitempty"`
	Tag       string                   `json:"tag,omitempty"`
	Pushed    bool                     `json:"pushed"`
	Before    bool                     `json:"signed_before,omitempty"` // the same was signed already
	DryRun    bool                     `json:"dry_run,omitempty"`
}

// idle reports whether the approval counts for nothing.
func (s sheet) idle() bool {
	return !slices.ContainsFunc(s.Steps, func(one step) bool {
		return !slices.ContainsFunc(one.Warnings, func(w warning) bool { return w.Idle })
	})
}

// futile says why no gate will ever count the approval; empty if one may. A gate that asks for none is no reason.
func (s sheet) futile() string {
	why := ""
	for _, one := range s.Steps {
		i := slices.IndexFunc(one.Warnings, func(w warning) bool { return w.Idle && w.Code != "" })
		if i < 0 {
			return ""
		}
		why = one.Warnings[i].Text
	}
	return why
}

// judgeSteps asks each cell's gate what the approval would be worth beside those that are there.
func judgeSteps(steps []step, p pen, statement schema.ApprovalStatement, given []schema.SignedApproval) {
	for i := range steps {
		s := &steps[i]
		signed := append(naming(given, s.Cell), schema.SignedApproval{Principal: p.Who, Key: p.Key, Code: "ok", Statement: statement, Entry: statement.Seen.Entry})
		s.Said = s.ask(mergeRequestOf(statement), signed)
		if len(s.Said) == 0 {
			s.warnIdle("", "the gate asks for no approval here: the signature changes nothing")
		}
		if p.Who == "" {
			continue
		}
		if part, refused := refusedBy(s.Said); refused {
			s.warnIdle(part.Code, "%s", part.Code.Message(part.Args))
		}
	}
}

// refusedBy is why none of the policies that ask for approvals counts the last one; of several that do not, the first's.
func refusedBy(said []schema.Verdict) (why schema.Verdict, refused bool) {
	for _, node := range said {
		part, ok := lastSigned(node)
		if ok && part.Outcome == schema.Allow {
			return schema.Verdict{}, false
		}
		if ok && !refused {
			why, refused = part, true
		}
	}
	return why, refused
}

// naming are the approvals that name a cell.
func naming(given []schema.SignedApproval, cell schema.Cell) []schema.SignedApproval {
	var out []schema.SignedApproval
	for _, a := range given {
		if _, ok := a.Statement.For(cell); ok {
			out = append(out, a)
		}
	}
	return out
}

// mergeRequestOf is what an approval is held against, as far as the statement itself names it.
func mergeRequestOf(a schema.ApprovalStatement) *schema.MergeRequest {
	mr := &schema.MergeRequest{Head: a.Head}
	if a.MergeRequest != nil {
		mr.Host, mr.ProjectID, mr.IID = a.MergeRequest.Host, a.MergeRequest.ProjectID, a.MergeRequest.IID
	}
	return mr
}

// lastSigned is what a gate says of the approval that was given last.
func lastSigned(node schema.Verdict) (schema.Verdict, bool) {
	for i := len(node.Parts) - 1; i >= 0; i-- {
		if node.Parts[i].Args["level"] == "signed" {
			return node.Parts[i], true
		}
	}
	return schema.Verdict{}, false
}

// approvedBefore finds the signer's own approval of exactly this, if it still counts for every cell: then another signature
// would say nothing more.
func (d *desk) approvedBefore(p pen, s sheet, given []schema.SignedApproval) (foundRequest, bool) {
	for _, a := range given {
		if a.Principal != p.Who || a.Code != "ok" || !sameStep(a.Statement, s.Statement) {
			continue
		}
		counts := true
		for _, one := range s.Steps {
			for _, node := range one.ask(mergeRequestOf(s.Statement), []schema.SignedApproval{a}) {
				part, ok := lastSigned(node)
				counts = counts && ok && part.Outcome == schema.Allow
			}
		}
		if !counts {
			continue
		}
		for _, r := range d.found {
			if schema.DigestOf(r.Raw) == a.Tag {
				return r, true
			}
		}
	}
	return foundRequest{}, false
}

// sameStep compares what two statements approve, whenever they were made.
func sameStep(a, b schema.ApprovalStatement) bool {
	a.Made, a.Seen, a.Trust = b.Made, b.Seen, b.Trust
	x, errX := a.Statement()
	y, errY := b.Statement()
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func (a *app) printSheet(s sheet) error {
	if !a.json() {
		a.writeSheet(s)
		a.writeSigned(s)
		return nil
	}
	return a.encode(s)
}
