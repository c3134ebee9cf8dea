//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package file

import (
	"context"
	"errors"
	"os"
	"path"
	"syscall"
	"time"
)

// nonblock keeps opening a pipe, which somebody may have put in a file's place, from waiting for its writer.
const nonblock = syscall.O_NONBLOCK

func lockable() error { return nil }

// lock waits for the cell's turn. The lock belongs to the open file, so that it ends with the process.
func lock(ctx context.Context, cell *os.Root) (unlock func(), err error) {
	name := path.Join(ownDir, "lock")
	for {
		f, err := cell.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && isAt(cell, name, f) {
			return func() { _ = f.Close() }, nil
		}
		_ = f.Close()
		if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// isAt reports whether the locked file is still the one that others would lock.
func isAt(cell *os.Root, name string, f *os.File) bool {
	there, err := cell.Lstat(name)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(there, here)
}
