package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

type cqFinding struct {
	Description string     `json:"description"`
	CheckName   string     `json:"check_name"`
	Fingerprint string     `json:"fingerprint"`
	Severity    string     `json:"severity"`
	Location    cqLocation `json:"location"`
}

type cqLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

// codeQuality is GitLab's Code Quality report: all findings, also those that stood there before, because GitLab compares it
// with the report of the target's own pipeline.
func codeQuality(c *checked, _ func(string) string) ([]byte, error) {
	out := []cqFinding{}
	seen := map[string]int{}
	for _, f := range c.Findings {
		q := cqFinding{Description: f.Message, CheckName: string(f.Code), Severity: "major", Location: cqLocation{Path: f.File}}
		q.Location.Lines.Begin = max(f.Line, 1)
		if f.Severity == "warning" {
			q.Severity = "minor"
		}
		mark := f.fingerprint()
		seen[mark]++
		q.Fingerprint = hexOf(fmt.Sprintf("%s|%d", mark, seen[mark]))
		out = append(out, q)
	}
	return indentedJSON(out)
}

var anyNumber = regexp.MustCompile(`[0-9a-f]{7,40}|[0-9]+`)

// fingerprint stays the same when lines move: it has no line, and no number or commit of the message.
func (f checkFinding) fingerprint() string {
	return strings.Join([]string{string(f.Code), f.File, f.Key, f.Cell, anyNumber.ReplaceAllString(f.Message, "#")}, "|")
}

func hexOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

type rdDiagnostic struct {
	Message  string `json:"message"`
	Location struct {
		Path  string   `json:"path"`
		Range *rdRange `json:"range,omitempty"`
	} `json:"location"`
	Severity string            `json:"severity"`
	Code     map[string]string `json:"code"`
}

type rdRange struct {
	Start rdPosition `json:"start"`
}

type rdPosition struct {
	Line   int `json:"line"`
	Column int `json:"column,omitempty"`
}

// rdjson is reviewdog's format.
func rdjson(c *checked, _ func(string) string) ([]byte, error) {
	list := []rdDiagnostic{}
	for _, f := range c.Findings {
		d := rdDiagnostic{Message: f.Message, Severity: strings.ToUpper(f.Severity), Code: map[string]string{"value": string(f.Code)}}
		d.Location.Path = f.File
		if f.Line > 0 {
			d.Location.Range = &rdRange{rdPosition{f.Line, f.Column}}
		}
		list = append(list, d)
	}
	return indentedJSON(map[string]any{"source": map[string]string{"name": "sluice"}, "diagnostics": list})
}

// sarif is SARIF 2.1.0, with what the registry knows of each code as its rule.
func sarif(c *checked, _ func(string) string) ([]byte, error) {
	rules, results := []any{}, []any{}
	known := map[schema.Code]bool{}
	for _, f := range c.Findings {
		if info, ok := schema.Explain(f.Code); ok && !known[f.Code] {
			known[f.Code] = true
			rules = append(rules, map[string]any{
				"id": f.Code, "shortDescription": sarifText(info.Title), "fullDescription": sarifText(info.Cause), "help": sarifText(info.Fix),
			})
		}
		place := map[string]any{"artifactLocation": map[string]string{"uri": uriPath(f.File)}}
		if f.Line > 0 {
			region := map[string]int{"startLine": f.Line}
			if f.Column > 0 {
				region["startColumn"] = f.Column
			}
			place["region"] = region
		}
		state := "new"
		if f.Before {
			state = "unchanged"
		}
		results = append(results, map[string]any{
			"ruleId": f.Code, "level": f.Severity, "message": sarifText(f.Message), "baselineState": state,
			"locations":           []any{map[string]any{"physicalLocation": place}},
			"partialFingerprints": map[string]string{"sluice/v1": hexOf(f.fingerprint())},
		})
	}
	driver := map[string]any{"name": "sluice", "version": version, "rules": rules}
	return indentedJSON(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []any{map[string]any{"tool": map[string]any{"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}},
	})
}

func sarifText(s string) map[string]string { return map[string]string{"text": s} }
