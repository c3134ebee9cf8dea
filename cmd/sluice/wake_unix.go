//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// wakeUp hands SIGUSR1 on as "look now", to every project; a signal that comes while one is under way is one with it.
func wakeUp(ctx context.Context, projects []chan struct{}) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				for _, project := range projects {
					wake(project)
				}
			}
		}
	}()
}

// hangups listens for SIGHUP from now on. What it returns calls do for each, one after the other, until ctx ends.
func hangups() func(ctx context.Context, do func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return func(ctx context.Context, do func()) {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				do()
			}
		}
	}
}
