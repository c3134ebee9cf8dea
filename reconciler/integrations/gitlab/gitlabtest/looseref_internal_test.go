package gitlabtest

import (
	"strings"
	"testing"
	"time"
)

// TestARefMovesAsGitMovesIt: what is written without git is what git reads, and what git would refuse stays refused.
func TestARefMovesAsGitMovesIt(t *testing.T) {
	git, err := findGit(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := git.initBare(t.TempDir()+"/a.git", "main")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := r.run("hash-object", "-w", "-t", "tree", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, message := range []string{"one", "two"} {
		who := signature{"Ann", "ann@example.com", time.Unix(1, 0).UTC()}
		id, err := r.commitTree(tree, nil, message, who, who)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for _, row := range []struct {
		sentence     string
		ref, to, old string
		loose, fails bool
		pack         bool // refs are packed before
	}{
		{sentence: "a new branch", ref: "refs/heads/a", to: ids[0], old: nullSHA, loose: true},
		{sentence: "a new branch that is there", ref: "refs/heads/a", to: ids[1], old: nullSHA, fails: true},
		{sentence: "a branch from where it is", ref: "refs/heads/a", to: ids[1], old: ids[0], loose: true},
		{sentence: "a branch from where it was", ref: "refs/heads/a", to: ids[0], old: ids[0], fails: true},
		{sentence: "a branch below another", ref: "refs/heads/a/b", to: ids[0], old: nullSHA, fails: true},
		{sentence: "a branch in a folder", ref: "refs/heads/stage/production", to: ids[0], old: nullSHA, loose: true},
		{sentence: "a branch in place of a folder", ref: "refs/heads/stage", to: ids[0], old: nullSHA, fails: true},
		{sentence: "a name that git refuses", ref: "refs/heads/a..b", to: ids[0], old: nullSHA, fails: true},
		{sentence: "a deletion", ref: "refs/heads/stage/production", to: nullSHA, old: ids[0], loose: true},
		{sentence: "a deletion from where it was", ref: "refs/heads/a", to: nullSHA, old: ids[0], fails: true},
		{sentence: "a branch in place of a folder that is empty", ref: "refs/heads/stage", to: ids[0], old: nullSHA},
		{sentence: "a branch among packed refs", ref: "refs/heads/a", to: ids[0], old: ids[1], pack: true},
	} {
		if row.pack {
			if _, err := r.run("pack-refs", "--all"); err != nil {
				t.Fatal(err)
			}
		}
		was := r.ref(row.ref)
		if moved := r.moveLoose(row.ref, row.to, row.old); moved != row.loose {
			t.Errorf("%s: moved without git %v, want %v", row.sentence, moved, row.loose)
		} else if !moved {
			if err := r.update(row.ref, row.to, row.old); (err != nil) != row.fails {
				t.Errorf("%s: got %v, want an error %v", row.sentence, err, row.fails)
			}
		}
		want := row.to
		if row.fails {
			want = was
		}
		if got, _ := r.run("rev-parse", "-q", "--verify", row.ref); got != strings.TrimPrefix(want, nullSHA) {
			t.Errorf("%s: git reads %q, want %q", row.sentence, got, want)
		}
	}
	if out, err := r.run("fsck", "--strict"); err != nil {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
}
