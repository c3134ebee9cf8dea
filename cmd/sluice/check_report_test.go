package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// manyFindings is a result with what reports have to bear: two findings that differ in their line alone, one without a line,
// one that was there before, text that means something to XML, shells and terminals, and a stage that cannot be one.
func manyFindings() *checked {
	c := &checked{
		Target: "main", Base: schema.Hash{1}, Head: schema.Hash{2}, Signed: schema.Hash{3},
		Cells: []checkedCell{
			{Stage: "staging", App: "payments", Path: "stages/staging/payments", Kind: schema.Promote, Answers: []checkedAnswer{
				{Policy: "signed", Outcome: "allow"}, {Policy: "approvals", Outcome: notJudged, By: "the approvers"},
			}, Edits: []diff.Edit{{Op: "add", File: "a", Key: "k", To: "1"}}},
			{Stage: "prod\nSLUICE_VERDICT=clean", App: "payments", Path: "x"},
		},
	}
	for _, f := range []checkFinding{
		{Position: schema.Position{File: "stages/staging/payments/a b#.yaml", Line: 9, Column: 2}, Code: "schema", Key: "/a", Message: "50 exceeds 20"},
		{Position: schema.Position{File: "stages/staging/payments/a b#.yaml", Line: 3, Column: 2}, Code: "schema", Key: "/a", Message: "60 exceeds 20"},
		{Position: schema.Position{File: "./stages/staging/payments"}, Code: "unsigned", Message: "\x1b[2J<![CDATA[ ]]> & @all"},
		{Position: schema.Position{File: "old.yaml", Line: 1}, Code: "no-app", Message: "stray", Before: true},
	} {
		c.add(f)
	}
	return c.sorted()
}

func jobEnv(name string) string {
	return map[string]string{"CI_PROJECT_URL": "https://user:secret@git.example.com/acme/config"}[name]
}

func written(t *testing.T, kind string, c *checked) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), kind)
	reports, err := parseReports([]string{kind + "=" + file})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeReports(reports, c, jobEnv); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// contractSchema compiles a schema of GitLab's or reviewdog's, which are not part of the project.
func contractSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	dir := os.Getenv("SLUICE_CONTRACTS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	file := filepath.Join(dir, "gitlab-contract", "schemas", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("SKIPPED, NOT CHECKED: the schemas of reports are not there; set SLUICE_CONTRACTS to the folder that holds gitlab-contract: %v", err)
	}
	s, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReportsSatisfyTheSchemasOfTheirReaders(t *testing.T) {
	for _, row := range []struct {
		kind, schema string
		list         bool // each element is to satisfy it
	}{
		{"codequality", "ci/codeclimate.json", true},
		{"rdjson", "rdf/DiagnosticResult.json", false},
		{"sarif", "sarif/sarif-schema-2.1.0.json", false},
	} {
		t.Run(row.kind, func(t *testing.T) {
			s := contractSchema(t, row.schema)
			for _, c := range []*checked{manyFindings(), (&checked{}).sorted()} {
				value, err := jsonschema.UnmarshalJSON(bytes.NewReader(written(t, row.kind, c)))
				if err != nil {
					t.Fatal(err)
				}
				values := []any{value}
				if list, ok := value.([]any); ok == row.list && ok {
					values = list
				} else if ok != row.list {
					t.Fatalf("got %T at the top", value)
				}
				for _, v := range values {
					if err := s.Validate(v); err != nil {
						t.Error(err)
					}
				}
			}
			if s.Validate(map[string]any{"description": 1, "diagnostics": "x", "runs": "x"}) == nil {
				t.Error("the schema checks nothing")
			}
		})
	}
}

func TestCodeQuality(t *testing.T) {
	var got, moved []cqFinding
	if err := json.Unmarshal(written(t, "codequality", manyFindings()), &got); err != nil {
		t.Fatal(err)
	}
	c := manyFindings()
	for i := range c.Findings {
		c.Findings[i].Line += 7
	}
	if err := json.Unmarshal(written(t, "codequality", c), &moved); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, f := range got {
		if seen[f.Fingerprint] {
			t.Errorf("%s: GitLab shows one of two findings with the same fingerprint", f.Description)
		}
		seen[f.Fingerprint] = true
		if f.Fingerprint != moved[i].Fingerprint {
			t.Errorf("%s: another fingerprint, when only its line moved", f.Description)
		}
		if strings.HasPrefix(f.Location.Path, "./") || f.Location.Lines.Begin < 1 {
			t.Errorf("%s: GitLab cannot place %+v", f.Description, f.Location)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d findings, want 4: GitLab compares with the report of the target, so what was there before is in it", len(got))
	}
	if clean := written(t, "codequality", (&checked{}).sorted()); string(clean) != "[]\n" {
		t.Errorf("a clean report is %q, want an empty list", clean)
	}
}

func TestJUnit(t *testing.T) {
	data := written(t, "junit", manyFindings())
	var got junitSuites
	if err := xml.Unmarshal(data, &got); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	names := map[string]bool{}
	for _, c := range got.Suite.Cases {
		if names[c.Class+"\x00"+c.Name] {
			t.Errorf("two tests are called %s %s: GitLab counts the first alone", c.Class, c.Name)
		}
		names[c.Class+"\x00"+c.Name] = true
	}
	if s := got.Suite; s.Tests != len(s.Cases) || s.Tests != 6 || s.Failures != 3 || s.Skipped != 2 {
		t.Errorf("tests %d, failures %d, skipped %d; want 6, 3, 2", s.Tests, s.Failures, s.Skipped)
	}
	if bytes.ContainsRune(data, 0x1b) {
		t.Error("a terminal sequence got through")
	}
}

func TestDotenvHoldsWordsAlone(t *testing.T) {
	lines := strings.Split(strings.TrimRight(string(written(t, "dotenv", manyFindings())), "\n"), "\n")
	values := map[string]string{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789,:-") != "" {
			t.Errorf("%q is no plain word", line)
		}
		if _, twice := values[name]; twice {
			t.Errorf("%s stands there twice", name)
		}
		values[name] = value
	}
	if values["SLUICE_VERDICT"] != "findings" || values["SLUICE_FINDINGS"] != "3" || values["SLUICE_STAGES"] != "staging" {
		t.Errorf("got %v", values)
	}
}

func TestDotenvIsNoLargerThanGitLabTakes(t *testing.T) {
	c := &checked{}
	for i := range 100 {
		c.Cells = append(c.Cells, checkedCell{Stage: schema.StageName(fmt.Sprintf("%s-%d", strings.Repeat("a", 56), i))})
	}
	if out, err := dotenv(c.sorted(), jobEnv); err == nil || len(out) > 0 {
		t.Errorf("%d bytes with %v: GitLab fails the job for it, and does not say why", len(out), err)
	}
}

func TestAnnotationsLinkToTheLine(t *testing.T) {
	var got map[string][]jobAnnotation
	if err := json.Unmarshal(written(t, "annotations", manyFindings()), &got); err != nil {
		t.Fatal(err)
	}
	links := got["sluice"]
	if len(links) != 3 {
		t.Fatalf("%d links, want one for each finding that decides: 3", len(links))
	}
	want := "https://git.example.com/acme/config/-/blob/" + schema.Hash{3}.String() + "/stages/staging/payments/a%20b%23.yaml#L3"
	if links[1].Link.URL != want {
		t.Errorf("got  %s\nwant %s", links[1].Link.URL, want)
	}
}

func TestSARIF(t *testing.T) {
	var got struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID, Level, BaselineState string
				Locations                    []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(written(t, "sarif", manyFindings()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "2.1.0" || len(got.Runs) != 1 || len(got.Runs[0].Results) != 4 || len(got.Runs[0].Tool.Driver.Rules) != 3 {
		t.Fatalf("got %+v", got)
	}
	rules := map[string]bool{}
	for _, r := range got.Runs[0].Tool.Driver.Rules {
		rules[r.ID] = true
	}
	for _, r := range got.Runs[0].Results {
		if !rules[r.RuleID] {
			t.Errorf("%s is no rule of the run", r.RuleID)
		}
		if (r.BaselineState == "unchanged") != (r.RuleID == "no-app") {
			t.Errorf("%s: state %s", r.RuleID, r.BaselineState)
		}
	}
	if r := got.Runs[0].Results[2].Locations[0].PhysicalLocation; r.ArtifactLocation.URI != "stages/staging/payments/a%20b%23.yaml" || r.Region.StartLine != 3 {
		t.Errorf("got %+v", r)
	}
}
