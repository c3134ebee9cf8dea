package gitrepo_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// advertise answers the ref advertisement with lines of the test; the rest is git's.
func advertise(t *testing.T, g git, lines ...string) string {
	t.Helper()
	return front(t, g, func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				git.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			fmt.Fprint(w, pkt("# service=git-upload-pack\n"), "0000")
			for i, line := range lines {
				if i == 0 {
					line += "\x00side-band-64k ofs-delta"
				}
				fmt.Fprint(w, pkt(line+"\n"))
			}
			fmt.Fprint(w, "0000")
		})
	})
}

func pkt(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

func TestAdvertisedRefsCannotWriteOutsideTheMirror(t *testing.T) {
	work, bare := published(t)
	tip := work.id("main")
	var lines []string
	names := []string{
		"refs/heads/../../../../escaped", "refs/heads/../../config", "refs/heads/../../packed-refs", "refs/heads/..", "refs/heads//etc/x",
		"refs/heads/main.lock", "refs/heads/HEAD", "refs/heads/refs/heads/main", "refs/heads/" + tip.String(), "refs/heads/Main", "refs/heads/main",
		"refs/tags/sluice/../../../x", "refs/other/x",
	}
	for _, name := range names {
		lines = append(lines, tip.String()+" "+name)
	}
	parent := t.TempDir()
	r := mirrorIn(t, filepath.Join(parent, "mirror"), gitrepo.Remote{URL: advertise(t, bare, lines...)})
	before := everyFile(t, parent)
	got := fetch(t, r)
	want := map[string]schema.Hash{"refs/heads/main": tip, "refs/heads/Main": tip}
	if !maps.Equal(got.Refs, want) || len(got.Ignored) != 10 {
		t.Errorf("got refs %v, ignored %q, want %v", got.Refs, got.Ignored, want)
	}
	for _, name := range everyFile(t, parent) {
		if !slices.Contains(before, name) && !strings.HasPrefix(name, "mirror/objects/pack/") && name != "mirror/packed-refs" && name != "mirror/sluice.lock" {
			t.Errorf("the fetch wrote %s", name)
		}
	}
	if text, err := os.ReadFile(filepath.Join(parent, "mirror", "config")); err != nil || !strings.Contains(string(text), "bare = true") {
		t.Errorf("config: %s, %v", text, err)
	}
}

func everyFile(t *testing.T, root string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			out = append(out, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRemoteThatPromisesWhatItDoesNotHave(t *testing.T) {
	_, bare := published(t)
	r := mirror(t, gitrepo.Remote{URL: advertise(t, bare, strings.Repeat("ab", 20)+" refs/heads/main")})
	if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
	if refs, err := r.Refs(t.Context()); err != nil || len(refs) > 0 {
		t.Errorf("refs: got %v, %v", refs, err)
	}
}

func TestLargeFileOnABranchHoldsNothingElse(t *testing.T) {
	work, bare := published(t)
	work.run("checkout", "-q", "-b", "large")
	work.commit("large", map[string]string{"movie": strings.Repeat("frame", 1<<20)})
	work.push("large")
	limits := gitrepo.DefaultLimits()
	limits.Object, limits.Delta = 1<<20, 1<<20
	r := mirror(t, gitrepo.Remote{URL: bare.dir}, gitrepo.WithLimits(limits))
	got := fetch(t, r)
	if _, problems, err := r.Files(t.Context(), treeOf(t, r, got.Refs["refs/heads/main"])); err != nil || len(problems) > 0 {
		t.Errorf("main: %v, %v", problems, err)
	}
	_, problems, err := r.Files(t.Context(), treeOf(t, r, got.Refs["refs/heads/large"]))
	if err != nil || len(problems) != 1 || problems[0].Path != "movie" || problems[0].Code != gitrepo.CodeLimitExceeded {
		t.Errorf("large: got %v, %v, want limit-exceeded at movie", problems, err)
	}
	limits.Pack = 1000
	work.commit("more", map[string]string{"noise": noise(5000)})
	work.push("large")
	small := mirror(t, gitrepo.Remote{URL: bare.dir}, gitrepo.WithLimits(limits))
	if _, err := small.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrLimit) {
		t.Errorf("pack over the limit: got %v, want ErrLimit", err)
	}
}

// noise is text that does not compress to nothing.
func noise(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%x\n", i*i*2654435761)
	}
	return b.String()
}

func TestFullDiskLosesNothing(t *testing.T) {
	const env = "GITREPO_TEST_FULL_DISK" // in the child: mirror, a space and the URL
	if plan := os.Getenv(env); plan != "" {
		ignoreFileSizeSignal()
		dir, url, _ := strings.Cut(plan, " ")
		_, err := mirrorIn(t, dir, gitrepo.Remote{URL: url}).Fetch(t.Context())
		if !errors.Is(err, gitrepo.ErrNoSpace) {
			t.Errorf("got %v, want ErrNoSpace", err)
		}
		return
	}
	work, bare := published(t)
	url := serve(t, bare)
	dir := t.TempDir()
	r := mirrorIn(t, dir, gitrepo.Remote{URL: url})
	before := fetch(t, r)
	next := work.commit("second", map[string]string{"a": noise(20000)})
	work.push("main")
	child := exec.Command("sh", "-c", "ulimit -f 8; exec \"$0\" -test.run '^TestFullDiskLosesNothing$' -test.v", os.Args[0])
	child.Env = append(os.Environ(), env+"="+dir+" "+url)
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
	if refs, err := r.Refs(t.Context()); err != nil || !maps.Equal(refs, before.Refs) {
		t.Errorf("refs: got %v, %v, want %v", refs, err, before.Refs)
	}
	if left := leftovers(t, dir); len(left) > 0 {
		t.Errorf("half-written files are left: %v", left)
	}
	if got := fetch(t, r); got.Refs["refs/heads/main"] != next {
		t.Errorf("with space again: got %v", got.Refs)
	}
}
