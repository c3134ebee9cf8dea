//go:build !linux

package main

// reloading says that the configuration is read again; there is no systemd here that asks for the time.
func reloading() string { return "RELOADING=1" }
