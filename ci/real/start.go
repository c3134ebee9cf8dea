package real

import (
	"os/exec"
	"testing"
)

// Start runs cmd until the test ends, however it ends. The program gets a process group of its own, and on Linux the
// kernel kills it when the test binary dies, so that no server outlives a test that was killed or timed out.
func Start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	bind(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		kill(cmd)
		_ = cmd.Wait() // the error says that it was killed
	})
}
