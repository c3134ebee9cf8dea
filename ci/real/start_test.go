//go:build linux

package real_test

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
)

// TestStart: the program and what it has started are gone when the test is over.
func TestStart(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := bufio.NewReader(r)
	t.Run("a test that starts a shell that starts a program", func(t *testing.T) {
		cmd := exec.Command("sh", "-c", "sleep 600 & echo started; wait")
		cmd.Stdout = w
		real.Start(t, cmd)
		if _, err := out.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	})
	w.Close()
	// The end of the pipe is reached when nobody is left who could write to it.
	if err := r.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if text, err := out.ReadString('\n'); text != "" || err.Error() != "EOF" {
		t.Errorf("got %q, %v, want the end: a process outlived the test that started it", text, err)
	}
}
