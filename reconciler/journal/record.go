package journal

import (
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// record is an entry as people are shown it.
func record(e ledger.Entry, digest schema.Digest) schema.Record {
	r := schema.Record{Seq: e.Seq, Kind: string(e.Kind), At: e.At, Digest: digest, Prev: e.Prev, Stage: e.Stage, App: e.App, Ref: e.Ref, Code: e.Code, Commit: e.New}
	if e.Cell() == schema.Control {
		r.App = "" // the control files are no app, and one may be called so
	}
	if d := e.Decision; d != nil {
		decision(&r, e.Kind, *d)
	}
	if d := e.Delivery; d != nil {
		r.Target, r.Admission, r.Result = d.Target, d.Admission, d.Result
	}
	if o := e.Order; o != nil {
		r.By, r.Reason = o.By, o.Reason
		if r.Becomes == "" {
			r.Becomes = o.Revision
		}
	}
	if s := e.Seal; s != nil && r.Commit.IsZero() {
		r.Commit = s.Commit
	}
	r.Says = says(e)
	return r
}

func decision(r *schema.Record, kind ledger.Kind, d ledger.Decision) {
	r.Change, r.Was, r.Becomes = d.Change.Kind, d.Change.From.Revision, d.Change.To.Revision
	r.Mode = d.Mode
	r.Authors, r.Operator = d.Authors, d.Operator
	r.Result = result(kind)
	if r.App != "" {
		r.From, r.To = from(d.Change, r.Stage), to(d.Change, r.Stage)
	}
	if mr := d.MergeRequest; mr != nil {
		r.MergeRequest, r.Opened = mr.IID, mr.OpenedAt
		if len(r.Authors) == 0 && mr.Author != "" {
			r.Authors = []string{mr.Author}
		}
	}
	for _, c := range d.Commits {
		if c.OK() && c.Principal != "" && !slices.Contains(r.Signers, c.Principal) {
			r.Signers = append(r.Signers, c.Principal)
		}
	}
	for _, a := range d.Counted {
		if !slices.Contains(r.Approvers, a.Principal) {
			r.Approvers = append(r.Approvers, a.Principal)
		}
	}
	for _, m := range d.Verdict.Missing() {
		if m.Code != "" && !slices.Contains(r.Missing, m.Code) {
			r.Missing = append(r.Missing, m.Code)
		}
	}
}

// from is the node that a change comes from: the stage it was promoted from, its own for what goes back or away or changes there alone, and draft for
// what people wrote. An attempt that is none of the allowed steps was written by people too.
func from(c schema.Change, stage schema.StageName) schema.StageName {
	switch {
	case c.Kind == schema.Rollback, c.Kind == schema.Tune, c.Kind == schema.Retire: // an absence comes from a stage too, and ends in the last one
		return stage
	case c.Source != nil && c.Source.Stage != "":
		return c.Source.Stage
	}
	return schema.DraftNode
}

func to(c schema.Change, stage schema.StageName) schema.StageName {
	if c.Kind == schema.Retire {
		return schema.ArchiveNode
	}
	return stage
}

func result(k ledger.Kind) string {
	switch {
	case k.Admits():
		return schema.Passed
	case k == ledger.Hold:
		return schema.Waiting
	case k == ledger.Deny:
		return schema.Barred
	}
	return ""
}
