package reconciler

import (
	"context"
	"errors"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// ordered answers a signed request again, from the copies that the entry keeps: under the trust in force then, against the
// ledger as it was, at the entry's time. What comes out has to hold the entry.
func (r *replay) ordered(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	again, found := r.answerAgain(ctx, a, e)
	if len(found) > 0 {
		return found
	}
	var nearest string
	for _, d := range again {
		if d.entry.Order == nil || d.entry.Kind != e.Kind || d.entry.Cell() != e.Cell() || d.entry.Ref != e.Ref {
			continue
		}
		var differ []string
		compareJSON("", asJSON(said(e)), asJSON(said(d.entry)), &differ)
		if len(differ) == 0 {
			return nil
		}
		nearest = differ[0]
	}
	if r.repo.lacking != nil {
		return lacking(entryPlace(e), r.repo.lacking)
	}
	if nearest == "" {
		return mismatch(entryPlace(e), "its request asks for something else")
	}
	return mismatch(entryPlace(e), "its request asks for something else: %s", nearest)
}

// said is what an entry that a request brought about says, without what the ledger fills in.
func said(e ledger.Entry) ledger.Entry {
	return ledger.Entry{Kind: e.Kind, Stage: e.Stage, App: e.App, Ref: e.Ref, Old: e.Old, New: e.New, Code: e.Code, Decision: e.Decision, Order: e.Order}
}

// answerAgain returns what the entry's request brings about.
func (r *replay) answerAgain(ctx context.Context, a *appended, e ledger.Entry) ([]judged, []ledger.Finding) {
	g, found := r.requestOf(ctx, a, e)
	if len(found) > 0 {
		return nil, found
	}
	in, err := r.rulesInForceAt(ctx, a.Before, a.Before.Head().Control.Seq)
	if err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	p := r.pass(a, e, in)
	if p.refs, err = r.refsOf(ctx, a, g); err != nil {
		return nil, lacking(entryPlace(e), err)
	}
	answer := p.answer
	if g.copies[0].request.Kind == schema.KindExpunge {
		answer = p.expungeAgain
	}
	again, err := answer(ctx, g)
	var no refusal
	switch {
	case errors.As(err, &no) && r.repo.lacking != nil:
		return nil, lacking(entryPlace(e), r.repo.lacking)
	case errors.As(err, &no):
		return nil, mismatch(entryPlace(e), "asked again, its request is refused: %v", no)
	case err != nil:
		return nil, lacking(entryPlace(e), err)
	}
	return again, nil
}

// requestOf reads the request that an entry was made by. One is carried out once, and not after its life.
func (r *replay) requestOf(ctx context.Context, a *appended, e ledger.Entry) (requestGroup, []ledger.Finding) {
	var tags []requestTag
	for _, d := range e.Order.Request {
		raw, err := a.After.Evidence(ctx, d)
		if err != nil {
			return requestGroup{}, lacking(entryPlace(e), err)
		}
		tag, err := requestIn(raw)
		if err != nil {
			return requestGroup{}, mismatch(entryPlace(e), "%v", err)
		}
		tags = append(tags, tag)
	}
	groups := grouped(tags, carriedOut)
	if len(groups) != 1 || groups[0].statement != e.Order.Statement {
		return requestGroup{}, mismatch(entryPlace(e), "no signed request asks for it")
	}
	if used, was := a.Before.Head().WasUsed(e.Order.Statement); was {
		return requestGroup{}, mismatch(entryPlace(e), "its request was carried out by entry #%d already", used)
	}
	if e.At.Sub(groups[0].made) > schema.RequestLife {
		return requestGroup{}, mismatch(entryPlace(e), "its request was of %s, too old by then", groups[0].made.Format("2006-01-02 15:04"))
	}
	return groups[0], nil
}

// refsOf is where the request's ref was, as far as the answer depends on it: where the request says, or where the ledger had
// seen it if that is further on.
func (r *replay) refsOf(ctx context.Context, a *appended, g requestGroup) (map[string]schema.Hash, error) {
	statement, err := schema.ParseStatement(g.copies[0].request)
	if err != nil || statement.Ref == "" || statement.New.IsZero() {
		return nil, nil // the answer says what is wrong with it, or asks for no ref
	}
	at, seen := statement.New, a.Before.Refs().Seen[statement.Ref]
	if statement.Kind != schema.KindAcceptRef && !seen.IsZero() {
		past, err := r.repo.IsAncestor(ctx, at, seen)
		if err != nil {
			return nil, err
		}
		if past {
			at = seen
		}
	}
	return map[string]schema.Hash{statement.Ref: at}, nil
}

// expungeAgain answers a request to expunge without asking for the bytes: they are gone.
func (p *pass) expungeAgain(ctx context.Context, g requestGroup) ([]judged, error) {
	a, err := p.check(ctx, g)
	if err != nil {
		return nil, err
	}
	needed, err := p.neededEvidence(ctx)
	if err != nil {
		return nil, err
	}
	var entries []ledger.Entry
	for _, blob := range a.Blobs {
		if why, ok := needed[blob]; ok {
			return nil, refused("request-refused", "%s was still needed: %s", blob, why)
		}
		e := a.entry(ledger.Expunge)
		e.Order.Blob = blob
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, refused("request-refused", "it names no evidence")
	}
	return a.judged(entries...), nil
}

// breakGlass is an admission without its gate: its request is answered again, and the files are compared with its manifest.
func (r *replay) breakGlass(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	return r.ordered(ctx, a, e)
}

// tainting is asked for by a request, or follows from the trust in force, which marks a key as compromised.
func (r *replay) tainting(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	if e.Order.Statement != "" {
		return r.ordered(ctx, a, e)
	}
	in, err := r.rulesInForceAt(ctx, a.Before, a.Before.Head().Control.Seq)
	if err != nil {
		return lacking(entryPlace(e), err)
	}
	state, _, err := a.Before.Cell(ctx, e.Cell())
	if err != nil {
		return lacking(entryPlace(e), err)
	}
	again, err := r.pass(a, e, in).tainted(ctx, state, compromised(in.trust))
	if err != nil {
		return lacking(entryPlace(e), err)
	}
	if !slices.ContainsFunc(again, func(other ledger.Entry) bool { return equalJSON(asJSON(said(other)), asJSON(said(e))) }) {
		return mismatch(entryPlace(e), "neither a request nor a compromised key taints %s", e.Order.Revision)
	}
	return nil
}

// acceptedRef is an observe entry by which the admins follow a ref that was rewound.
func (r *replay) acceptedRef(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	if e.Order == nil {
		return mismatch(e.Ref, "no signed request asks to follow it")
	}
	return r.ordered(ctx, a, e)
}

// archiving asks again whether what an entry archives was to be archived, and what proves it.
func (r *replay) archiving(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	in, err := r.rulesInForceAt(ctx, a.Before, a.Before.Head().Control.Seq)
	if err != nil {
		return lacking(entryPlace(e), err)
	}
	state, _, err := a.Before.Cell(ctx, e.Cell())
	if err != nil {
		return lacking(entryPlace(e), err)
	}
	gone := departures{}
	for _, end := range lifecycle.Ends(in.project) {
		last, _, err := a.Before.Cell(ctx, schema.Cell{Stage: end, App: e.App})
		if err != nil {
			return lacking(entryPlace(e), err)
		}
		gone.see(last)
	}
	again, err := archived(a.Before.Head().Project, state, gone.retired(e.App), in, e.At)
	if err != nil {
		return lacking(entryPlace(e), err)
	}
	for _, d := range again {
		if d.entry.Order.Revision != e.Order.Revision {
			continue
		}
		var differ []string
		compareJSON("", asJSON(said(e)), asJSON(said(d.entry)), &differ)
		switch {
		case len(differ) > 0:
			return mismatch(entryPlace(e), "archived again, it comes out otherwise: %s", differ[0])
		case !slices.Contains(e.Evidence, schema.DigestOf(d.evidence[0])):
			return mismatch(entryPlace(e), "its snapshot is not that of the revision")
		}
		return nil
	}
	return mismatch(entryPlace(e), "%s was not to be archived then", e.Order.Revision)
}

// withoutExpunged drops findings that are none: evidence that two roots had removed is not there to decide by, and the entry that says
// so is judged itself.
func (r *replay) withoutExpunged(late []lateFinding) []ledger.Finding {
	var out []ledger.Finding
	for _, l := range late {
		gone := func(d schema.Digest) bool { return r.expunged[d] }
		if !slices.ContainsFunc(l.missing, gone) {
			out = append(out, l.Finding)
		}
	}
	return out
}

// lateFinding is one that later entries may explain: it names the evidence that its entry lacks.
type lateFinding struct {
	ledger.Finding
	missing []schema.Digest
}

// missingEvidence lists what an entry names and the clone does not have.
func missingEvidence(ctx context.Context, l *ledger.Ledger, e ledger.Entry) []schema.Digest {
	var out []schema.Digest
	for _, d := range e.Names() {
		if _, err := l.Evidence(ctx, d); err != nil && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}
