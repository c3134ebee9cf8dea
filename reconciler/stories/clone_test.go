package stories_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// plainClone clones the branches of the stages and the ledger, and nothing else that the forge keeps, such as the commits that
// a squash replaced. Every story is audited from one, so it is made without git, whose clone is a handful of processes;
// [TestPlainClone] holds it to git's.
func (w *world) plainClone() string {
	from, err := gitrepo.OpenLocal(w.forge.RepoDir("acme/config"))
	w.must(err)
	defer from.Close()
	refs, err := from.Refs(w.ctx)
	w.must(err)
	dir := filepath.Join(w.dir, "audit.git")
	to, err := gitrepo.Open(w.ctx, dir, gitrepo.Remote{URL: w.forge.RepoDir("acme/config")})
	w.must(err)
	var packed bytes.Buffer
	var tips []schema.Hash
	for ref, id := range refs {
		if ref == "refs/heads/main" || strings.HasPrefix(ref, "refs/heads/stage/") || ref == ledgerRef {
			fmt.Fprintf(&packed, "%s %s\n", id, ref)
			tips = append(tips, id)
		}
	}
	w.must(to.Write(w.ctx, w.reached(from, tips)))
	w.must(to.Close())
	w.must(os.WriteFile(filepath.Join(dir, "packed-refs"), packed.Bytes(), 0o644))
	return dir
}

// reached reads all that the tips reach.
func (w *world) reached(repo *gitrepo.Repo, tips []schema.Hash) []schema.Object {
	var out []schema.Object
	seen := map[schema.Hash]bool{}
	for next := tips; len(next) > 0; {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		kind, data, err := repo.Object(w.ctx, id)
		w.must(err)
		out = append(out, schema.Object{Kind: kind, ID: id, Data: data})
		next = append(next, w.pointsTo(kind, data)...)
	}
	return out
}

// pointsTo are the objects that a commit or a tree names, however odd a story made it.
func (w *world) pointsTo(kind schema.ObjectKind, data []byte) []schema.Hash {
	var out []schema.Hash
	for kind == schema.TreeObject && len(data) > 0 {
		name := bytes.IndexByte(data, 0) + 1
		if !bytes.HasPrefix(data, []byte("160000 ")) { // a submodule's commit lies elsewhere
			out = append(out, schema.Hash(data[name:name+20]))
		}
		data = data[name+20:]
	}
	for kind == schema.CommitObject {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		key, value, _ := bytes.Cut(line, []byte(" "))
		if string(key) != "tree" && string(key) != "parent" {
			break
		}
		id, err := schema.ParseHash(string(value))
		w.must(err)
		out, data = append(out, id), rest
	}
	return out
}

// TestPlainClone compares a plain clone with what git fetches of the same branches: the forge has more, and neither has that.
func TestPlainClone(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "merge", targets: []string{"files"}})
	for _, line := range []string{"seal dev/a=r1", "mr eve dev a=r2", "merge 1 squash", "pass", "mr ann test a=r2", "merge 2", "pass"} {
		w.do(strings.Fields(line))
	}
	w.git("init", "-q", "--bare", "fetched.git")
	w.git("-C", "fetched.git", "fetch", "-q", "--no-tags", w.forge.RepoDir("acme/config"),
		"+refs/heads/main:refs/heads/main", "+refs/heads/stage/*:refs/heads/stage/*", "+"+ledgerRef+":"+ledgerRef)
	clone := w.plainClone()
	for _, list := range [][]string{{"for-each-ref"}, {"cat-file", "--batch-all-objects", "--batch-check"}} {
		got, want := w.git(append([]string{"-C", clone}, list...)...), w.git(append([]string{"-C", "fetched.git"}, list...)...)
		if got != want {
			t.Errorf("git %v: got\n%s\nwant\n%s", list, got, want)
		}
		if all := w.git(append([]string{"-C", w.forge.RepoDir("acme/config")}, list...)...); all == want {
			t.Errorf("git %v: the forge has no more than a clone, so this shows nothing", list)
		}
	}
	w.git("-C", clone, "fsck", "--strict", "--no-dangling")
}

// git runs git in the world's directory and returns what it says, in order.
func (w *world) git(args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.ctx, "git", args...)
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	lines := strings.Split(string(out), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
