package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// reportKind is a form of the result that other programs read.
type reportKind struct {
	name  string
	write func(*checked, func(string) string) ([]byte, error)
}

func knownReports() []reportKind {
	return []reportKind{
		{"codequality", codeQuality}, {"junit", junit}, {"dotenv", dotenv}, {"annotations", annotations}, {"rdjson", rdjson}, {"sarif", sarif},
	}
}

func reportKinds() string {
	var names []string
	for _, k := range knownReports() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// checkReport is one that was asked for.
type checkReport struct {
	reportKind
	file string
}

func parseReports(args []string) ([]checkReport, error) {
	var out []checkReport
	for _, arg := range args {
		name, file, ok := strings.Cut(arg, "=")
		n := slices.IndexFunc(knownReports(), func(k reportKind) bool { return k.name == name })
		if !ok || file == "" || n < 0 {
			return nil, usageError(fmt.Errorf("--report %q: want KIND=FILE, KIND being one of %s", arg, reportKinds()))
		}
		out = append(out, checkReport{knownReports()[n], file})
	}
	return out, nil
}

// writeReports writes relative to where the command was started, as the shell of a job names files.
func writeReports(reports []checkReport, c *checked, environ func(string) string) error {
	for _, r := range reports {
		data, err := r.write(c, environ)
		if err != nil {
			return fmt.Errorf("report %s: %w", r.name, err)
		}
		if err := os.WriteFile(filepath.Clean(r.file), data, 0o644); err != nil {
			return &failure{code: exitUsage, err: fmt.Errorf("report %s: write %s: %w", r.name, r.file, reason(err))}
		}
	}
	return nil
}

// indentedJSON escapes what a terminal obeys or nobody sees, as -o json does.
func indentedJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(visible{&b})
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.Bytes(), err
}
