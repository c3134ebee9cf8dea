//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// TestSignalsAreObeyedFromTheStartAndNeverKill sends them to this process: before anything listens, while it runs, and after its end.
func TestSignalsAreObeyedFromTheStartAndNeverKill(t *testing.T) {
	told := listenSignals()
	t.Cleanup(func() { signal.Stop(told.wake); signal.Stop(told.reload) })
	kill := func(s syscall.Signal) {
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			t.Fatal(err)
		}
	}
	f := &fleet{wakes: []chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}}
	reloads := make(chan struct{}, 1)
	await := func(sentence string, done <-chan struct{}) {
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: it was not", sentence)
		}
	}
	kill(syscall.SIGHUP)
	kill(syscall.SIGUSR1)
	ctx, end := context.WithCancel(t.Context())
	f.obey(ctx, told, func() { wake(reloads) })
	for _, when := range []string{"before it listened", "while it runs"} {
		await("the file is read, told "+when, reloads)
		await("the first project is woken, told "+when, f.wakes[0])
		await("the second project is woken, told "+when, f.wakes[1])
		kill(syscall.SIGHUP)
		kill(syscall.SIGUSR1)
	}
	end()
	f.loops.Wait()
	kill(syscall.SIGHUP)
	kill(syscall.SIGUSR1)
	onEach(ctx, told.reload, func() { t.Error("the file is read after the end") })
	onEach(ctx, told.wake, func() { t.Error("a project is woken after the end") })
}
