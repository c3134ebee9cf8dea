package main

import (
	"bytes"
	"encoding/json"
	"errors"
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
		if err := writeReport(filepath.Clean(r.file), data); err != nil {
			return &failure{code: exitUsage, err: fmt.Errorf("report %s: write %s: %w", r.name, r.file, reason(err))}
		}
	}
	return nil
}

// writeReport writes no file through a link. A job runs in a checkout of somebody's change, and what lies there under a report's
// name may lead anywhere.
func writeReport(name string, data []byte) error {
	if !filepath.IsLocal(name) {
		return os.WriteFile(name, data, 0o644)
	}
	here, err := os.OpenRoot(".")
	if err != nil {
		return err
	}
	defer here.Close()
	if info, err := here.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return errors.New("there is something by that name that is no plain file")
	}
	return here.WriteFile(name, data, 0o644)
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
