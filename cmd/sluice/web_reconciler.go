package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// The ledger is written when something happens and at no other time. What else tells whether somebody works on it is how old the
// copy is that was read, and whether the branches hold what nobody has judged.

// heard is as of when the ledger was read: of a clone, when that one asked its origin last.
func (w *watcher) heard(v *schema.View, refs map[string]schema.Hash, began time.Time) (time.Time, error) {
	asked, err := w.repo.Asked(v.Ledger.Ref, refs[v.Ledger.Ref])
	if err != nil {
		return time.Time{}, err
	}
	alone := *v.Alone
	alone.Clone = asked.Clone
	v.Alone = &alone
	at := asked.At.UTC()
	switch {
	case !asked.Clone:
		return began, nil
	case asked.At.IsZero():
		return time.Time{}, fmt.Errorf("it is not known when %s last fetched %s: what it shows may be old [clone-old]", w.name, v.Ledger.Ref)
	case began.Sub(at) > v.StaleAfter:
		return at, fmt.Errorf("%s is a clone that last fetched %s at %s: what it shows may be old [clone-old]", w.name, v.Ledger.Ref, at.Format(time.RFC3339))
	case at.After(began): // its clock, or a hand that set the file's time
		return began, nil
	}
	return at, nil
}

// unjudgedBranch is what a branch was at when it was first seen to hold what nobody has judged.
type unjudgedBranch struct {
	seen  schema.Hash // as far as it was judged
	since time.Time
}

// withUnjudged adds what the branches hold that no reconciler has judged for longer than a view is good: what came just now is on its
// way.
func (w *watcher) withUnjudged(ctx context.Context, v schema.View, refs map[string]schema.Hash, at time.Time) schema.View {
	if w.apart || w.clone == nil {
		return v
	}
	project, seen, waits := w.clone.Project, w.clone.Ledger.Refs().Seen, map[string]unjudgedBranch{}
	alone := *v.Alone
	tips := w.tips(project, refs)
	for _, ref := range slices.Sorted(maps.Keys(tips)) {
		tip := tips[ref]
		if tip == seen[ref] {
			continue
		}
		with := reconciler.WithUnjudged(ctx, copied(v), w.clone.Ledger, gitrepo.Mirror{Repo: w.repo}, project, map[string]schema.Hash{ref: tip})
		v.Unread = with.Unread
		if unjudgedIn(with) == unjudgedIn(v) {
			continue
		}
		since := at
		if before, known := w.waits[ref]; known && before.seen == seen[ref] {
			since = before.since
		}
		waits[ref] = unjudgedBranch{seen[ref], since}
		if alone.Waits.IsZero() || since.Before(alone.Waits) {
			alone.Waits = since
		}
		if at.Sub(since) > v.StaleAfter {
			v = seenAt(with, tip, since)
		}
	}
	w.waits = waits
	v.Alone = &alone
	return v
}

// tips are the branches that are judged, as they were fetched.
func (w *watcher) tips(project schema.Project, refs map[string]schema.Hash) map[string]schema.Hash {
	tips := map[string]schema.Hash{"refs/heads/" + project.Branch: branch(refs, project.Branch)}
	for _, s := range project.Stages {
		tips[project.Ref(s)] = branch(refs, branchName(project.Ref(s)))
	}
	return tips
}

// copied is a view with cells of its own.
func copied(v schema.View) schema.View {
	v.Apps = slices.Clone(v.Apps)
	for i := range v.Apps {
		v.Apps[i].Cells = slices.Clone(v.Apps[i].Cells)
	}
	return v
}

func unjudgedIn(v schema.View) (n int) {
	if v.Unjudged != nil {
		n++
	}
	for _, app := range v.Apps {
		for i := range app.Cells {
			if app.Cells[i].Unjudged != nil {
				n++
			}
		}
	}
	return n
}

// seenAt says since when what a tip holds was seen. The cells are the view's own.
func seenAt(v schema.View, tip schema.Hash, since time.Time) schema.View {
	at := func(u *schema.UnjudgedView) *schema.UnjudgedView {
		if u == nil || u.Commit != tip {
			return u
		}
		seen := *u
		seen.Seen = since
		return &seen
	}
	v.Unjudged = at(v.Unjudged)
	for _, app := range v.Apps {
		for i := range app.Cells {
			app.Cells[i].Unjudged = at(app.Cells[i].Unjudged)
		}
	}
	return v
}
