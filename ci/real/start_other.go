//go:build !linux

package real

import "os/exec"

func bind(*exec.Cmd) {}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
