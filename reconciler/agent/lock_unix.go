//go:build unix && !solaris && !illumos && !aix

package agent

import (
	"errors"
	"os"
	"syscall"
)

// lockDir keeps other agents out of a directory until the file is closed, or its process ends.
func lockDir(root *os.Root) (*os.File, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("another agent writes there now"), f.Close())
	}
	return f, nil
}
