package reconciler

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// askForge puts the open merge requests into the view, and whether the forge said them. It returns why they are unknown. A pass
// that cannot ask leaves what was found before.
func (r *Reconciler) askForge(ctx context.Context, p *pass, v *schema.View) error {
	if p == nil || p.refs == nil {
		return nil
	}
	drafts, err := p.drafts(ctx)
	if err != nil {
		err = fmt.Errorf("open merge requests are unknown: %w", err)
	}
	_, codes := problems(err)
	if ctx.Err() == nil { // it ends: that nobody was asked any more says nothing
		r.tellForge(codes, err)
	}
	v.Drafts = drafts
	v.Outside.ForgeAsked, v.Outside.ForgeCodes, v.Outside.DraftsKnown = p.now, codes, err == nil
	return err
}

// tellForge logs when the forge begins or ends not to answer, and when it does so in another way. The words of an error differ
// from pass to pass, by ports and times; its codes do not.
func (r *Reconciler) tellForge(codes []schema.Code, err error) {
	was := r.forgeless
	r.forgeless = ""
	if err != nil {
		r.forgeless = fmt.Sprint("unread ", codes)
	}
	switch {
	case r.forgeless == was:
	case len(codes) > 0: // the words of the connection are on the page; sluice explain CODE says what to do
		r.cfg.Log.Warn("the forge was not read", "codes", codes)
	case err != nil:
		r.cfg.Log.Warn("the forge was not read", "error", err)
	default:
		r.cfg.Log.Info("read the forge again")
	}
}

// drafts are the open merge requests into the first stage; they are shown while the forge answers and never stored.
func (p *pass) drafts(ctx context.Context) ([]schema.DraftView, error) {
	open, err := p.opened(ctx)
	if err != nil {
		return nil, err
	}
	first := p.rules.project.Ref(p.rules.project.Stages[0])
	var out []schema.DraftView
	for _, mr := range open {
		if mr.TargetRef == first {
			out = append(out, schema.DraftView{IID: mr.IID, Title: mr.Title, URL: mr.URL, Author: mr.Author.Username, Opened: mr.CreatedAt})
		}
	}
	return out, nil
}

// openedAnswer is what the forge said of its open merge requests, be it that it did not.
type openedAnswer struct {
	requests []schema.MergeRequest
	err      error
}

// opened asks for the open merge requests once in a pass, whether it is answered or not.
func (p *pass) opened(ctx context.Context) ([]schema.MergeRequest, error) {
	if p.open == nil {
		ctx, cancel := p.soon(ctx)
		defer cancel()
		open, err := p.cfg.Forge.Opened(ctx)
		p.open = &openedAnswer{open, err}
	}
	return p.open.requests, p.open.err
}

// witnessesOf counts the witnesses that may be asked, and names those that did not answer and are not asked again yet.
func (r *Reconciler) witnessesOf(p *pass, now time.Time) (n int, silent []string) {
	if p == nil || p.rules == nil {
		return 0, nil
	}
	keys, err := p.rules.trust.Root.Witnesses.Parsed()
	if err != nil {
		return 0, nil // the pass says so where it asks them
	}
	for _, w := range r.cfg.Witnesses {
		if !slices.ContainsFunc(keys, func(k schema.WitnessKey) bool { return k.Name == w.Name }) {
			continue
		}
		n++
		if now.Before(r.watched.later[w.Name]) {
			silent = append(silent, w.Name)
		}
	}
	slices.Sort(silent)
	return n, silent
}
