package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
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
	ended, told := make(chan bool), make(chan error, 1000)
	looks := make(chan bool, 1)
	looks <- true
	go func() {
		defer close(ended)
		newNotifier(func(name string) string { return environment[name] }).watch(ctx, func() bool {
			select {
			case alive := <-looks:
				return alive
			default:
				return false // the loop hangs from here on
			}
		}, func(err error) { told <- err })
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
	<-ended
	if len(told) > 0 {
		t.Error(<-told)
	}
	quiet, stop := context.WithCancel(t.Context())
	stop()
	(notifier{}).watch(quiet, nil, func(err error) { t.Errorf("where nobody asks: %v", err) })
}

// TestAWordThatIsLostIsNotTheLast: the service manager's socket goes away and comes back. The process goes on to say that it lives,
// and warns once an outage.
func TestAWordThatIsLostIsNotTheLast(t *testing.T) {
	dir := t.TempDir()
	socket, away := filepath.Join(dir, "notify"), filepath.Join(dir, "away")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	await := func(want string) {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		var buffer [256]byte
		for {
			n, err := conn.Read(buffer[:])
			if err != nil {
				t.Fatalf("%q was not said: %v", want, err)
			}
			if string(buffer[:n]) == want {
				return
			}
		}
	}
	move(socket, away)
	environment := map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "2000"}
	ctx, cancel := context.WithCancel(t.Context())
	ended, told, asked := make(chan bool), make(chan error, 1000), make(chan bool)
	go func() {
		defer close(ended)
		newNotifier(func(name string) string { return environment[name] }).watch(ctx, func() bool {
			select {
			case <-asked:
			default:
			}
			return true
		}, func(err error) { told <- err })
	}()
	<-told // READY=1 is lost
	move(away, socket)
	await("READY=1\nSTATUS=watching")
	await("WATCHDOG=1")
	move(socket, away)
	<-told
	for range 3 { // words that are lost too
		asked <- true
	}
	move(away, socket)
	await("WATCHDOG=1")
	cancel()
	await("STOPPING=1")
	<-ended
	if len(told) > 0 {
		t.Errorf("of two outages told %d times more: %v", len(told), <-told)
	}
}
