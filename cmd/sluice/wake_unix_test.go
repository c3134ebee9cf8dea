//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func TestASignalWakesEveryProject(t *testing.T) {
	projects := []chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}
	wakeUp(t.Context(), projects)
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	for i, wake := range projects {
		select {
		case <-wake:
		case <-time.After(10 * time.Second):
			t.Errorf("project %d was not woken", i)
		}
	}
}
