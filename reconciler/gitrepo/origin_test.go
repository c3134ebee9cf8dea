package gitrepo_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
)

// TestACloneTellsWhenItLastAsked: what somebody's clone shows of a branch is as old as its last fetch of that branch, however often
// the clone itself is asked.
func TestACloneTellsWhenItLastAsked(t *testing.T) {
	const ledger = "refs/heads/sluice/ledger"
	work := newGit(t)
	tip := work.commit("one", map[string]string{"a": "1"})
	origin := work.bare()
	work.push("main", "main:"+ledger)
	other := newGit(t, "--bare")
	work.run("push", "-q", other.dir, "main")
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	aged := func(g git, name string) {
		t.Helper()
		if err := os.Chtimes(filepath.Join(g.dir, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	clone := func(args ...string) git {
		g := git{t, t.TempDir()}
		g.run(append([]string{"clone", "-q"}, append(args, origin.dir, ".")...)...)
		return g
	}
	const follows = "refs/remotes/origin/sluice/ledger"
	rows := []struct {
		sentence string
		ref      string
		make     func() git
		clone    bool
		at       string // "now", "long ago", "unknown"
	}{
		{"where it is written", ledger, func() git { return origin }, false, "unknown"},
		{"a clone that was just made", follows, func() git { return clone() }, true, "now"},
		{"a clone that fetched an hour ago", follows, func() git {
			g := clone()
			g.run("-c", "core.logAllRefUpdates=false", "fetch", "-q")
			aged(g, ".git/FETCH_HEAD")
			g.run("reflog", "delete", "refs/remotes/origin/HEAD@{0}")
			return g
		}, true, "long ago"},
		{"a fetch of another branch tells nothing", follows, func() git {
			g := clone()
			g.run("reflog", "delete", "refs/remotes/origin/HEAD@{0}")
			g.run("fetch", "-q", "origin", "main")
			return g
		}, true, "unknown"},
		{"a fetch of another remote tells nothing", follows, func() git {
			g := clone()
			g.run("reflog", "delete", "refs/remotes/origin/HEAD@{0}")
			g.run("remote", "add", "other", other.dir)
			g.run("fetch", "-q", "other")
			return g
		}, true, "unknown"},
		{"a mirror that fetched an hour ago", ledger, func() git {
			g := clone("--mirror")
			g.run("fetch", "-q")
			aged(g, "FETCH_HEAD")
			return g
		}, true, "long ago"},
		{"a mirror that fetches now", ledger, func() git {
			g := clone("--mirror")
			g.run("remote", "update")
			return g
		}, true, "now"},
		{"a mirror that nobody knows the age of", ledger, func() git { return clone("--mirror") }, true, "unknown"},
		{"a branch of its own, that nothing follows", ledger, func() git {
			g := clone()
			g.run("branch", "sluice/ledger", "origin/sluice/ledger")
			return g
		}, false, "unknown"},
		{"a linked work tree fetched an hour ago", follows, func() git {
			g, linked := clone(), git{t, filepath.Join(t.TempDir(), "linked")}
			g.run("worktree", "add", "-q", "-b", "x", linked.dir)
			g.run("reflog", "delete", "refs/remotes/origin/HEAD@{0}")
			linked.run("fetch", "-q")
			aged(g, ".git/worktrees/linked/FETCH_HEAD")
			return linked
		}, true, "long ago"},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			r := mirror(t, gitrepo.Remote{URL: row.make().dir}, gitrepo.WithOrigins())
			got, err := r.Asked(row.ref, tip)
			if err != nil {
				t.Fatal(err)
			}
			at := "now"
			switch {
			case got.At.IsZero():
				at = "unknown"
			case got.At.Equal(long):
				at = "long ago"
			case time.Since(got.At) > time.Minute:
				at = got.At.String()
			}
			if got.Clone != row.clone || at != row.at {
				t.Errorf("got a clone %v, asked %s; want %v, %s", got.Clone, at, row.clone, row.at)
			}
		})
	}
	if got, err := mirror(t, gitrepo.Remote{URL: "https://git.example.com/config.git"}).Asked(ledger, tip); err != nil || got.Clone {
		t.Errorf("of another machine: %v %v", got, err)
	}
}
