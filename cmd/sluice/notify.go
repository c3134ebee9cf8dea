package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// notifier tells the service manager (systemd's sd_notify) how the process is. Where none asks it says nothing.
type notifier struct {
	socket string
	every  time.Duration // between signs of life; 0: none are asked for
}

// newNotifier reads what the service manager asks for from the environment.
func newNotifier(environ func(string) string) notifier {
	n := notifier{socket: environ("NOTIFY_SOCKET")}
	if micros, err := strconv.ParseInt(environ("WATCHDOG_USEC"), 10, 64); err == nil && micros > 0 {
		if pid := environ("WATCHDOG_PID"); pid == "" || pid == strconv.Itoa(os.Getpid()) {
			n.every = time.Duration(micros) * time.Microsecond / 2
		}
	}
	return n
}

// say sends a state. That nobody listens is no reason to stop working.
func (n notifier) say(state string) error {
	if n.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil { // its queue may be full
		return fmt.Errorf("tell the service manager: %w", err)
	}
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// watching is what is said once everything runs.
const watching = "READY=1\nSTATUS=watching"

// tellsAgain is how long a service manager that asks for no signs of life waits for a word that was lost.
const tellsAgain = 10 * time.Second

// watch says that the process is ready, then that it lives for as long as alive says so, and when ctx ends that it is stopping. A word
// may be lost, so that the process works is said again; of an outage the first error is told.
func (n notifier) watch(ctx context.Context, alive func() bool, tell func(error)) {
	lost := false
	say := func(state string) bool {
		err := n.say(state)
		if err != nil && !lost {
			tell(err)
		}
		lost = err != nil
		return !lost
	}
	tick := time.NewTicker(cmp.Or(n.every, tellsAgain))
	defer tick.Stop()
	for ready := say(watching); ; {
		select {
		case <-ctx.Done():
			say("STOPPING=1")
			return
		case <-tick.C:
			switch {
			case !ready:
				ready = say(watching)
			case n.every > 0 && alive(): // otherwise the manager starts it again
				say("WATCHDOG=1")
			}
		}
	}
}
