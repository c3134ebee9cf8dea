package status

import (
	"fmt"
	"net/http"

	"github.com/sluice-gitops/sluice/schema"
)

// queued is a change that waits, for the list of promotions.
type queued struct {
	Where, Href, Text, Reason, Advice string
	MergeRequest                      link
	State, Symbol                     string
	Tone                              tone
	Since                             stampView
}

// isDecision reports whether an entry is about a change, and no delivery of one.
func isDecision(r schema.Record) bool { return r.Result != "" && r.Target == "" }

// promotionPage shows one decision about a change; what else the ledger has is below another address.
func promotionPage(req asked) (page, int) {
	if r, ok := req.view.Journal.Record(entryNumber(req.path("seq"))); ok && !isDecision(r) {
		return missingPage(req.cfg, req.view, fmt.Sprintf("Entry #%d decides about no change; it is at /audit/%d.", r.Seq, r.Seq), req.now), http.StatusNotFound
	}
	return recordPage(req)
}

// promotionsPage shows what waits, oldest first, and what was decided. What failed stays.
func promotionsPage(req asked) (page, int) {
	v := req.view
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Heading, p.Title = navigation("/promotions"), "Promotions", "Promotions · "+p.Title
	p.Drafts, p.Lanes = draftLane(v)
	held := req.sum.held
	for _, cell := range held[:min(len(held), recordsPerPage)] {
		c := *cell
		one := cellOf(req.cfg, v, c, v.Stale(req.now))
		q := queued{Where: safe(string(c.Cell.App)) + " in " + safe(string(c.Cell.Stage)), Href: one.Href, Text: one.Change, MergeRequest: one.MergeRequest,
			State: one.State, Symbol: one.Symbol, Tone: one.Tone, Since: stamped(c.Held.Since, asOf(v))}
		q.Reason, q.Advice = missingReason(one.Lines)
		p.Queue = append(p.Queue, q)
	}
	p.More = len(held) - len(p.Queue)
	p.Text = counted(len(held), "change") + " waiting or refused now."
	if v.Stale(req.now) {
		p.Text = counted(len(held), "change") + " waiting or refused then; what is now is unknown."
	}
	q := readPastQuery(req.q)
	p.Records = lastRecords(req, func(r schema.Record) bool { return isDecision(r) && q.wants(r, v.At) }, recordsPerPage+1)
	if len(p.Records) > recordsPerPage {
		p.Records = p.Records[:recordsPerPage]
		q.before = p.Records[recordsPerPage-1].Seq
		p.Pages = []link{{Text: "older", Href: q.link("/promotions")}}
	}
	for i := range p.Records {
		p.Records[i].Href = fmt.Sprintf("/promotions/%d", p.Records[i].Seq)
	}
	return p, http.StatusOK
}
