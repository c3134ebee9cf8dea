package schema

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFormatPageAndDecoderAgree collects the fields of the tables in FORMAT.md by heading, and those that the decoder knows.
func TestFormatPageAndDecoderAgree(t *testing.T) {
	page, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	heading := ""
	row := regexp.MustCompile("^\\| `([^`]+)` \\|")
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			heading = strings.TrimSpace(name)
		}
		if m := row.FindStringSubmatch(line); m != nil {
			if documented[heading+": "+m[1]] {
				t.Errorf("FORMAT.md lists %s twice in %s", m[1], heading)
			}
			documented[heading+": "+m[1]] = true
		}
	}
	known := map[string]bool{}
	for _, s := range shapes {
		names := s.fields()
		if s.open != "" {
			names = append(names, s.open)
		}
		for _, name := range names {
			known[s.file+": "+join(s.path, name)] = true
		}
	}
	for _, policy := range PolicyNames {
		known["Policies: "+policy] = true
	}
	for _, field := range []string{"files", "files.PATH.base64", "files.PATH.mode", "values", "values.PATH"} {
		known["Document: "+field] = true
	}
	for _, field := range []string{"project", "principal", "key", "version"} {
		known["keys/ID/NAME.proof: "+field] = true
	}
	for _, kind := range requestKinds() {
		known["Kinds of requests: "+kind] = true
		for _, field := range RequestFields(kind) {
			known["Requests: "+field] = true
		}
	}
	for field := range known {
		if !documented[field] {
			t.Errorf("FORMAT.md does not document %s", field)
		}
	}
	for field := range documented {
		if !known[field] {
			t.Errorf("FORMAT.md documents %s, which nothing reads", field)
		}
	}
}

func requestKinds() []string {
	kinds := []string{KindApprove}
	for _, rule := range requestRules {
		kinds = append(kinds, rule.Kind)
	}
	return kinds
}

// TestFormatPageListsTheFieldsOfEachRequest compares the order too: it is part of the format.
func TestFormatPageListsTheFieldsOfEachRequest(t *testing.T) {
	page, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range requestKinds() {
		m := regexp.MustCompile("(?m)^\\| `" + kind + "` \\| `([^`]+)` \\|").FindStringSubmatch(string(page))
		if want := strings.Join(RequestFields(kind), " "); m == nil || m[1] != want {
			t.Errorf("%s: the page has %q, want %q", kind, m, want)
		}
	}
}

// TestFormatPageExamplesLoad reads the example of each file that has one.
func TestFormatPageExamplesLoad(t *testing.T) {
	page, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) != 4 {
		t.Fatalf("got %d examples, want sluice.yaml, gates, tests and reconciler.yaml", len(examples))
	}
	if _, ds := LoadProject(ProjectFile, []byte(examples[0][1])); len(ds) > 0 {
		t.Error(ds)
	}
	indented := "    " + strings.ReplaceAll(examples[1][1], "\n", "\n    ")
	if _, ds := LoadProject(ProjectFile, []byte("version: 1\nstages:\n  - name: dev\n  - name: prod\n"+strings.TrimRight(indented, " "))); len(ds) > 0 {
		t.Error(ds)
	}
	if _, ds := LoadPolicyCases("tests/production.yaml", []byte(examples[2][1])); len(ds) > 0 {
		t.Error(ds)
	}
	whole := strings.Replace(examples[3][1], "sha256:…", string(DigestOf(nil)), 1)
	if _, ds := LoadOperator(OperatorFile, []byte(whole)); len(ds) > 0 {
		t.Error(ds)
	}
}

// TestShapesAreWhole: a shape that somebody forgot to fill in would refuse every field, and one listed twice hides a slip.
func TestShapesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for id, s := range shapes {
		if s.file == "" || len(s.fields()) == 0 {
			t.Errorf("shape %d is empty", id)
		}
		if seen[s.file+s.path] {
			t.Errorf("two shapes for %s in %s", s.path, s.file)
		}
		seen[s.file+s.path] = true
		sorted := slices.Clone(s.fields())
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != len(s.fields()) {
			t.Errorf("%s in %s lists a field twice", s.path, s.file)
		}
	}
}
