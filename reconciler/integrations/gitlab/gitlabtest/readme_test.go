package gitlabtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesWhatThereIs: each row of the list of what is faithful names tests and switches that exist.
func TestReadmeNamesWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(b)
	}
	_, list, _ := strings.Cut(string(text), "## Where it is faithful")
	list, _, _ = strings.Cut(list, "## Where it is not")
	rows := 0
	for line := range strings.Lines(list) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(cells[0], " ---") || strings.TrimSpace(cells[0]) == "Subject" {
			continue
		}
		rows++
		tests := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(cells[3], -1)
		if len(tests) == 0 {
			t.Errorf("%s: no test is named", cells[0])
		}
		for _, m := range tests {
			if !strings.Contains(code.String(), "func "+m[1]+"(t *testing.T)") {
				t.Errorf("%s: there is no %s", cells[0], m[1])
			}
		}
		for _, m := range regexp.MustCompile("`(?:[A-Za-z]+\\.)?([A-Za-z0-9]+)`").FindAllStringSubmatch(cells[2], -1) {
			if !regexp.MustCompile(`(?m)^\s*(func \(s \*Server\) )?` + m[1] + `\b`).MatchString(code.String()) {
				t.Errorf("%s: there is no switch %s", cells[0], m[1])
			}
		}
	}
	if rows < 25 {
		t.Errorf("found %d rows: the table is not read", rows)
	}
}
