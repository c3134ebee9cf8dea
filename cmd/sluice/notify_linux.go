package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// reloading says that the configuration is read again, and since when by the clock of the service manager, which Go keeps to itself:
// Type=notify-reload takes a READY=1 for the end of this reload only after that.
func reloading() string {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
		return "RELOADING=1"
	}
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", at.Nano()/1000)
}
