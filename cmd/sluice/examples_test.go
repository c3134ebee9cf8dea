package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// elsewhere are the pages whose commands another test runs.
var elsewhere = map[string]string{"readers": "ci: TestReadersExample"}

// said is what the commands of a page print, among other things.
var said = map[string][]string{
	"first": {"All 5 cells as intended.", "no difference", "proven: "},
	"agent": {"app.yaml -> ..data/app.yaml", "reader-rejected", "listens at pay.example.com:8080"},
}

// TestExamples runs the commands of each example's page, as a reader would paste them.
func TestExamples(t *testing.T) {
	pages, err := filepath.Glob("../../examples/*/README.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no example has a page: %v", err)
	}
	for _, page := range pages {
		if elsewhere[filepath.Base(filepath.Dir(page))] != "" {
			continue
		}
		t.Run(filepath.Base(filepath.Dir(page)), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			var script strings.Builder
			for _, block := range regexp.MustCompile("(?s)\n```sh\n(.*?)```\n").FindAllSubmatch(text, -1) {
				script.Write(block[1])
			}
			if script.Len() == 0 {
				t.Fatalf("%s has no ```sh block", page)
			}
			folder, err := filepath.Abs(filepath.Dir(page))
			if err != nil {
				t.Fatal(err)
			}
			home := t.TempDir()
			sh := exec.CommandContext(t.Context(), "sh", "-eux")
			sh.Dir, sh.Stdin = t.TempDir(), strings.NewReader(script.String())
			sh.Env = append(os.Environ(), "FIRST="+folder, "EXAMPLE="+folder, "HOME="+home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(home, ".gitconfig"))
			out, err := sh.CombinedOutput()
			if err != nil {
				t.Fatalf("the commands of %s do not work: %v\n%s", page, err, out)
			}
			for _, want := range said[filepath.Base(folder)] {
				if !strings.Contains(string(out), want) {
					t.Errorf("the commands of %s do not print %q:\n%s", page, want, out)
				}
			}
		})
	}
}
