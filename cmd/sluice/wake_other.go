//go:build !unix

package main

import "context"

// wakeUp does nothing where there is no such signal: the next poll comes by itself.
func wakeUp(context.Context, []chan struct{}) {}
