package gitrepo_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// front serves a repository behind a handler of the test.
func front(t testing.TB, g git, wrap func(git http.Handler) http.Handler) string {
	t.Helper()
	server := httptest.NewServer(wrap(backend(t, filepath.Dir(g.dir))))
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(g.dir)
}

func published(t testing.TB) (work, bare git) {
	t.Helper()
	work = newGit(t)
	work.commit("first", map[string]string{"a": "1", "b/c": "2"})
	bare = work.bare()
	bare.run("config", "http.receivepack", "true")
	work.push("main")
	return work, bare
}

// cutter ends the connection after so many bytes of the answer to a POST; a negative number never does.
type cutter struct {
	http.ResponseWriter
	left int64
}

func (c *cutter) Write(p []byte) (int, error) {
	if int64(len(p)) > c.left {
		n, _ := c.ResponseWriter.Write(p[:c.left])
		c.left -= int64(n)
		c.Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= int64(len(p))
	return c.ResponseWriter.Write(p)
}

func (c *cutter) Flush() { c.ResponseWriter.(http.Flusher).Flush() }

func TestFetchThatIsCutChangesNothing(t *testing.T) {
	work, bare := published(t)
	var cut atomic.Int64
	cut.Store(-1)
	url := front(t, bare, func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := cut.Load(); n >= 0 && r.Method == http.MethodPost {
				w = &cutter{w, n}
			}
			git.ServeHTTP(w, r)
		})
	})
	r := mirror(t, gitrepo.Remote{URL: url})
	before := fetch(t, r)
	want := work.commit("second", map[string]string{"a": strings.Repeat("new ", 500), "d": "x"})
	work.push("main", "main:refs/heads/side")
	full := packSize(t, r, url)
	for n := int64(0); n < full; n += 1 + full/40 {
		cut.Store(n)
		if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUnreachable) {
			t.Errorf("cut after %d bytes: got %v, want ErrUnreachable", n, err)
		}
		if refs, err := r.Refs(t.Context()); err != nil || !maps.Equal(refs, before.Refs) {
			t.Fatalf("cut after %d bytes: refs are %v, %v, want %v", n, refs, err, before.Refs)
		}
	}
	if left := leftovers(t, r.Dir()); len(left) > 0 {
		t.Errorf("half-written files are left: %v", left)
	}
	cut.Store(-1)
	if got := fetch(t, r); got.Refs["refs/heads/main"] != want {
		t.Errorf("after the cuts: got %v", got.Refs)
	}
}

// packSize measures the answer that carries the pack, with a second mirror.
func packSize(t *testing.T, from *gitrepo.Repo, url string) int64 {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(from.Dir())); err != nil {
		t.Fatal(err)
	}
	r := mirrorIn(t, dir, gitrepo.Remote{URL: url})
	before := diskUse(t, dir)
	fetch(t, r)
	return diskUse(t, dir) - before
}

func diskUse(t *testing.T, dir string) (n int64) {
	t.Helper()
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"tmp_*", "objects/tmp_*", "objects/pack/tmp_*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	return out
}

func TestRedirectToAnotherOriginIsRefusedAndSeesNoToken(t *testing.T) {
	work, bare := published(t)
	var elsewhere atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(1)
		t.Errorf("%s %s arrived elsewhere, Authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(thief.Close)
	var where atomic.Value // method to redirect
	where.Store(http.MethodGet)
	url := front(t, bare, func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == where.Load() {
				http.Redirect(w, r, thief.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
				return
			}
			git.ServeHTTP(w, r)
		})
	})
	token := write(t, filepath.Join(t.TempDir(), "token"), "s3cr3t-token\n")
	r := mirror(t, gitrepo.Remote{URL: url, TokenFile: token})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		where.Store(method)
		_, err := r.Fetch(t.Context())
		if !errors.Is(err, gitrepo.ErrRedirected) || strings.Contains(fmt.Sprint(err), "s3cr3t") {
			t.Errorf("fetch, %s redirected: got %v, want ErrRedirected", method, err)
		}
		objs, id := commitObjects(t, "x", nil)
		err = r.Push(t.Context(), "refs/heads/x", schema.Hash{}, id, objs)
		if !errors.Is(err, gitrepo.ErrRedirected) {
			t.Errorf("push, %s redirected: got %v, want ErrRedirected", method, err)
		}
	}
	if refs, err := r.Refs(t.Context()); err != nil || len(refs) > 0 {
		t.Errorf("refs: got %v, %v", refs, err)
	}
	_ = work
}

func TestRedirectWithinTheOriginIsFollowed(t *testing.T) {
	work, bare := published(t)
	url := front(t, bare, func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if rest, ok := strings.CutPrefix(r.URL.Path, "/short"); ok {
				http.Redirect(w, r, "/"+filepath.Base(bare.dir)+rest+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
				return
			}
			git.ServeHTTP(w, r)
		})
	})
	base, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	r := mirror(t, gitrepo.Remote{URL: "http://" + base + "/short"})
	if got := fetch(t, r); got.Refs["refs/heads/main"] != work.id("main") {
		t.Errorf("got %v", got.Refs)
	}
}

func TestAnswersAreClassified(t *testing.T) {
	_, bare := published(t)
	var status atomic.Int64
	var body atomic.Value
	body.Store("text/plain; charset=utf-8|because")
	url := front(t, bare, func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			code := int(status.Load())
			if code == 0 {
				_, password, _ := r.BasicAuth()
				if password != "right" {
					code = http.StatusUnauthorized
				}
			}
			if code == 0 {
				git.ServeHTTP(w, r)
				return
			}
			kind, text, _ := strings.Cut(body.Load().(string), "|")
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(code)
			fmt.Fprint(w, text)
		})
	})
	tokenFile := write(t, filepath.Join(t.TempDir(), "token"), "right")
	r := mirror(t, gitrepo.Remote{URL: url, TokenFile: tokenFile})
	rows := []struct {
		name   string
		status int
		want   error
	}{
		{"login wanted", 401, gitrepo.ErrUnauthorized},
		{"login not enough", 403, gitrepo.ErrForbidden},
		{"no such project, or a hidden one", 404, gitrepo.ErrNotFound},
		{"too many requests", 429, gitrepo.ErrUnreachable},
		{"server trouble", 502, gitrepo.ErrUnreachable},
		{"a login page", 200, gitrepo.ErrUnreachable},
		{"a teapot", 418, gitrepo.ErrUnreachable},
	}
	for _, row := range rows {
		status.Store(int64(row.status))
		_, err := r.Fetch(t.Context())
		if !errors.Is(err, row.want) {
			t.Errorf("%s: fetch: got %v, want %v", row.name, err, row.want)
		}
		objs, id := commitObjects(t, "x", nil)
		if err := r.Push(t.Context(), "refs/heads/x", schema.Hash{}, id, objs); !errors.Is(err, row.want) {
			t.Errorf("%s: push: got %v, want %v", row.name, err, row.want)
		}
	}
	status.Store(0)
	fetch(t, r)
	write(t, tokenFile, "rotated away")
	_, err := r.Fetch(t.Context())
	if !errors.Is(err, gitrepo.ErrUnauthorized) || strings.Contains(err.Error(), "rotated away") {
		t.Errorf("wrong token: got %v", err)
	}
	if !strings.Contains(err.Error(), "because") || !strings.Contains(err.Error(), url) {
		t.Errorf("the error does not say where and why: %v", err)
	}
	write(t, tokenFile, "right\n")
	fetch(t, r)
}

// TestAnswersThatRepeatTheToken: a server, or a proxy before it, whose refusal quotes the request spreads nothing.
func TestAnswersThatRepeatTheToken(t *testing.T) {
	_, bare := published(t)
	const token = "s3cr3t-token/+"
	var words atomic.Value
	url := front(t, bare, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			text := strings.NewReplacer("TOKEN", password, "HEADER", r.Header.Get("Authorization")).Replace(words.Load().(string))
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, text)
		})
	})
	r := mirror(t, gitrepo.Remote{URL: url, TokenFile: write(t, filepath.Join(t.TempDir(), "token"), token)})
	for _, row := range []struct{ name, words, want string }{
		{"as it is", "token TOKEN may not", "token [sealed] may not"},
		{"as the header", "you sent HEADER", "you sent Basic [sealed]"},
		{"where the answer is cut", strings.Repeat("x", 395) + "TOKEN", "xxx[seal"},
	} {
		words.Store(row.words)
		_, err := r.Fetch(t.Context())
		if !errors.Is(err, gitrepo.ErrForbidden) || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

func TestServerThatDoesNotAnswerIsUnreachable(t *testing.T) {
	_, bare := published(t)
	release := make(chan struct{})
	url := front(t, bare, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-release })
	})
	t.Cleanup(func() { close(release) })
	r := mirror(t, gitrepo.Remote{URL: url, Timeout: 50 * time.Millisecond})
	if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
	gone := mirror(t, gitrepo.Remote{URL: "http://127.0.0.1:1/x"})
	if _, err := gone.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUnreachable) {
		t.Errorf("nobody listens: got %v, want ErrUnreachable", err)
	}
}

func TestAdvertisementIsBounded(t *testing.T) {
	work, bare := published(t)
	for i := range 50 {
		bare.run("update-ref", fmt.Sprintf("refs/merge-requests/%d/head", i), work.id("main").String())
	}
	for name, limit := range map[string]func(*gitrepo.Limits){
		"by refs":  func(l *gitrepo.Limits) { l.Refs = 20 },
		"by bytes": func(l *gitrepo.Limits) { l.Advert = 500 },
	} {
		limits := gitrepo.DefaultLimits()
		limit(&limits)
		r := mirror(t, gitrepo.Remote{URL: serve(t, bare)}, gitrepo.WithLimits(limits))
		if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrLimit) {
			t.Errorf("%s: got %v, want ErrLimit", name, err)
		}
	}
}

func TestCertificatesOfTheOperatorAreAccepted(t *testing.T) {
	work, bare := published(t)
	server := httptest.NewTLSServer(backend(t, filepath.Dir(bare.dir)))
	t.Cleanup(server.Close)
	url := server.URL + "/" + filepath.Base(bare.dir)
	r := mirror(t, gitrepo.Remote{URL: url})
	if _, err := r.Fetch(t.Context()); !errors.Is(err, gitrepo.ErrUnreachable) {
		t.Errorf("unknown certificate: got %v, want ErrUnreachable", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	ca := write(t, filepath.Join(t.TempDir(), "ca.pem"), string(block))
	r = mirror(t, gitrepo.Remote{URL: url, CAFile: ca})
	if got := fetch(t, r); got.Refs["refs/heads/main"] != work.id("main") {
		t.Errorf("got %v", got.Refs)
	}
}
