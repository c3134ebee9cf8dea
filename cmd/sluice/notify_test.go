package main

import (
	"context"
	"net"
	"path/filepath"
	"testing"
)

// TestTheServiceManagerIsTold: ready, alive for as long as the loop runs, and stopping.
func TestTheServiceManagerIsTold(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	next := func() string {
		t.Helper()
		var buffer [256]byte
		n, err := conn.Read(buffer[:])
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
	environment := map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "2000"}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	looks := make(chan bool, 1)
	looks <- true
	go func() {
		ended <- newNotifier(func(name string) string { return environment[name] }).watch(ctx, func() bool {
			select {
			case alive := <-looks:
				return alive
			default:
				return false // the loop hangs from here on
			}
		})
	}()
	if got := next(); got != "READY=1\nSTATUS=watching" {
		t.Errorf("at first: %q", got)
	}
	if got := next(); got != "WATCHDOG=1" {
		t.Errorf("then: %q", got)
	}
	cancel()
	if got := next(); got != "STOPPING=1" {
		t.Errorf("a loop that hangs is called alive, or the end is not told: %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	quiet, stop := context.WithCancel(t.Context())
	stop()
	if err := (notifier{}).watch(quiet, nil); err != nil {
		t.Errorf("where nobody asks: %v", err)
	}
}
