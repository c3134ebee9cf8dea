package reconciler_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo/gitrepotest"
	"github.com/sluice-gitops/sluice/schema"
)

// BenchmarkJudge asks the default gate of production about one change, in a repository of 100 files and in one of 50,000: what it costs
// is that of the change. Facts is what a clone reads for it, judge what the policies take.
func BenchmarkJudge(b *testing.B) {
	large := 50_000
	if testing.Short() {
		large = 2_500
	}
	took := map[string]float64{}
	for _, files := range []int{100, large} {
		s := newScale(b, files/5)
		s.pass()
		s.changeIn(4, 0)
		s.pass()
		repo, err := gitrepo.OpenLocal(filepath.Join(s.dir, "state", "mirror"))
		if err != nil {
			b.Fatal(err)
		}
		refs, err := repo.Refs(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		clone, err := reconciler.OpenClone(b.Context(), repo, refs["refs/heads/sluice/ledger"], s.anchor)
		if err != nil {
			b.Fatal(err)
		}
		cell := schema.Cell{Stage: "production", App: schema.App(gitrepotest.App(0))}
		mirror, tip := gitrepo.Mirror{Repo: repo}, refs["refs/heads/main"]
		change, err := clone.Change(b.Context(), mirror, cell, schema.Hash{}, tip, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		if change.Change.From.Content == change.Change.To.Content {
			b.Fatal("nothing changes")
		}
		measure := func(what string, work func()) {
			b.Run(fmt.Sprintf("%s-of-%d-files", what, files), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					work()
				}
				each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
				if files == 100 {
					took[what] = each
				} else if took[what] > 0 {
					b.ReportMetric(each/took[what], "x-of-100-files")
				}
			})
		}
		measure("judge", func() { change.Approvals(nil, nil) })
		measure("facts", func() {
			if _, err := clone.Change(b.Context(), mirror, cell, schema.Hash{}, tip, time.Now()); err != nil {
				b.Fatal(err)
			}
		})
		if err := repo.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
