//go:build unix

package agent

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Signals are those that are handed on to a child process.
func Signals() []os.Signal {
	return []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH}
}

// ParseSignal reads a name like HUP or SIGHUP.
func ParseSignal(name string) (os.Signal, error) {
	known := map[string]os.Signal{
		"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "TERM": syscall.SIGTERM,
		"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH, "KILL": syscall.SIGKILL,
	}
	if s, ok := known[strings.TrimPrefix(name, "SIG")]; ok {
		return s, nil
	}
	return nil, fmt.Errorf("signal %q: want one of HUP, INT, QUIT, TERM, USR1, USR2, WINCH, KILL", name)
}

// apart puts a program into a process group of its own, so that all it starts can be ended, and a terminal's Ctrl-C comes
// through us alone. On Linux it also ends with us, however we end.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
}

func killAll(p *os.Process) error {
	err := syscall.Kill(-p.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// exitCode is the code that a shell would say a process ended with.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
