//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package file

import (
	"context"
	"errors"
	"os"
)

const nonblock = 0

var errNoLocks = errors.New("the file target needs a system with flock and symbolic links")

func lockable() error { return errNoLocks }

func lock(context.Context, *os.Root) (func(), error) { return nil, errNoLocks }
