package main

import (
	"context"
	"os"
)

// calls are what a running process is told from outside besides to end. One that comes while another is under way is one with it;
// nil channels never say anything.
type calls struct {
	wake   chan os.Signal // look now, at every project
	reload chan os.Signal // read the operator's file again
}

// onEach calls do for each, one after the other, until ctx ends. What comes after is taken and passed over.
func onEach(ctx context.Context, told <-chan os.Signal, do func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
			if ctx.Err() == nil {
				do()
			}
		}
	}
}
