package gitrepo_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

const ledgerRef = "refs/heads/sluice/ledger"

func TestOfTwoPushersOneWins(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		objs, root := commitObjects(t, "root", nil)
		if err := mirror(t, remote).Push(t.Context(), ledgerRef, schema.Hash{}, root, objs); err != nil {
			t.Fatal(err)
		}
		const pushers = 6
		var wins, losses atomic.Int64
		var group sync.WaitGroup
		for i := range pushers {
			r := mirror(t, remote)
			group.Go(func() {
				objs, id := commitObjects(t, "by "+string(rune('a'+i)), []schema.Hash{root})
				err := r.Push(t.Context(), ledgerRef, root, id, objs)
				switch {
				case err == nil:
					wins.Add(1)
				case errors.Is(err, gitrepo.ErrMoved):
					losses.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if wins.Load() != 1 || losses.Load() != pushers-1 {
			t.Errorf("%d won and %d lost, want 1 and %d", wins.Load(), losses.Load(), pushers-1)
		}
	})
}

func TestPushRefusedByAHookSaysWhy(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		work.commit("base", map[string]string{"a": "1"})
		work.push("main")
		hook := filepath.Join(bare.dir, "hooks", "pre-receive")
		if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
			t.Fatal(err)
		}
		writeProgram(t, hook, "#!/bin/sh\necho 'You are not allowed to push to protected branches' >&2\nexit 1\n")
		r := mirror(t, remote)
		objs, id := commitObjects(t, "x", nil)
		err := r.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs)
		if !errors.Is(err, gitrepo.ErrRefused) || !strings.Contains(err.Error(), "protected branches") {
			t.Errorf("got %v, want ErrRefused with the hook's words", err)
		}
		if at, err := r.RemoteRef(t.Context(), ledgerRef); err != nil || !at.IsZero() {
			t.Errorf("remote ref: got %s, %v", at, err)
		}
		if refs, _ := r.Refs(t.Context()); !refs[ledgerRef].IsZero() {
			t.Error("the mirror has the ref that was refused")
		}
	})
}

func TestPushThatLacksObjectsIsRefused(t *testing.T) {
	work, bare := published(t)
	r := mirror(t, gitrepo.Remote{URL: serve(t, bare)})
	objs, id := commitObjects(t, "x", nil)
	if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs[:1]); !errors.Is(err, gitrepo.ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
	objs[0].Data = append(objs[0].Data, "tampered"...)
	if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs); !errors.Is(err, gitrepo.ErrMismatch) {
		t.Errorf("object that is not its id: got %v, want ErrMismatch", err)
	}
	_ = work
}

func TestPushIntoAnEmptyRepository(t *testing.T) {
	overBoth(t, func(t *testing.T, work, bare git, remote gitrepo.Remote) {
		r := mirror(t, remote)
		if at, err := r.RemoteRef(t.Context(), ledgerRef); err != nil || !at.IsZero() {
			t.Errorf("remote ref of an empty repository: got %s, %v", at, err)
		}
		objs, id := commitObjects(t, "x", nil)
		if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs); err != nil {
			t.Fatal(err)
		}
		if bare.id(ledgerRef) != id {
			t.Error("the push did not arrive")
		}
	})
}

func TestPushWhoseAnswerIsLostHasAnUnknownOutcome(t *testing.T) {
	_, bare := published(t)
	var lose atomic.Bool
	url := front(t, bare, func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if lose.Load() && r.Method == http.MethodPost {
				w = &cutter{w, 10}
			}
			git.ServeHTTP(w, r)
		})
	})
	r := mirror(t, gitrepo.Remote{URL: url})
	fetch(t, r)
	lose.Store(true)
	objs, id := commitObjects(t, "x", nil)
	if err := r.Push(t.Context(), ledgerRef, schema.Hash{}, id, objs); !errors.Is(err, gitrepo.ErrUnknownOutcome) {
		t.Errorf("got %v, want ErrUnknownOutcome", err)
	}
	if at, err := r.RemoteRef(t.Context(), ledgerRef); err != nil || at != id {
		t.Errorf("reading again: got %s, %v, want %s: the push had arrived", at, err, id)
	}
}

func TestPushRefusesNamesThatAreNoRefs(t *testing.T) {
	_, bare := published(t)
	r := mirror(t, gitrepo.Remote{URL: bare.dir})
	objs, id := commitObjects(t, "x", nil)
	for _, ref := range []string{"main", "refs/heads/../../config", "refs/heads/HEAD", "refs/heads/a b", ""} {
		if err := r.Push(t.Context(), ref, schema.Hash{}, id, objs); !errors.Is(err, gitrepo.ErrUsage) {
			t.Errorf("%q: got %v, want ErrUsage", ref, err)
		}
	}
}

// writeProgram writes a script that is about to be run. No process may start meanwhile: it would inherit the open file,
// and the kernel runs no file that somebody has open to write ("text file busy").
func writeProgram(t testing.TB, path, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(script), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
}
