//go:build unix

package gitrepo_test

import (
	"os/signal"
	"syscall"
)

// ignoreFileSizeSignal turns the signal of a file over its limit into an error of write, as a full disk is.
func ignoreFileSizeSignal() { signal.Ignore(syscall.SIGXFSZ) }
