package gitrepo_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

var treeFound = regexp.MustCompile(`(?m)^(?:error|warning) in tree ([0-9a-f]{40}): (\w+):`)

// TestTreesThatGitRefusesAreRefused makes trees of names and modes that are odd, in any order, and asks git fsck about all of
// them: whatever git finds in a tree, the strict reader refuses. It refuses more, because git forgives old programs.
func TestTreesThatGitRefusesAreRefused(t *testing.T) {
	g := newGit(t)
	blob := g.feed("x", "hash-object", "-w", "--stdin")
	sub := rawTree(t, g, "100644 f="+blob).String()
	ids := g.writeTrees(t, oddTrees(blob, sub, 600))
	found := map[schema.Hash]string{}
	out, _ := gitCommand(g.dir, "fsck", "--strict", "--no-dangling", "--no-progress").CombinedOutput() // it ends badly
	for _, m := range treeFound.FindAllStringSubmatch(string(out), -1) {
		found[hash(t, m[1])] = m[2]
	}
	r := local(t, g.dir)
	accepted, stricter := 0, 0
	kinds := map[string]int{}
	for _, id := range ids {
		_, err := r.Tree(t.Context(), id)
		var malformed *gitrepo.TreeError
		switch what := found[id]; {
		case err != nil && !errors.As(err, &malformed):
			t.Fatal(err)
		case err == nil && what != "":
			t.Errorf("tree %s is accepted, git says %s:\n%q", id, what, g.feed("", "cat-file", "tree", id.String()))
		case err == nil:
			accepted++
		case what == "":
			stricter++
		default:
			kinds[what]++
		}
	}
	t.Logf("git and the reader accept %d trees, both refuse %v, the reader alone %d", accepted, kinds, stricter)
	if accepted == 0 || len(kinds) < 6 {
		t.Errorf("the trees show too little: %d accepted, refused %v", accepted, kinds)
	}
}

// oddTrees are the raw bytes of trees, the same at each run.
func oddTrees(blob, sub string, count int) []string {
	names := []string{"a", "a.b", "a-b", "A", "a0", "b", ".git", ".GIT", ".g\u200cit", "git~1", ".git.", "..", ".", "a/b", "", "é", "e\u0301", "\\x", "a\nb", strings.Repeat("n", 300)}
	modes := []string{"100644", "100644", "100755", "40000", "40000", "120000", "160000", "100664", "040000", "100600", "0"}
	random := rand.New(rand.NewPCG(1, 2))
	var out []string
	for range count {
		var entries []string
		for range 1 + random.IntN(4) {
			mode, id := modes[random.IntN(len(modes))], blob
			if strings.HasSuffix(mode, "40000") {
				id = sub
			}
			// Names that are fine are drawn more often, or no tree would be.
			name := names[min(random.IntN(len(names)), random.IntN(len(names)))]
			raw := slices.Concat([]byte(mode+" "+name+"\x00"), hexBytes(id))
			entries = append(entries, string(raw))
		}
		if random.IntN(3) > 0 {
			slices.SortFunc(entries, func(a, b string) int {
				_, x, _ := strings.Cut(a, " ")
				_, y, _ := strings.Cut(b, " ")
				return strings.Compare(x, y)
			})
		}
		out = append(out, strings.Join(entries, ""))
	}
	return out
}

func hexBytes(id string) []byte {
	h, err := schema.ParseHash(id)
	if err != nil {
		panic(err)
	}
	return h[:]
}

// writeTrees stores raw trees as they are, by one process.
func (g git) writeTrees(t *testing.T, raw []string) (ids []schema.Hash) {
	t.Helper()
	dir := t.TempDir()
	var paths strings.Builder
	for i, text := range raw {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&paths, path)
	}
	for line := range strings.Lines(g.feed(paths.String(), "hash-object", "-w", "-t", "tree", "--literally", "--no-filters", "--stdin-paths")) {
		ids = append(ids, hash(t, strings.TrimSpace(line)))
	}
	return ids
}
