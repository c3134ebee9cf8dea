package gitrepo_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// listed are the objects of a commit of a long list, with a line in its middle.
func listed(t testing.TB, parents []schema.Hash, line string) ([]schema.Object, schema.Hash) {
	t.Helper()
	var b strings.Builder
	for n := range 4000 {
		if n == 2000 {
			b.WriteString(line + "\n")
		}
		fmt.Fprintf(&b, "%d %s\n", n, schema.DigestOf(fmt.Append(nil, n)).Hex())
	}
	blob := schema.NewObject(schema.BlobObject, []byte(b.String()))
	tree := schema.NewObject(schema.TreeObject, append([]byte("100644 entry\x00"), blob.ID[:]...))
	objs, _ := commitObjects(t, line, parents)
	text := strings.Replace(string(objs[0].Data), objs[1].ID.String(), tree.ID.String(), 1)
	commit := schema.NewObject(schema.CommitObject, []byte(text))
	return []schema.Object{commit, tree, blob}, commit.ID
}

// nearTo tells of the blob of a commit which it is near to.
func nearTo(objs, before []schema.Object) []schema.Object {
	objs[2].Near = &before[2]
	return objs
}

// sound wants a repository that git finds nothing wrong with, and in which a commit has its list.
func sound(t *testing.T, g git, objs []schema.Object) {
	t.Helper()
	if out, err := g.try("", "fsck", "--full", "--strict"); err != nil {
		t.Errorf("git fsck of %s: %v\n%s", g.dir, err, out)
	}
	if got := g.run("cat-file", "blob", objs[0].ID.String()+":entry"); strings.TrimSpace(got) != strings.TrimSpace(string(objs[2].Data)) {
		t.Errorf("%s: the list is not what was pushed", g.dir)
	}
}

// TestAPushTellsTheDifference pushes what is near to what the remote has, to a remote that keeps objects loose and to one that keeps
// packs.
func TestAPushTellsTheDifference(t *testing.T) {
	for _, keeps := range []string{"objects", "packs"} {
		t.Run(keeps, func(t *testing.T) {
			overBoth(t, func(t *testing.T, _, bare git, remote gitrepo.Remote) { tellsTheDifference(t, keeps, bare, remote) })
			t.Run("ssh", func(t *testing.T) {
				_, bare := published(t)
				host := newSSHHost(t)
				tellsTheDifference(t, keeps, bare, gitrepo.Remote{
					URL: "ssh://git@" + host.addr + bare.dir, SSHKeyFile: host.keyFile, KnownHostsFile: host.knownHosts, Timeout: 20 * time.Second,
				})
			})
		})
	}
}

func tellsTheDifference(t *testing.T, keeps string, bare git, remote gitrepo.Remote) {
	if keeps == "packs" {
		bare.run("config", "transfer.unpackLimit", "1")
	}
	r := mirror(t, remote)
	before, root := listed(t, nil, "one")
	if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, root, before); err != nil {
		t.Fatal(err)
	}
	after, id := listed(t, []schema.Hash{root}, "another")
	if err := r.Push(t.Context(), ledgerRef, root, id, nearTo(after, before)); err != nil {
		t.Fatal(err)
	}
	if !r.SendsThin() {
		t.Error("the difference was refused")
	}
	if bare.id(ledgerRef) != id {
		t.Error("the push did not arrive")
	}
	sound(t, bare, after)
	sound(t, git{t, r.Dir()}, after)
	if _, data, err := r.Object(t.Context(), after[2].ID); err != nil || !bytes.Equal(data, after[2].Data) {
		t.Errorf("the mirror does not have what was pushed: %v", err)
	}
}

// counted serves a repository and tells how large the last push was. answer may answer one in git's place.
func counted(t *testing.T, bare git, answer func(w http.ResponseWriter, r *http.Request, git http.Handler)) (url string, last *atomic.Int64) {
	bare.run("config", "http.receivepack", "true")
	last = &atomic.Int64{}
	return front(t, bare, func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "git-receive-pack") {
				last.Store(r.ContentLength)
			}
			answer(w, r, git)
		})
	}), last
}

func asGit(w http.ResponseWriter, r *http.Request, git http.Handler) { git.ServeHTTP(w, r) }

// saysNoThin answers as a server that takes no thin packs.
func saysNoThin(w http.ResponseWriter, r *http.Request, git http.Handler) {
	said := httptest.NewRecorder()
	git.ServeHTTP(said, r)
	w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
	w.WriteHeader(said.Code)
	_, _ = w.Write(bytes.Replace(said.Body.Bytes(), []byte(" delete-refs "), []byte(" no-thin a=b "), 1))
}

// TestWhatAPushRestsOn: a difference is a few bytes. Where the remote does not have what it is to, or takes none, or says nothing that
// can be understood, all is sent.
func TestWhatAPushRestsOn(t *testing.T) {
	lost, _ := commitObjects(t, "not at the remote", nil)
	for _, c := range []struct {
		name   string
		near   func(before []schema.Object) []schema.Object // what the list is said to be near to
		answer func(w http.ResponseWriter, r *http.Request, git http.Handler)
		whole  bool // what arrives
		thin   bool // also from then on
	}{
		{"the remote has it", func(b []schema.Object) []schema.Object { return b }, asGit, false, true},
		{"the remote lacks it", func(b []schema.Object) []schema.Object {
			other := schema.NewObject(schema.BlobObject, append([]byte("x"), b[2].Data[1:]...))
			return []schema.Object{b[0], b[1], other}
		}, asGit, true, false},
		{"the remote takes none", func(b []schema.Object) []schema.Object { return b }, saysNoThin, true, true},
		{"it is another kind of object", func(b []schema.Object) []schema.Object { return []schema.Object{b[0], b[1], b[0]} }, asGit, true, true},
		{"it is not what its id says", func(b []schema.Object) []schema.Object {
			lie := b[2]
			lie.Data = append(bytes.Clone(lie.Data), 'x')
			return []schema.Object{b[0], b[1], lie}
		}, asGit, true, true},
		{"it has little in common", func([]schema.Object) []schema.Object { return lost }, asGit, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, bare := published(t)
			url, last := counted(t, bare, c.answer)
			r := mirror(t, gitrepo.Remote{URL: url})
			before, root := listed(t, nil, "one")
			if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, root, before); err != nil {
				t.Fatal(err)
			}
			first := last.Load()
			after, id := listed(t, []schema.Hash{root}, "another")
			if err := r.Push(t.Context(), ledgerRef, root, id, nearTo(after, c.near(before))); err != nil {
				t.Fatal(err)
			}
			if whole := last.Load() > first/2; whole != c.whole {
				t.Errorf("%d bytes came after %d: whole is %t, want %t", last.Load(), first, whole, c.whole)
			}
			if r.SendsThin() != c.thin {
				t.Errorf("what comes is sent thin: %t, want %t", r.SendsThin(), c.thin)
			}
			sound(t, bare, after)
			sound(t, git{t, r.Dir()}, after)
		})
	}
}

// TestAPushThatEndsInSilenceIsWholeTheNextTime: a server that falls over a difference must not keep the ledger from going on.
func TestAPushThatEndsInSilenceIsWholeTheNextTime(t *testing.T) {
	_, bare := published(t)
	url, _ := counted(t, bare, func(w http.ResponseWriter, r *http.Request, git http.Handler) {
		if r.Method == http.MethodPost && r.ContentLength < 50_000 {
			panic(http.ErrAbortHandler)
		}
		git.ServeHTTP(w, r)
	})
	r := mirror(t, gitrepo.Remote{URL: url})
	before, root := listed(t, nil, "one")
	if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, root, before); err != nil {
		t.Fatal(err)
	}
	after, id := listed(t, []schema.Hash{root}, "another")
	if err := r.Push(t.Context(), ledgerRef, root, id, nearTo(after, before)); !errors.Is(err, gitrepo.ErrUnknownOutcome) {
		t.Fatalf("got %v, want ErrUnknownOutcome", err)
	}
	if err := r.Push(t.Context(), ledgerRef, root, id, after); err != nil {
		t.Fatal(err)
	}
	sound(t, bare, after)
}

// TestARefusalOfAHookIsToldWhenADifferenceIsPushed: it is refused twice, and moves nothing.
func TestARefusalOfAHookIsToldWhenADifferenceIsPushed(t *testing.T) {
	overBoth(t, func(t *testing.T, _, bare git, remote gitrepo.Remote) {
		r := mirror(t, remote)
		before, root := listed(t, nil, "one")
		if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, root, before); err != nil {
			t.Fatal(err)
		}
		writeProgram(t, bare.dir+"/hooks/pre-receive", "#!/bin/sh\necho 'protected branches' >&2\nexit 1\n")
		after, id := listed(t, []schema.Hash{root}, "another")
		err := r.Push(t.Context(), ledgerRef, root, id, nearTo(after, before))
		if !errors.Is(err, gitrepo.ErrRefused) || !strings.Contains(err.Error(), "protected branches") {
			t.Errorf("got %v, want ErrRefused with the hook's words", err)
		}
		if bare.id(ledgerRef) != root || !r.SendsThin() {
			t.Error("the refusal moved the ref, or is taken for one of the difference")
		}
	})
}
