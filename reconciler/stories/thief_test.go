package stories_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// thief has the log key and a clone: he writes the ledger anew with our own code, so that its chain, signatures and state are
// right whatever its entries say.
type thief struct {
	*world
	repo     *gitrepo.Repo
	key      *signing.LogKey
	honest   *ledger.Ledger
	made     map[schema.Hash]schema.Object
	evidence *reconciler.Evidence
	reads    *gitrepo.Repo // the clone, with what he made
}

// plundered plays a short history and gives its clone to a thief: a squashed edit by eve, promoted to testing and, approved by
// bob, to staging, and an edit that is held because nobody signed it.
func plundered(t *testing.T, more ...string) *thief {
	t.Helper()
	w := newWorld(t, schema.DirectoryLayout, story{method: "merge", targets: []string{"files"}})
	for _, line := range append([]string{
		"seal dev/a=r1",
		"mr eve dev a=r2", "merge 1 squash", "pass",
		"mr ann test a=r2", "merge 2", "pass",
		"mr ann stg a=r2", "approve 3 bob", "merge 3", "pass",
		"mr ann dev a=r3 unsigned", "merge 4", "pass",
	}, more...) {
		w.clock.Add(time.Minute)
		w.do(strings.Fields(line))
	}
	key, err := signing.LoadLogKey(w.team.LogKey())
	w.must(err)
	repo, err := gitrepo.OpenLocal(w.plainClone())
	w.must(err)
	t.Cleanup(func() { repo.Close() })
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	honest, err := ledger.Unverified(w.ctx, repo, refs["refs/heads/sluice/ledger"])
	w.must(err)
	th := &thief{world: w, repo: repo, key: key, honest: honest, made: map[schema.Hash]schema.Object{}, evidence: reconciler.NewEvidence()}
	th.reads = repo.Beside(func(id schema.Hash) (schema.ObjectKind, []byte, bool) {
		if o, ok := th.made[id]; ok {
			return o.Kind, o.Data, true
		}
		return th.evidence.Object(id)
	})
	return th
}

// commits are the sizes of the ledger after each of its commits.
func (th *thief) commits() []int64 {
	chain, _, err := th.repo.FirstParents(th.ctx, th.honest.Tip(), schema.Hash{}, 1000)
	th.must(err)
	var sizes []int64
	for _, id := range slices.Backward(chain) {
		l, err := ledger.Unverified(th.ctx, th.repo, id)
		th.must(err)
		sizes = append(sizes, l.Head().Size)
	}
	return sizes
}

// controlAt reads the control files of a commit.
func (th *thief) controlAt(commit schema.Hash) (schema.Manifest, map[string][]byte) {
	th.t.Helper()
	info, err := th.repo.Commit(th.ctx, commit)
	th.must(err)
	manifest, files, err := reconciler.ControlFiles(th.ctx, th.repo, info.Tree)
	th.must(err)
	return manifest, files
}

// rewriting is one way to write an entry anew.
type rewriting func(e *ledger.Entry, keep func([]byte) schema.Digest)

// rewrite writes the ledger anew, with each entry as change leaves it.
func (th *thief) rewrite(change rewriting) *ledger.Ledger {
	th.t.Helper()
	l, err := ledger.Open(th.ctx, th.reads, schema.Hash{}, ledger.Options{
		Project: th.honest.Head().Project, LogKeys: []string{ledger.FormatLogKey(th.key.PublicKey())}, VerifyCommit: reconciler.VerifyLogCommit,
	})
	th.must(err)
	seq := int64(1)
	for _, size := range th.commits() {
		var entries []ledger.Entry
		var extra [][]byte
		for ; seq <= size; seq++ {
			e, _, err := th.honest.Entry(th.ctx, seq)
			th.must(err)
			change(&e, func(data []byte) schema.Digest {
				extra = append(extra, data)
				return schema.DigestOf(data)
			})
			entries = append(entries, e)
		}
		l = th.append(l, entries, extra)
	}
	return l
}

// append adds entries with the evidence that they name.
func (th *thief) append(l *ledger.Ledger, entries []ledger.Entry, extra [][]byte) *ledger.Ledger {
	th.t.Helper()
	given := map[schema.Digest][]byte{}
	for _, data := range extra {
		given[schema.DigestOf(data)] = data
	}
	var evidence [][]byte
	seen := map[schema.Digest]bool{}
	for _, e := range entries {
		for _, d := range e.Names() {
			if _, err := l.Evidence(th.ctx, d); err == nil || seen[d] {
				continue
			}
			seen[d] = true
			data, ok := given[d]
			if !ok {
				var err error
				data, err = th.honest.Evidence(th.ctx, d)
				th.must(err)
			}
			evidence = append(evidence, data)
		}
	}
	b, err := l.Append(th.ctx, entries[0].At, entries, evidence, th.key)
	th.must(err)
	for _, o := range b.Objects {
		th.made[o.ID] = o
	}
	return b.Ledger
}

// audit is what an auditor finds in a ledger of the thief's.
func (th *thief) audit(l *ledger.Ledger) ledger.Report {
	th.t.Helper()
	refs, err := th.repo.Refs(th.ctx)
	th.must(err)
	report, err := reconciler.Audit(th.ctx, reconciler.AuditOptions{
		Repository: th.reads, Evidence: th.evidence, Tip: l.Tip(), Anchor: th.team.Anchor(), Reread: gitlab.Reread, RereadGuards: gitlab.RereadGuards,
		Ref: func(ref string) (schema.Hash, bool) {
			tip, ok := refs[ref]
			return tip, ok
		},
	})
	th.must(err)
	return report
}

// codes are the codes of a report with the entries they are about: "decision-mismatch#7".
func codes(r ledger.Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, codeOf(f))
	}
	return out
}

func codeOf(f ledger.Finding) string { return fmt.Sprintf("%s#%d", f.Code, f.Seq) }
