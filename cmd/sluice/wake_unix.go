//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// listenSignals takes SIGUSR1 and SIGHUP from now on until the process is gone: one that comes while it starts or while it ends
// must not kill it in the middle of a write.
func listenSignals() calls {
	c := calls{wake: make(chan os.Signal, 1), reload: make(chan os.Signal, 1)}
	signal.Notify(c.wake, syscall.SIGUSR1)
	signal.Notify(c.reload, syscall.SIGHUP)
	return c
}
