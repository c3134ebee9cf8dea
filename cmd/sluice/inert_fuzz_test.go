package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/schema"
)

// FuzzTextOfOthersIsInert puts a text wherever others can write one, and reads logs, errors and the reports of check as their
// readers do. Pages and what status and why print are the target of that name in reconciler/status, notes that in reconciler/note.
func FuzzTextOfOthersIsInert(f *testing.F) {
	for _, text := range []string{
		hostile, inRef, "x\n{\"level\":\"INFO\"}\n", "</code>@all", "\n/approve\n", "a | b\n|---|", "<!-- x -->", "]]>", "\xff\xfe", "\u00ad\u034f\U000e0041", "=1+1", "\"\\", "%s%n", "", " ", strings.Repeat("ж", 10_000),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		logsInert(t, text)
		errorsInert(t, text)
		reportsInert(t, text)
	})
}

// logsInert: a line of ours stays one line, and says of the text what it is.
func logsInert(t *testing.T, text string) {
	t.Helper()
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		a := &app{errs: &b, environ: func(string) string { return "" }}
		a.logger(format).With("project", text).Error("refused", "error", errors.New(text), "ref", text, "missing", []string{text})
		inert(t, "log as "+format, strings.ReplaceAll(b.String(), "\ufffd", ""))
		if strings.Count(b.String(), "\n") != 1 {
			t.Errorf("log as %s: %q makes more than a line:\n%s", format, text, &b)
		}
		var line struct{ Level, Msg, Ref string }
		if format != "json" {
			continue
		}
		if err := json.Unmarshal(b.Bytes(), &line); err != nil || line.Level != "ERROR" || utf8.ValidString(text) && line.Ref != text {
			t.Errorf("%q is logged as %s (%v)", text, &b, err)
		}
	}
}

func errorsInert(t *testing.T, text string) {
	t.Helper()
	errs := []error{
		errors.New(text), &failure{code: exitUsage, err: errors.New(text), hint: text},
		schema.Diagnostics{{Code: "bad-value", Message: text, Hint: text, Source: text, Position: schema.Position{File: text, Line: 1, Column: 1}}},
	}
	for _, output := range []string{"text", "json"} {
		for _, err := range errs {
			var b bytes.Buffer
			a := &app{errs: &b, output: output, color: "never", environ: os.Getenv}
			a.printError(nil, err)
			inert(t, "error as "+output, strings.ReplaceAll(b.String(), "\ufffd", ""))
			for line := range bytes.Lines(b.Bytes()) {
				if output == "json" && !json.Valid(line) {
					t.Errorf("%q makes an error that is no JSON: %s", text, line)
				}
			}
		}
	}
}

// codeSpans are where text of others may stand in Markdown: only letters, digits and entities are in them.
var codeSpans = regexp.MustCompile(`<code>(?:[ A-Za-z0-9.,-]|&#[0-9]+;|[^\x00-\x7f])*</code>`)

func reportsInert(t *testing.T, text string) {
	t.Helper()
	bad, good := foundWith(text), foundWith("plain")
	markdown := bad.markdown()
	inert(t, "check as markdown", strings.ReplaceAll(markdown, "\ufffd", ""))
	if got, want := codeSpans.ReplaceAllString(markdown, "C"), codeSpans.ReplaceAllString(good.markdown(), "C"); text != "" && got != want {
		t.Errorf("%q makes other Markdown than harmless text:\n%s\nwant\n%s", text, got, want)
	}
	for _, kind := range knownReports() {
		data, err := kind.write(bad, os.Getenv)
		if err != nil {
			t.Errorf("%q makes no report %s: %v", text, kind.name, err)
			continue
		}
		inert(t, "report "+kind.name, strings.ReplaceAll(string(data), "\ufffd", ""))
		switch kind.name {
		case "junit":
			for d := xml.NewDecoder(bytes.NewReader(data)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Errorf("%q makes a report %s that is no XML: %v\n%s", text, kind.name, err, data)
					break
				}
			}
		case "dotenv":
			want, err := kind.write(good, os.Getenv)
			if err != nil || !slices.Equal(names(data), names(want)) {
				t.Errorf("%q sets other variables than harmless text:\n%s", text, data)
			}
		case "rdjson", "codequality", "annotations", "sarif":
			if !json.Valid(data) {
				t.Errorf("%q makes a report %s that is no JSON:\n%s", text, kind.name, data)
			}
		}
	}
}

// names are those of the variables that a dotenv file sets.
func names(data []byte) (out []string) {
	for line := range strings.Lines(string(data)) {
		name, _, _ := strings.Cut(line, "=")
		out = append(out, name)
	}
	return out
}

// foundWith is what check found, with a text wherever others can write one.
func foundWith(text string) *checked {
	answers := []checkedAnswer{{Policy: "approvals", Outcome: "hold", Code: "approvals-missing", Text: text, By: text}}
	return &checked{
		Target: text, Source: text, Notes: []string{text},
		Control: &checkedControl{Changed: []string{text, text}, Answers: answers},
		Cells: []checkedCell{{
			Stage: "gray", App: schema.App(text), Path: text, Kind: "edit", Source: text, From: text, To: text, Answers: answers,
			Edits: []diff.Edit{{Op: "replace", File: text, Key: text, From: text, To: text}, {Op: "add", File: text, Key: text, To: text}},
		}},
		Findings: []checkFinding{{Position: schema.Position{File: text, Line: 3, Column: 7}, Severity: "error", Code: "bad-value", Policy: "limits", Cell: text, Message: text, Fix: text}},
	}
}
