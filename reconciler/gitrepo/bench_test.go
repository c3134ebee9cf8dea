package gitrepo_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo/gitrepotest"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	benchApps   = 10_000
	benchStages = 5
)

// large makes the repository of the reference size once for all benchmarks of a run; TestMain removes it.
var large = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sluice-large-")
	if err != nil {
		return "", err
	}
	_, err = gitrepotest.Large(filepath.Join(dir, "large.git"), benchApps, benchStages)
	return dir, err
})

var largeMade bool // under the runner's single thread: benchmarks do not run in parallel

func TestMain(m *testing.M) {
	code := m.Run()
	if largeMade {
		if dir, err := large(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// largeCopy returns a bare copy of the large repository that the benchmark may change.
func largeCopy(b *testing.B) git {
	b.Helper()
	largeMade = true
	dir, err := large()
	if err != nil {
		b.Fatal(err)
	}
	g := git{b, filepath.Join(b.TempDir(), "repo.git")}
	if out, err := gitCommand(dir, "clone", "-q", "--bare", "--local", "large.git", g.dir).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	g.run("config", "http.receivepack", "true")
	return g
}

// edit commits one changed file, as a merge request does, without a work tree.
func edit(b testing.TB, g git, app, version int) schema.Hash {
	b.Helper()
	text := gitrepotest.Content(0, app, version)
	in := fmt.Sprintf("commit refs/heads/main\ncommitter Ann <ann@example.com> %d +0000\ndata 4\nedit\nfrom refs/heads/main^0\nM 100644 inline %s\ndata %d\n%s\n",
		1700000000+version, gitrepotest.File(0, app), len(text), text)
	g.feed(in, "fast-import", "--quiet")
	return g.id("refs/heads/main")
}

// ratio reports how long ours takes relative to a peer in the same run.
func ratio(b *testing.B, ours, peer time.Duration, unit string) {
	b.Helper()
	b.ReportMetric(float64(ours)/float64(peer), unit)
	b.ReportMetric(float64(peer.Microseconds())/float64(b.N)/1000, "peer-ms/op")
}

func BenchmarkDiffOneFileOf50000(b *testing.B) {
	g := largeCopy(b)
	r := mirror(b, gitrepo.Remote{URL: g.dir})
	fetch(b, r)
	old := g.id("refs/heads/main")
	oldTree := treeOf(b, r, old)
	visit := func(gitrepo.Change) error { return nil }
	if err := r.Diff(b.Context(), schema.Hash{}, oldTree, func(gitrepo.Change) error { return nil }); err != nil {
		b.Fatal(err)
	}
	var ours, peer, cold time.Duration
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		next := edit(b, g, i%benchApps, i+2)
		fetch(b, r)
		begin := time.Now()
		g.run("diff-tree", "-r", old.String(), next.String())
		peer += time.Since(begin)
		b.StartTimer()
		begin = time.Now()
		if err := r.Diff(b.Context(), oldTree, treeOf(b, r, next), visit); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begin)
		b.StopTimer()
		begin = time.Now()
		fresh, err := gitrepo.OpenLocal(r.Dir())
		if err == nil {
			err = fresh.Diff(b.Context(), oldTree, treeOf(b, fresh, next), visit)
		}
		cold += time.Since(begin)
		if err != nil {
			b.Fatal(err)
		}
		_ = fresh.Close()
		old, oldTree = next, treeOf(b, r, next)
		b.StartTimer()
	}
	b.StopTimer()
	ratio(b, ours, peer, "x-git-diff-tree")
	b.ReportMetric(float64(cold)/float64(peer), "x-cold-git-diff-tree")
}

func BenchmarkFetchOneFileOf50000(b *testing.B) {
	g := largeCopy(b)
	url := serve(b, g)
	r := mirror(b, gitrepo.Remote{URL: url})
	fetch(b, r)
	peerDir := git{b, filepath.Join(b.TempDir(), "peer.git")}
	g.run("clone", "-q", "--mirror", url, peerDir.dir)
	var ours, peer time.Duration
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		edit(b, g, i%benchApps, i+2)
		begin := time.Now()
		peerDir.run("fetch", "-q", "origin")
		peer += time.Since(begin)
		b.StartTimer()
		begin = time.Now()
		if !fetch(b, r).Changed {
			b.Fatal("saw nothing")
		}
		ours += time.Since(begin)
	}
	b.StopTimer()
	ratio(b, ours, peer, "x-git-fetch")
}

func BenchmarkPollThatFindsNothing(b *testing.B) {
	g := largeCopy(b)
	url := serve(b, g)
	r := mirror(b, gitrepo.Remote{URL: url})
	fetch(b, r)
	var ours, peer time.Duration
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		begin := time.Now()
		g.run("ls-remote", url)
		peer += time.Since(begin)
		b.StartTimer()
		begin = time.Now()
		if fetch(b, r).Changed {
			b.Fatal("saw a change")
		}
		ours += time.Since(begin)
	}
	b.StopTimer()
	ratio(b, ours, peer, "x-git-ls-remote")
}

func BenchmarkPushSmallCommit(b *testing.B) {
	g := largeCopy(b)
	url := serve(b, g)
	r := mirror(b, gitrepo.Remote{URL: url})
	fetch(b, r)
	peerDir := git{b, filepath.Join(b.TempDir(), "peer.git")}
	g.run("clone", "-q", "--bare", url, peerDir.dir)
	var ours, peer time.Duration
	var tip schema.Hash
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		pushWithGit(b, peerDir, i, &peer)
		var parents []schema.Hash
		if !tip.IsZero() {
			parents = []schema.Hash{tip}
		}
		objs, next := commitObjects(b, fmt.Sprint("entry ", i), parents)
		b.StartTimer()
		begin := time.Now()
		if err := r.Push(b.Context(), "refs/heads/sluice/ledger", tip, next, objs); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begin)
		tip = next
	}
	b.StopTimer()
	ratio(b, ours, peer, "x-git-push")
}

func pushWithGit(b *testing.B, g git, i int, spent *time.Duration) {
	b.Helper()
	from := ""
	if i > 0 {
		from = "from refs/heads/peer^0\n"
	}
	g.feed(fmt.Sprintf("commit refs/heads/peer\ncommitter A <a@example.com> 1700000000 +0000\ndata 5\nentry\n%sM 100644 inline entry\ndata %d\nentry %d\n", from, len(fmt.Sprint("entry ", i)), i),
		"fast-import", "--quiet")
	begin := time.Now()
	g.run("push", "-q", "origin", "refs/heads/peer:refs/heads/peer")
	*spent += time.Since(begin)
}

func BenchmarkWalk50000Files(b *testing.B) {
	g := largeCopy(b)
	r := mirror(b, gitrepo.Remote{URL: g.dir})
	begin := time.Now()
	fetch(b, r)
	clone := time.Since(begin)
	tree := treeOf(b, r, g.id("refs/heads/main"))
	begin = time.Now()
	if out := g.run("ls-tree", "-r", tree.String()); strings.Count(out, "\n") != benchApps*benchStages-1 {
		b.Fatal("git lists other files")
	}
	peer := time.Since(begin)
	b.ResetTimer()
	for range b.N {
		files := 0
		apps := func(c gitrepo.Change) error {
			m, problems, err := r.Files(b.Context(), c.New.ID)
			files += len(m)
			if len(problems) > 0 {
				b.Fatal(problems)
			}
			return err
		}
		if err := r.DiffDirs(b.Context(), schema.Hash{}, tree, 3, apps); err != nil {
			b.Fatal(err)
		}
		if files != benchApps*benchStages {
			b.Fatalf("%d files", files)
		}
	}
	b.StopTimer()
	ratio(b, b.Elapsed(), peer*time.Duration(b.N), "x-git-ls-tree")
	b.ReportMetric(clone.Seconds(), "s-clone")
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MB-heap")
	runtime.KeepAlive(r)
}
