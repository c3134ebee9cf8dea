package gitrepo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The names of files that are being written; lock removes those that a crash left.
const (
	tempFile   = "tmp_sluice_"
	tempObject = "tmp_obj_sluice_"
	tempPack   = "tmp_pack_sluice_"
)

// lock makes this process and this call the only one that changes the mirror. The system lets go of it when the
// process ends, however it ends.
func (r *Repo) lock(ctx context.Context) (unlock func(), err error) {
	if err := r.settle(ctx); err != nil {
		return nil, fmt.Errorf("keep in the mirror what came last: %w", err)
	}
	return r.lockFile(ctx)
}

// lockFile is lock for what was put off: it comes in its turn.
func (r *Repo) lockFile(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(r.dir, "sluice.lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock mirror: %w", onDisk(err))
	}
	for {
		ok, err := tryLock(f)
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock mirror: %w", err)
		}
		if ok {
			return func() { _ = f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("lock mirror, another process holds it: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// sweep removes what a crash left half written. The caller holds the lock.
func (r *Repo) sweep() {
	objects := filepath.Join(r.dir, "objects")
	for dir, prefix := range map[string]string{r.dir: tempFile, objects: tempObject, filepath.Join(objects, "pack"): tempPack} {
		files, _ := os.ReadDir(dir) // nothing depends on the sweep
		for _, f := range files {
			if info, err := f.Info(); err == nil && strings.HasPrefix(f.Name(), prefix) && time.Since(info.ModTime()) > time.Hour {
				_ = os.Remove(filepath.Join(dir, f.Name()))
			}
		}
	}
}
