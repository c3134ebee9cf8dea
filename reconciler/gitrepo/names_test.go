package gitrepo_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
)

func TestCheckRef(t *testing.T) {
	for _, name := range []string{
		"refs/heads/main", "refs/heads/stage/production", "refs/heads/sluice/promote/gray/payments/ledger/57ba02cc",
		"refs/tags/sluice/approve/0123456789abcdef/ann", "refs/merge-requests/7/head", "refs/heads/OVERHEAD",
		"refs/heads/ümlaut", "refs/heads/a.b", "refs/heads/a@b", "refs/sluice/kept/" + strings.Repeat("ab", 20),
	} {
		if err := gitrepo.CheckRef(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, name := range map[string]string{
		"short name":           "main",
		"HEAD":                 "HEAD",
		"no segment":           "refs/heads",
		"empty segment":        "refs/heads//main",
		"slash at the end":     "refs/heads/",
		"climbing":             "refs/heads/../../config",
		"climbing inside":      "refs/heads/a/../../../objects/x",
		"hidden":               "refs/heads/.ssh",
		"lock file":            "refs/heads/main.lock",
		"dot at the end":       "refs/heads/main.",
		"option":               "refs/heads/-x",
		"space":                "refs/heads/a b",
		"newline":              "refs/heads/a\nb",
		"NUL":                  "refs/heads/a\x00b",
		"delete":               "refs/heads/a\x7fb",
		"caret":                "refs/heads/a^",
		"colon":                "refs/heads/a:b",
		"backslash":            `refs/heads/a\b`,
		"glob":                 "refs/heads/*",
		"bracket":              "refs/heads/[a]",
		"reflog":               "refs/heads/a@{1}",
		"at":                   "refs/heads/@",
		"two dots":             "refs/heads/a..b",
		"reads as HEAD":        "refs/heads/HEAD",
		"reads as FETCH_HEAD":  "refs/heads/FETCH_HEAD",
		"reads as another ref": "refs/heads/refs/heads/main",
		"reads as an id":       "refs/heads/" + strings.Repeat("0a", 20),
		"longer than a path":   "refs/heads/" + strings.Repeat("x", 2000),
	} {
		if gitrepo.CheckRef(name) == nil {
			t.Errorf("%s: %q is accepted", what, name)
		}
	}
}

// FuzzCheckRef holds our check against git's: what we accept, git accepts too, and it stays below refs/.
func FuzzCheckRef(f *testing.F) {
	for _, seed := range []string{"refs/heads/main", "refs/heads/a/../b", "refs/heads/a@{", "refs/heads/x.lock/y", "refs/heads/.a"} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, name string) {
		if gitrepo.CheckRef(name) != nil || strings.ContainsRune(name, 0) {
			return
		}
		if out, err := gitCommand(dir, "check-ref-format", name).CombinedOutput(); err != nil {
			t.Errorf("%q: git refuses it: %s", name, out)
		}
		for _, segment := range strings.Split(name, "/") {
			if segment == "" || segment == "." || segment == ".." {
				t.Errorf("%q: segment %q", name, segment)
			}
		}
	})
}

// TestSymbolicRefsThatLoop: git follows them five deep; here a ref that names another is no ref at all.
func TestSymbolicRefsThatLoop(t *testing.T) {
	g := newGit(t)
	g.commit("first", map[string]string{"a": "1"})
	for name, text := range map[string]string{"a": "ref: refs/heads/b\n", "b": "ref: refs/heads/a\n", "c": "ref: refs/heads/c\n", "d": "ref: refs/heads/main\n"} {
		write(t, filepath.Join(g.dir, ".git", "refs", "heads", name), text)
	}
	write(t, filepath.Join(g.dir, ".git", "HEAD"), "ref: refs/heads/a\n")
	r := local(t, g.dir)
	refs, err := r.Refs(t.Context())
	if err != nil || len(refs) != 1 || refs["refs/heads/main"].IsZero() {
		t.Errorf("got %v, %v; want main alone", refs, err)
	}
	if name, id, err := r.DefaultBranch(t.Context()); err == nil && !id.IsZero() {
		t.Errorf("HEAD in a loop: got %s at %s", name, id)
	}
}
