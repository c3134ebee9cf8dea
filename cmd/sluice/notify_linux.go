package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

// clockMonotonic is CLOCK_MONOTONIC of clock_gettime(2), which Go keeps to itself.
const clockMonotonic = 1

// reloading says that the configuration is read again, and since when by the clock of the service manager: Type=notify-reload takes a
// READY=1 for the end of this reload only after that.
func reloading() string {
	var at syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&at)), 0); errno != 0 {
		return "RELOADING=1"
	}
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", at.Nano()/1000)
}
