package ci_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEndToEndTestsAreCalled holds the Makefile's pattern to the tests that ask for SLUICE_E2E: one that it does not call would
// be skipped everywhere.
func TestEndToEndTestsAreCalled(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^FARTHER = (\S+)$`).FindSubmatch(makefile)
	if m == nil {
		t.Fatal("the Makefile has no FARTHER")
	}
	called := regexp.MustCompile(string(m[1]))
	asks := []byte(`Getenv("SLUICE_E2E")`)
	tests := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	found := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "farther_test.go" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, asks) {
			return err
		}
		found++
		for _, name := range tests.FindAllSubmatch(data, -1) {
			if called.Match(name[1]) {
				return nil
			}
		}
		t.Errorf("%s asks for SLUICE_E2E, and make e2e calls none of its tests (%s)", path, called)
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d files ask for it, %v", found, err)
	}
}
