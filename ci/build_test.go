package ci_test

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// TestBuiltBinaries makes both binaries as a user does and holds each to what the manual says of it. Linking takes a
// while, so it is one of the end-to-end tests: make e2e.
func TestBuiltBinaries(t *testing.T) {
	if os.Getenv("SLUICE_E2E") == "" {
		t.Skip("SKIPPED, NOT CHECKED: end-to-end test; run it with: make e2e")
	}
	bin := t.TempDir()
	makeTarget(t, "build", "build-static", "BIN="+bin, "VERSION=v1.2.3-test")

	for _, row := range []struct {
		name        string
		interpreter bool // needs the C library's loader to start
		kind        elf.Type
	}{
		{"sluice", true, elf.ET_DYN},
		{"sluice-static", false, elf.ET_EXEC},
	} {
		t.Run(row.name, func(t *testing.T) {
			binary := filepath.Join(bin, row.name)
			out, err := exec.Command(binary, "version").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "v1.2.3-test") {
				t.Errorf("version: got %q, %v, want it to name v1.2.3-test", out, err)
			}
			if runtime.GOOS == "linux" {
				checkELF(t, binary, row.kind, row.interpreter)
				startInEmptyRoot(t, binary, !row.interpreter)
			}
		})
	}
}

// TestBuildRefusesCgo: whoever has cgo switched on is told, instead of getting another binary than he asked for.
func TestBuildRefusesCgo(t *testing.T) {
	program := real.Binary(t, "make")
	for _, target := range []string{"build", "build-static"} {
		cmd := exec.Command(program, "-C", root, target, "BIN="+t.TempDir())
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		out, err := cmd.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("sluice is built without cgo")) {
			t.Errorf("CGO_ENABLED=1 make %s: got %q, %v, want it refused", target, out, err)
		}
	}
}

// TestNoCgoCheck: the check of the built binary finds one that was built with cgo, or by other means than go build.
func TestNoCgoCheck(t *testing.T) {
	if out, err := exec.Command("./no-cgo.sh", "/bin/sh").CombinedOutput(); err == nil {
		t.Errorf("a program that Go did not build passes: %s", out)
	}
	program := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(program, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		cgo  string
		want bool
	}{{"0", true}, {"1", false}} {
		binary := filepath.Join(t.TempDir(), "program")
		build := exec.Command("go", "build", "-o", binary, program)
		build.Env = append(os.Environ(), "CGO_ENABLED="+row.cgo)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if out, err := exec.Command("./no-cgo.sh", binary).CombinedOutput(); (err == nil) != row.want {
			t.Errorf("CGO_ENABLED=%s: got %v %s, want it to pass: %v", row.cgo, err, out, row.want)
		}
	}
}

func makeTarget(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(real.Binary(t, "make"), append([]string{"-C", root}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func checkELF(t *testing.T, binary string, kind elf.Type, interpreter bool) {
	t.Helper()
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Type != kind {
		t.Errorf("kind of file: got %v, want %v", file.Type, kind)
	}
	found := false
	for _, p := range file.Progs {
		found = found || p.Type == elf.PT_INTERP
	}
	if found != interpreter {
		t.Errorf("names an interpreter: got %v, want %v", found, interpreter)
	}
}

// startInEmptyRoot runs the binary where there is nothing but itself, as in an image made from scratch.
func startInEmptyRoot(t *testing.T, binary string, want bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Log("NOT CHECKED: starting in an empty root needs root")
		return
	}
	empty := t.TempDir()
	copyProgram(t, binary, filepath.Join(empty, "sluice"))
	cmd := exec.Command("/sluice", "version")
	cmd.Dir = "/"
	cmd.SysProcAttr = inRoot(empty)
	out, err := cmd.CombinedOutput()
	if started := err == nil; started != want {
		t.Errorf("starts in an empty root: got %v (%v %s), want %v", started, err, out, want)
	}
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	syscall.ForkLock.RLock() // who is started meanwhile would keep the copy open to write, and then it does not run
	defer syscall.ForkLock.RUnlock()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
