package ci_test

import "syscall"

func inRoot(folder string) *syscall.SysProcAttr { return &syscall.SysProcAttr{Chroot: folder} }
