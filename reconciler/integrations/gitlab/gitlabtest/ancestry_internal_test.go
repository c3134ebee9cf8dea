package gitlabtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func emptyRepository(t *testing.T) (r repository, tree string) {
	t.Helper()
	git, err := findGit(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if r, err = git.initBare(t.TempDir()+"/a.git", "main"); err != nil {
		t.Fatal(err)
	}
	if tree, err = r.run("hash-object", "-w", "-t", "tree", "--stdin"); err != nil {
		t.Fatal(err)
	}
	return r, tree
}

// forgetful is the repository as one that was just opened has it.
func (r repository) forgetful() repository {
	r.descends, r.merges, r.read = map[[2]string]bool{}, map[[2]string]string{}, map[string]commit{}
	return r
}

// TestAncestryIsGits asks here and of git what holds between the commits of a history with merges, a criss-cross and two
// roots; loose, where git is asked only for what lies beyond a merge, and packed.
func TestAncestryIsGits(t *testing.T) {
	r, tree := emptyRepository(t)
	ids := map[string]string{"none": nullSHA}
	for i, row := range []string{"a", "b a", "c b", "d b", "e c d", "f d c", "g e", "root", "i root a"} {
		names := strings.Fields(row)
		var parents []string
		for _, p := range names[1:] {
			parents = append(parents, ids[p])
		}
		who := signature{"Ann", "ann@example.com", time.Unix(int64(1000-i), 0)} // a clock that runs backwards
		id, err := r.commitTree(tree, parents, row, who, who)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.update("refs/heads/"+names[0], id, nullSHA); err != nil {
			t.Fatal(err)
		}
		ids[names[0]] = id
	}
	if _, err := r.run("tag", "g", ids["a"]); err != nil { // a tag comes before a branch
		t.Fatal(err)
	}
	holdToGit(t, r, ids, strings.Fields("a b c d e f g root i none"))
	if _, err := r.run("repack", "-adq"); err != nil {
		t.Fatal(err)
	}
	holdToGit(t, r.forgetful(), ids, strings.Fields("b e root"))
}

func holdToGit(t *testing.T, r repository, ids map[string]string, names []string) {
	t.Helper()
	for _, name := range names {
		if first, _ := r.run("rev-parse", "--verify", "--quiet", ids[name]+"^1^{commit}"); r.commit(ids[name]+"^1") != first {
			t.Errorf("the first parent of %s is %q, git says %q", name, r.commit(ids[name]+"^1"), first)
		}
		want, _ := r.run("rev-parse", "--verify", "--quiet", name+"^{commit}")
		if got := r.commit(name); got != want {
			t.Errorf("%s is %q, git says %q", name, got, want)
		}
		for _, to := range names {
			a, b := ids[name], ids[to]
			all, _ := r.run("merge-base", "--all", a, b)
			if got := r.mergeBase(a, b); got == "" != (all == "") || got != "" && !slices.Contains(strings.Fields(all), got) {
				t.Errorf("%s and %s meet at %q, git says %q", name, to, got, all)
			}
			if got := r.ancestor(a, b); got != (all == a) {
				t.Errorf("%s is in %s: %v, git says they meet at %q", name, to, got, all)
			}
			want, failed := r.gitRevList(a, b)
			if got, err := r.revList(a, b); (err == nil) != (failed == nil) || !slices.Equal(got, want) {
				t.Errorf("%s..%s is %q (%v), git says %q (%v)", name, to, got, err, want, failed)
			}
		}
	}
}

// TestMergesAreGits merges here and by git; a merge that moves nothing asks no git.
func TestMergesAreGits(t *testing.T) {
	r, empty := emptyRepository(t)
	who := signature{"Ann", "ann@example.com", time.Unix(1, 0)}
	edited := func(parent, file, text string) string {
		tree, err := r.edit(t.TempDir(), parent, NewCommit{Files: map[string]string{file: text}})
		if err != nil {
			t.Fatal(err)
		}
		var parents []string
		if parent != "" {
			parents = []string{parent}
		}
		id, err := r.commitTree(tree, parents, file, who, who)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	base := edited("", "a", "1\n")
	left, right, clash, alone := edited(base, "b", "1\n"), edited(base, "c", "1\n"), edited(base, "b", "2\n"), edited("", "a", "2\n")
	for _, pair := range [][2]string{{base, left}, {left, base}, {left, right}, {left, right}, {left, clash}, {left, alone}, {left, left}, {left, nullSHA}} {
		want, failed := r.gitMergeTrees(pair[0], pair[1])
		if got, err := r.mergeTrees(pair[0], pair[1]); got != want || (err == nil) != (failed == nil) || (err == errConflict) != (failed == errConflict) {
			t.Errorf("%s: got %q (%v), git merges to %q (%v)", pair, got, err, want, failed)
		}
	}
	trees := [3]string{empty, "", ""}
	for i, id := range []string{left, right} {
		trees[i+1], _ = r.tree(id)
	}
	for _, row := range [][4]string{{trees[0], trees[0], trees[1], trees[1]}, {trees[0], trees[1], trees[0], trees[1]}, {trees[1], trees[1], trees[1], trees[1]}} {
		if got, err := r.pick(row[0], row[1], row[2]); got != row[3] || err != nil {
			t.Errorf("from %s, %s and %s become %s (%v), want %s", row[0], row[1], row[2], got, err, row[3])
		}
	}
	for ref, id := range map[string]string{"refs/heads/left": left, "refs/heads/right": right} {
		if err := r.update(ref, id, nullSHA); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.run("prune", "--expire=now"); err != nil { // the tree of a merge that landed nowhere goes
		t.Fatal(err)
	}
	merged, err := r.mergeTrees(left, right)
	if _, _, there := r.object(merged); err != nil || !there {
		t.Errorf("after a prune the remembered tree %q is not there (%v)", merged, err)
	}
}

// TestALineOfCommitsAsksNoGit: where history is a line and loose, no process is started.
func TestALineOfCommitsAsksNoGit(t *testing.T) {
	r, tree := emptyRepository(t)
	r.git.path = "/no/git"
	var ids []string
	for _, message := range []string{"one", "two", "three"} {
		who := signature{"Ann", "ann@example.com", time.Unix(1, 0)}
		id, err := r.commitTree(tree, slices.Clone(ids[max(0, len(ids)-1):]), message, who, who)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := r.update("refs/heads/main", ids[2], nullSHA); err != nil {
		t.Fatal(err)
	}
	r = r.forgetful()
	if got := r.commit("main"); got != ids[2] {
		t.Errorf("main is %q", got)
	}
	if got := r.subject("main"); got != "three" {
		t.Errorf("the title is %q", got)
	}
	if got, err := r.revList(ids[0], ids[2]); err != nil || !slices.Equal(got, []string{ids[2], ids[1]}) {
		t.Errorf("above the first are %q (%v)", got, err)
	}
	if got := r.mergeBase(ids[1], ids[2]); got != ids[1] {
		t.Errorf("the base is %q", got)
	}
	if got, err := r.mergeTrees(ids[1], ids[2]); err != nil || got != tree {
		t.Errorf("the merge is %q (%v)", got, err)
	}
}

// TestWhatIsNotThereIsNotRemembered: a commit that comes later is seen.
func TestWhatIsNotThereIsNotRemembered(t *testing.T) {
	r, tree := emptyRepository(t)
	who := signature{"Ann", "ann@example.com", time.Unix(1, 0)}
	first, err := r.commitTree(tree, nil, "first", who, who)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := rawCommit(tree, []string{first}, "later", who, who)
	later := schema.ObjectID(schema.CommitObject, data).String()
	if r.commit(later) != "" || r.ancestor(first, later) || r.subject(later) != "" {
		t.Fatal("a commit is there before it was made")
	}
	if _, err := r.writeCommit(data); err != nil {
		t.Fatal(err)
	}
	if r.commit(later) != later || !r.ancestor(first, later) || r.subject(later) != "later" {
		t.Error("a commit that was asked for too early is not seen")
	}
}
