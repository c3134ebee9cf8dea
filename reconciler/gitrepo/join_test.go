package gitrepo_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

func TestManyPacksAreJoinedWhileOthersRead(t *testing.T) {
	work, bare := published(t)
	limits := gitrepo.DefaultLimits()
	limits.Packs = 6
	dir := t.TempDir()
	r := mirrorIn(t, dir, gitrepo.Remote{URL: bare.dir}, gitrepo.WithLimits(limits))
	fetch(t, r)
	other := local(t, dir) // as another process that reads the same mirror
	tips := []schema.Hash{work.id("main")}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for _, reader := range []*gitrepo.Repo{r, other} {
		readers.Go(func() { readUntil(t, reader, tips[0], stop) })
	}
	var ledger schema.Hash
	for i := range 12 {
		tips = append(tips, work.commit(fmt.Sprint(i), map[string]string{"a": noise(2000 + i), "b/c": fmt.Sprint(i)}))
		work.push("main")
		fetch(t, r)
		objs, next := commitObjects(t, fmt.Sprint("entry ", i), parents(ledger))
		if err := r.Push(t.Context(), ledgerRef, ledger, next, objs); err != nil {
			t.Fatal(err)
		}
		ledger = next
		readAll(t, r, tips)
		readAll(t, other, tips)
	}
	close(stop)
	readers.Wait()
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) > limits.Packs {
		t.Errorf("%d packs, want at most %d: %v", len(packs), limits.Packs, err)
	}
	git{t, dir}.run("fsck", "--full", "--strict")
	readAll(t, mirrorIn(t, dir, gitrepo.Remote{URL: bare.dir}), append(tips, ledger))
	if left := leftovers(t, dir); len(left) > 0 {
		t.Errorf("half-written files are left: %v", left)
	}
}

func parents(id schema.Hash) []schema.Hash {
	if id.IsZero() {
		return nil
	}
	return []schema.Hash{id}
}

// readAll reads every file of every commit, from several goroutines.
func readAll(t *testing.T, r *gitrepo.Repo, tips []schema.Hash) {
	t.Helper()
	var group sync.WaitGroup
	for _, tip := range tips {
		group.Go(func() {
			c, err := r.Commit(t.Context(), tip)
			if err != nil {
				t.Error(err)
				return
			}
			m, problems, err := r.Files(t.Context(), c.Tree)
			if err != nil || len(problems) > 0 || len(m) == 0 {
				t.Errorf("%s: %v, %v, %v", tip, m, problems, err)
				return
			}
			for _, f := range m {
				data, err := r.Blob(t.Context(), f.Blob)
				if err != nil || schema.DigestOf(data) != f.Digest {
					t.Errorf("%s: %s: %v", tip, f.Path, err)
				}
			}
		})
	}
	group.Wait()
}

// readUntil reads a commit's files again and again, past every cache.
func readUntil(t *testing.T, r *gitrepo.Repo, tip schema.Hash, stop <-chan struct{}) {
	_, raw, err := r.Object(t.Context(), tip)
	if err != nil {
		t.Error(err)
		return
	}
	for {
		select {
		case <-stop:
			return
		default:
		}
		if _, again, err := r.Object(t.Context(), tip); err != nil || string(again) != string(raw) {
			t.Errorf("while packs are joined: %v", err)
			return
		}
	}
}
