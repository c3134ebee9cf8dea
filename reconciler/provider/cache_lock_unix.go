//go:build unix

package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockFile waits until no other process has the file locked, or the context ends: one that is stopped holds it for ever. The
// lock goes with the process.
func lockFile(ctx context.Context, name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { _ = f.Close() }, nil
		case err != syscall.EINTR && err != syscall.EWOULDBLOCK:
			_ = f.Close()
			return nil, err
		case !sleep(ctx, pause):
			_ = f.Close()
			return nil, fmt.Errorf("%s: another process holds the lock: %w", name, ctx.Err())
		}
	}
}

// openNow opens a file to read it, and does not wait for who would write into a pipe.
func openNow(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// syncDir lets a rename survive a power cut.
func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
