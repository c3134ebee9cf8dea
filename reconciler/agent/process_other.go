//go:build !unix

package agent

import (
	"fmt"
	"os"
	"os/exec"
)

// Signals are those that are handed on to a child process.
func Signals() []os.Signal { return []os.Signal{os.Interrupt} }

// ParseSignal reads a name like KILL.
func ParseSignal(name string) (os.Signal, error) {
	switch name {
	case "KILL", "SIGKILL", "TERM", "SIGTERM": // there is no other here
		return os.Kill, nil
	}
	return nil, fmt.Errorf("signal %q: want KILL", name)
}

func apart(*exec.Cmd) {}

func killAll(p *os.Process) error { return p.Kill() }

func exitCode(state *os.ProcessState) int { return state.ExitCode() }
