// Command mutate takes guards away, one at a time on a copy of the project, and wants the tests that hold them to turn red.
//
//	go run ./ci/mutate [-share K/N] [PATTERN]
//
// PATTERN is a regular expression for the names of the mutations to try; of these, -share 2/3 tries the second third, every third one
// from the second on. It ends with 1 if a mutation stays green, does
// not apply or does not compile, or if the tests are red without it: then it proves nothing.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

func main() {
	share := flag.String("share", "1/1", "try part `K/N` of the mutations")
	flag.Parse()
	pattern := "."
	if flag.NArg() > 0 {
		pattern = flag.Arg(0)
	}
	bad, err := run(pattern, *share)
	if err != nil {
		fmt.Fprintf(os.Stderr, "mutate: %v\n", err)
		os.Exit(2)
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "mutate: %d guards are not held\n", bad)
		os.Exit(1)
	}
}

// part picks every n-th from the k-th on, as "k/n" says.
func part(all []mutation, share string) (out []mutation, err error) {
	first, of, ok := strings.Cut(share, "/")
	k, errK := strconv.Atoi(first)
	n, errN := strconv.Atoi(of)
	if !ok || errK != nil || errN != nil || k < 1 || k > n {
		return nil, fmt.Errorf("%q is no share: want K/N, with K from 1 to N", share)
	}
	for i := k - 1; i < len(all); i += n {
		out = append(out, all[i])
	}
	return out, nil
}

func run(pattern, share string) (bad int, err error) {
	want, err := regexp.Compile(pattern)
	if err != nil {
		return 0, err
	}
	top, err := os.MkdirTemp("", "sluice-mutate-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(top)) }()
	var chosen []mutation
	for _, m := range mutations {
		switch {
		case !want.MatchString(m.name):
		case inBrowser[m.name] && os.Getenv("SLUICE_E2E") == "":
			fmt.Printf("left out %-32s %s: it needs a browser, and SLUICE_E2E=1\n", m.pkg, m.name)
		default:
			chosen = append(chosen, m)
		}
	}
	if chosen, err = part(chosen, share); err != nil {
		return 0, err
	}
	if len(chosen) == 0 {
		return 0, fmt.Errorf("no mutation is called like %q", pattern)
	}
	dirs := make([]string, min(runtime.NumCPU(), len(chosen)))
	for i := range dirs {
		dirs[i] = filepath.Join(top, strconv.Itoa(i))
		if err := copyProject(dirs[i]); err != nil {
			return 0, fmt.Errorf("copy the project: %w", err)
		}
	}
	if err := greenBefore(dirs[0], chosen); err != nil {
		return 0, err
	}
	held := tryAll(dirs, chosen)
	fmt.Printf("%d of %d mutations are red\n", len(chosen)-len(held), len(chosen))
	for _, line := range held { // again, where they are found
		fmt.Println(line)
	}
	return len(held), nil
}

// tryAll tries mutations on several copies at once, one at a time on each, and returns the lines of those that are not red.
func tryAll(dirs []string, chosen []mutation) (bad []string) {
	var mu sync.Mutex // guards bad and the order of the lines
	var wg sync.WaitGroup
	next := make(chan mutation)
	for _, dir := range dirs {
		wg.Go(func() {
			for m := range next {
				result := m.try(dir)
				mu.Lock()
				line := fmt.Sprintf("%-8s %-32s %s", result, m.pkg, m.name)
				if result != red {
					bad = append(bad, line)
				}
				fmt.Println(line)
				mu.Unlock()
			}
		})
	}
	for _, m := range chosen {
		next <- m
	}
	close(next)
	wg.Wait()
	return bad
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

// goTest trims paths so that what was compiled for one copy serves the others.
func goTest(dir, pkg, tests string) ([]byte, error) {
	cmd := exec.Command("go", "test", "-count=1", "-failfast", "-vet=off", "-trimpath", "-timeout", "5m", "-run", pattern(tests), "./"+pkg)
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
	for tries := 1; testErr == nil && tries < racy[m.name]; tries++ {
		out, testErr = goTest(dir, m.pkg, m.tests)
	}
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
