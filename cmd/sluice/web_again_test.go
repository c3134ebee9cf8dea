//go:build unix

package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestThePageAloneOutlivesASignal: SIGHUP ended it. It says in a line what becomes of its settings, and goes on.
func TestThePageAloneOutlivesASignal(t *testing.T) {
	dir := t.TempDir()
	bare, file := filepath.Join(dir, "config.git"), filepath.Join(dir, "web.yaml")
	if out, err := exec.Command("git", "init", "-q", "--bare", bare).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	settings := func(interval string) {
		text := "state_dir: " + filepath.Join(dir, "state") + "\npoll: {interval: " + interval + "}\nprojects:\n  - repository: " + bare + "\n    anchor: sha256:" + strings.Repeat("0", 64) + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings("1m")
	ctx, cancel := context.WithCancel(t.Context())
	log, errs := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		a := &app{in: strings.NewReader(""), out: io.Discard, errs: errs, environ: os.Getenv}
		ended <- a.main(ctx, []string{"web", "--config", file, "--listen", "127.0.0.1:0"})
		errs.Close()
	}()
	lines := bufio.NewScanner(log)
	await := func(want string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("it never said %q", want)
	}
	hup := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	await("address=")
	hup()
	await("there is nothing to take over: the settings are as they were")
	settings("2m")
	hup()
	await("the settings changed, and web takes them over at a start alone")
	if err := os.WriteFile(file, []byte("projects: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hup()
	await("the settings cannot be taken over; what was in force goes on")
	go func() { _, _ = io.Copy(io.Discard, log) }()
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("it ends with %d", code)
	}
}
