package gitlabtest

import (
	"testing"
	"time"
)

// TestFilesAreCountedAsGitCounts holds the number of a version's files to git's, which sees renames.
func TestFilesAreCountedAsGitCounts(t *testing.T) {
	r, _ := emptyRepository(t)
	who := signature{"Ann", "ann@example.com", time.Unix(1, 0)}
	commit := func(parent string, files map[string]string, remove ...string) string {
		tree, err := r.edit(t.TempDir(), parent, NewCommit{Files: files, Remove: remove})
		if err != nil {
			t.Fatal(err)
		}
		var parents []string
		if parent != "" {
			parents = []string{parent}
		}
		id, err := r.commitTree(tree, parents, "m", who, who)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	base := commit("", map[string]string{"a": "1\n", "b/c": "2\n", "b/d/e": "3\n", "f": "text of some length\nand a line\n"})
	for _, row := range []struct {
		sentence string
		head     string
		plain    bool
	}{
		{"nothing", commit(base, nil), true},
		{"a file at the root", commit(base, map[string]string{"a": "2\n"}), true},
		{"files below, and new ones", commit(base, map[string]string{"b/c": "3\n", "b/d/f": "4\n", "g/h/i": "5\n", "g/j": "6\n"}), true},
		{"a file gone", commit(base, nil, "b/d/e"), false},
		{"a file renamed", commit(base, map[string]string{"g": "text of some length\nand a line\n"}, "f"), false},
		{"a folder in place of a file", commit(base, map[string]string{"a/b": "1\n"}, "a"), false},
	} {
		v := Version{BaseSHA: base, HeadSHA: row.head}
		from, _ := r.tree(base)
		to, _ := r.tree(row.head)
		if _, plain := r.filesBetween(from, to); plain != row.plain {
			t.Errorf("%s: plain %v, want %v", row.sentence, plain, row.plain)
		}
		if got, want := r.changed(v), r.gitChanged(v); got != want {
			t.Errorf("%s: got %d files, git counts %d", row.sentence, got, want)
		}
	}
	if got := r.changed(Version{HeadSHA: base}); got != 0 {
		t.Errorf("without a base: got %d files", got)
	}
}
