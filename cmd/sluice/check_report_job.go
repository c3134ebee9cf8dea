package main

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`

	names map[[2]string]int // how often a name was asked for
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
	Skipped *junitSkipped `xml:"skipped"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// junit has a test for each finding and for each answer of a policy, passes included; what is not judged here, or was there
// before, is skipped. GitLab takes the first of equal names alone, so they are numbered.
func junit(c *checked, _ func(string) string) ([]byte, error) {
	s := junitSuite{Name: "sluice", names: map[[2]string]int{}}
	for _, cell := range c.Cells {
		s.answers(cell.Path, cell.Answers)
	}
	if c.Control != nil {
		s.answers("control", c.Control.Answers)
	}
	for _, f := range c.Findings {
		t := junitCase{Class: f.File, Name: strings.TrimSpace(string(f.Code) + " " + f.Key), File: f.File}
		if f.fails() {
			t.Failure = &junitFailure{Message: f.Message, Type: f.Severity, Text: schema.Printable(f.line()) + "\n" + schema.Printable(f.Fix)}
		} else {
			t.Skipped = &junitSkipped{Message: f.line()}
		}
		s.add(t)
	}
	out, err := xml.MarshalIndent(junitSuites{Suite: s}, "", "  ")
	return append([]byte(xml.Header), append(out, '\n')...), err
}

func (s *junitSuite) answers(class string, answers []checkedAnswer) {
	for _, a := range answers {
		t := junitCase{Class: class, Name: "policy " + a.Policy}
		if a.Outcome != "allow" { // what is to be mended is a finding of its own
			t.Skipped = &junitSkipped{Message: a.line()}
		}
		s.add(t)
	}
}

func (s *junitSuite) add(t junitCase) {
	t.Class, t.Name, t.File = schema.Printable(t.Class), schema.Printable(t.Name), schema.Printable(t.File)
	if t.Failure != nil {
		t.Failure.Message = schema.Printable(t.Failure.Message)
	}
	if t.Skipped != nil {
		t.Skipped.Message = schema.Printable(t.Skipped.Message)
	}
	name := [2]string{t.Class, t.Name}
	if s.names[name]++; s.names[name] > 1 {
		t.Name = fmt.Sprintf("%s (%d)", t.Name, s.names[name])
	}
	s.Cases = append(s.Cases, t)
	s.Tests++
	if t.Failure != nil {
		s.Failures++
	}
	if t.Skipped != nil {
		s.Skipped++
	}
}

// largestDotenv is how much of it GitLab takes.
const largestDotenv = 5 << 10

// dotenv is for jobs after this one. Nothing in it is text from people: a name that could be more than a word is left out.
func dotenv(c *checked, _ func(string) string) ([]byte, error) {
	var stages []string
	for _, cell := range c.Cells {
		if name := string(cell.Stage); schema.CheckSegment(name) == nil && !slices.Contains(stages, name) {
			stages = append(stages, name)
		}
	}
	out := fmt.Appendf(nil, "SLUICE_VERDICT=%s\nSLUICE_FINDINGS=%d\nSLUICE_CELLS=%d\nSLUICE_STAGES=%s\nSLUICE_PLAN_DIGEST=%s\nSLUICE_BASE=%s\nSLUICE_HEAD=%s\n",
		c.verdict(), c.failed(), len(c.Cells), strings.Join(stages, ","), c.digest(), c.Base, c.Signed)
	if len(out) > largestDotenv {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("%d bytes, more than the %d that GitLab takes", len(out), largestDotenv), hint: "the change is in too many stages: leave the report out"}
	}
	return out, nil
}

type jobAnnotation struct {
	Link struct {
		Label string `json:"label"`
		URL   string `json:"url"`
	} `json:"external_link"`
}

// mostAnnotations is how many links the job's page gets; the other reports have every finding.
const mostAnnotations = 20

// annotations are links from the job's page to the lines with findings.
func annotations(c *checked, environ func(string) string) ([]byte, error) {
	list := []jobAnnotation{}
	project, err := url.Parse(environ("CI_PROJECT_URL"))
	usable := err == nil && project.Host != "" && (project.Scheme == "https" || project.Scheme == "http")
	for _, f := range c.Findings {
		if !usable || !f.fails() || len(list) == mostAnnotations {
			continue
		}
		link := *project
		link.User, link.RawQuery, link.Fragment = nil, "", ""
		var a jobAnnotation
		a.Link.Label = fmt.Sprintf("%s: %s", schema.Printable(f.Position.String()), f.Code)
		a.Link.URL = fmt.Sprintf("%s/-/blob/%s/%s#L%d", strings.TrimSuffix(link.String(), "/"), c.Signed, uriPath(f.File), max(f.Line, 1))
		list = append(list, a)
	}
	return indentedJSON(map[string]any{"sluice": list})
}

// uriPath is a file's path as a part of a URL.
func uriPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
