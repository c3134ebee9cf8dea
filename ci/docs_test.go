package ci_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A command is what `sluice commands -o json` (hidden) says of each visible command of the binary, the root included
// for the global flags: its full path ("sluice audit verify"), its flags without the inherited ones, and whether it
// does something itself or only holds others.
type command struct {
	Path     string `json:"path"`
	Runnable bool   `json:"runnable"`
	Flags    []flag `json:"flags"`
}

type flag struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
}

// manual is the page with a section per command; README.md is the overview that lists them.
const (
	overview = "README.md"
	manual   = "cmd/sluice/README.md"
)

// TestManualNamesEveryCommandAndFlag asks the binary what it has and the pages what they say.
func TestManualNamesEveryCommandAndFlag(t *testing.T) {
	commands := commandsOf(t)
	pages := map[string]string{overview: string(read(t, overview)), manual: string(read(t, manual))}
	for _, problem := range undocumented(commands, pages) {
		t.Error(problem)
	}
	for _, problem := range invented(commands, pages) {
		t.Error(problem)
	}
}

// commandsOf builds the binary and asks it.
func commandsOf(t *testing.T) []command {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, "cmd", "sluice", "main.go")); err != nil {
		t.Skipf("SKIPPED, NOT CHECKED: there is no binary to ask yet: %v", err)
	}
	binary := filepath.Join(t.TempDir(), "sluice")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "./cmd/sluice")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the binary: %v\n%s", err, out)
	}
	out, err := exec.Command(binary, "commands", "-o", "json").Output()
	if err != nil {
		t.Fatalf("sluice commands -o json: %v", err)
	}
	var answer struct{ Commands []command }
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("sluice commands -o json: %v\n%s", err, out)
	}
	if len(answer.Commands) == 0 {
		t.Fatal("sluice commands -o json names no command: the check would check nothing")
	}
	return answer.Commands
}

// undocumented lists what the binary has and the pages lack, with the line to add.
func undocumented(commands []command, pages map[string]string) []string {
	var problems []string
	for _, c := range commands {
		text, found := section(pages[manual], c.Path)
		if !found {
			problems = append(problems, fmt.Sprintf("%s: no section for a command; add: ## %s", manual, c.Path))
			continue
		}
		if c.Runnable && !strings.Contains(pages[overview], "`"+c.Path) {
			problems = append(problems, fmt.Sprintf("%s: does not name `%s` in its table of commands", overview, c.Path))
		}
		for _, f := range c.Flags {
			if !regexp.MustCompile("--" + regexp.QuoteMeta(f.Name) + "(?:[^a-z0-9-]|$)").MatchString(text) {
				problems = append(problems, fmt.Sprintf("%s: section %s lacks a flag; add: | `--%s` | %s |", manual, c.Path, f.Name, f.Usage))
			}
		}
	}
	return problems
}

// invented lists the commands that a page names and the binary does not have.
func invented(commands []command, pages map[string]string) []string {
	var problems []string
	named := regexp.MustCompile("(?m)(?:`|^ {4}|^\\$ )sluice ([a-z][a-z-]*)")
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		for _, found := range named.FindAllStringSubmatch(pages[page], -1) {
			path := "sluice " + found[1]
			if found[1] != "help" && !slices.ContainsFunc(commands, func(c command) bool { return c.Path == path }) {
				problems = append(problems, fmt.Sprintf("%s: names `%s`, which the binary does not have", page, path))
			}
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// section is the text below the heading that is exactly the command's path, up to the next heading.
func section(page, path string) (string, bool) {
	_, rest, found := strings.Cut("\n"+page, "\n## "+path+"\n")
	text, _, _ := strings.Cut(rest, "\n## ")
	return text, found
}

// TestManualCheckFinds shows that the check of the manual can fail, in each of the ways it is there for.
func TestManualCheckFinds(t *testing.T) {
	commands := []command{{Path: "sluice", Flags: []flag{{"color", "when to colour"}}}, {Path: "sluice why", Runnable: true, Flags: []flag{{"watch", "repeat"}}}}
	const list, rootSection, whySection = "`sluice why APP`", "## sluice\n`--color`\n", "## sluice why\n`-w`, `--watch`\n"
	for _, row := range []struct {
		sentence, overview, manual string
		want                       []string
	}{
		{"all is named", list, rootSection + whySection, nil},
		{"a command without a section", list, rootSection, []string{"no section for a command; add: ## sluice why"}},
		{"a command missing in the overview", "", rootSection + whySection, []string{"does not name `sluice why`"}},
		{"a flag missing", list, rootSection + "## sluice why\n", []string{"| `--watch` | repeat |"}},
		{"a flag named in another section only", list, rootSection + "`--watch`\n## sluice why\n", []string{"| `--watch` | repeat |"}},
		{"a flag that only begins alike", list, rootSection + "## sluice why\n`--watch-all`\n", []string{"| `--watch` | repeat |"}},
		{"a command that is no more", list + " `sluice tree`", rootSection + whySection, []string{"names `sluice tree`"}},
		{"a command that is no more, in a code block", list + "\n\n    sluice tree\n", rootSection + whySection, []string{"names `sluice tree`"}},
	} {
		pages := map[string]string{overview: row.overview, manual: row.manual}
		got := append(undocumented(commands, pages), invented(commands, pages)...)
		if len(got) != len(row.want) || (len(got) == 1 && !strings.Contains(got[0], row.want[0])) {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}
