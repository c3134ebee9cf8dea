//go:build !unix

package main

import "context"

// wakeUp does nothing where there is no such signal: the next poll comes by itself.
func wakeUp(context.Context, []chan struct{}) {}

// hangups waits until ctx ends: there is no such signal here.
func hangups() func(ctx context.Context, do func()) {
	return func(ctx context.Context, _ func()) { <-ctx.Done() }
}
