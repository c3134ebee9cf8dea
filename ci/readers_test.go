package ci_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadersExample runs the commands on the page of the programs that read configuration, in their own module, and wants
// what the page says they print.
func TestReadersExample(t *testing.T) {
	folder := filepath.Join(root, "examples", "readers")
	download := exec.CommandContext(t.Context(), "go", "mod", "download")
	download.Dir = folder
	if out, err := download.CombinedOutput(); err != nil && os.Getenv("SLUICE_REAL") != "required" {
		t.Skipf("SKIPPED, NOT CHECKED: the modules of examples/readers are not here: %s", out)
	}
	page := string(read(t, "examples/readers/README.md"))
	var script, want strings.Builder
	for _, block := range regexp.MustCompile("(?s)\n```sh\n(.*?)```\n").FindAllStringSubmatch(page, -1) {
		script.WriteString(block[1])
	}
	for _, line := range regexp.MustCompile(`(?m)^    (.+)$`).FindAllStringSubmatch(page, -1) {
		want.WriteString(line[1] + "\n")
	}
	sh := exec.CommandContext(t.Context(), "sh", "-eu")
	sh.Dir, sh.Stdin = folder, strings.NewReader(script.String())
	sh.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	out, err := sh.CombinedOutput()
	got := regexp.MustCompile(`(?m)^exit status \d+\n`).ReplaceAllString(string(out), "")
	if err != nil || got != want.String() {
		t.Errorf("the commands of examples/readers print\n%s\nwant\n%s%v", got, want.String(), err)
	}
}
