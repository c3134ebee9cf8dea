// Command mutate takes guards away, one at a time on a copy of the project, and wants the tests that hold them to turn red.
//
//	go run ./ci/mutate [PATTERN]
//
// PATTERN is a regular expression for the names of the mutations to try. It ends with 1 if a mutation stays green, does
// not apply or does not compile, or if the tests are red without it: then it proves nothing.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	pattern := "."
	if len(os.Args) > 1 {
		pattern = os.Args[1]
	}
	bad, err := run(pattern)
	if err != nil {
		fmt.Fprintf(os.Stderr, "mutate: %v\n", err)
		os.Exit(2)
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "mutate: %d guards are not held\n", bad)
		os.Exit(1)
	}
}

func run(pattern string) (bad int, err error) {
	want, err := regexp.Compile(pattern)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "sluice-mutate-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := copyProject(dir); err != nil {
		return 0, fmt.Errorf("copy the project: %w", err)
	}
	var chosen []mutation
	for _, m := range mutations {
		if want.MatchString(m.name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return 0, fmt.Errorf("no mutation is called like %q", pattern)
	}
	if err := greenBefore(dir, chosen); err != nil {
		return 0, err
	}
	for _, m := range chosen {
		result := m.try(dir)
		if result != red {
			bad++
		}
		fmt.Printf("%-7s %-24s %s\n", result, m.pkg, m.name)
	}
	fmt.Printf("%d of %d mutations are red\n", len(chosen)-bad, len(chosen))
	return bad, nil
}

// copyProject copies the files that git knows or would take, so that nothing is ever changed in the work tree.
func copyProject(dir string) error {
	out, err := exec.Command("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// greenBefore runs the named tests of each package once without a mutation: what is red anyway shows nothing.
func greenBefore(dir string, chosen []mutation) error {
	type run struct{ pkg, test string } // rows of one test are played together
	names, order := map[run]string{}, []run{}
	for _, m := range chosen {
		test, row, rows := strings.Cut(m.tests, "/")
		if !rows {
			test, row = "", m.tests
		}
		r := run{m.pkg, test}
		if names[r] == "" {
			order = append(order, r)
			names[r] = row
			continue
		}
		names[r] += "|" + row
	}
	for _, r := range order {
		tests := names[r]
		if r.test != "" {
			tests = r.test + "/" + tests
		}
		if out, err := goTest(dir, r.pkg, tests); err != nil {
			return fmt.Errorf("%s is red without a mutation: %w\n%s", r.pkg, err, out)
		}
	}
	return nil
}

// pattern is what go test calls the tests: names joined by |, or rows of one test.
func pattern(tests string) string {
	test, rows, ok := strings.Cut(tests, "/")
	if !ok {
		return "^(" + tests + ")$"
	}
	return "^" + test + "$/^(" + rows + ")$"
}

func goTest(dir, pkg, tests string) ([]byte, error) {
	cmd := exec.Command("go", "test", "-count=1", "-failfast", "-vet=off", "-timeout", "5m", "-run", pattern(tests), "./"+pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd.CombinedOutput()
}

// What became of a mutation.
const (
	red      = "red"
	green    = "GREEN"
	unfit    = "UNFIT"    // the text is not there exactly once
	uncooked = "NOBUILD"  // it does not compile
	broken   = "NOCHANGE" // the file could not be written
)

// try applies the mutation, runs its tests and takes it back.
func (m mutation) try(dir string) string {
	path := filepath.Join(dir, m.file)
	before, err := os.ReadFile(path)
	if err != nil || bytes.Count(before, []byte(m.old)) != 1 {
		return unfit
	}
	if err := os.WriteFile(path, bytes.Replace(before, []byte(m.old), []byte(m.new), 1), 0o644); err != nil {
		return broken
	}
	out, testErr := goTest(dir, m.pkg, m.tests)
	if err := os.WriteFile(path, before, 0o644); err != nil {
		return broken
	}
	switch {
	case testErr == nil, bytes.Contains(out, []byte("no tests to run")):
		return green
	case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")):
		return uncooked
	}
	return red
}
