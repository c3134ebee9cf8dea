//go:build !unix

package main

// listenSignals takes none: there are no such signals here, and the next poll comes by itself.
func listenSignals() calls { return calls{} }
