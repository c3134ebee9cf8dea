package main

import (
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
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// watch says that the process is ready, then that it lives for as long as alive says so, and when ctx ends that it is stopping.
func (n notifier) watch(ctx context.Context, alive func() bool) error {
	if err := n.say("READY=1\nSTATUS=watching"); err != nil {
		return err
	}
	if n.every <= 0 {
		<-ctx.Done()
		return n.say("STOPPING=1")
	}
	tick := time.NewTicker(n.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return n.say("STOPPING=1")
		case <-tick.C:
			if !alive() {
				continue // then the manager starts it again
			}
			if err := n.say("WATCHDOG=1"); err != nil {
				return err
			}
		}
	}
}
