//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package etcd

import (
	"os"
	"path/filepath"
)

// lockDir keeps the directory's file open; where there is no flock, etcd's own lock has to do.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "sluice.lock"), os.O_RDWR|os.O_CREATE, 0o600)
}
