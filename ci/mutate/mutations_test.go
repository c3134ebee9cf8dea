package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutationsFit finds what make mutate would find after minutes: guards that moved, names given twice, tests that are called
// otherwise by now.
func TestMutationsFit(t *testing.T) {
	names, unknown := map[string]bool{}, maps.Clone(racy)
	for _, m := range mutations {
		if names[m.name] {
			t.Errorf("%q is there twice", m.name)
		}
		names[m.name] = true
		source, err := os.ReadFile(filepath.Join("..", "..", m.file))
		if err != nil {
			t.Errorf("%q: %v", m.name, err)
			continue
		}
		if n := strings.Count(string(source), m.old); n != 1 || m.old == m.new {
			t.Errorf("%q: %d times in %s, want once, and changed:\n%s", m.name, n, m.file, m.old)
		}
		delete(unknown, m.name)
		tests, _, _ := strings.Cut(m.tests, "/")
		for test := range strings.SplitSeq(tests, "|") {
			if !declares(t, m.pkg, test) {
				t.Errorf("%q: no test of %s is called %s", m.name, m.pkg, test)
			}
		}
	}
	for name := range inBrowser {
		if !names[name] {
			t.Errorf("%q needs a browser, and there is no such mutation", name)
		}
	}
	for name := range unknown {
		t.Errorf("%q is tried again, and there is no such mutation", name)
	}
}

// TestSharesAreAllOfThem puts the shares together again.
func TestSharesAreAllOfThem(t *testing.T) {
	tried := map[string]int{}
	for _, share := range []string{"1/3", "2/3", "3/3"} {
		some, err := part(mutations, share)
		if err != nil {
			t.Fatal(err)
		}
		if most := len(mutations)/3 + 1; len(some) > most {
			t.Errorf("share %s has %d of %d", share, len(some), len(mutations))
		}
		for _, m := range some {
			tried[m.name]++
		}
	}
	for _, m := range mutations {
		if tried[m.name] != 1 {
			t.Errorf("%q is tried %d times", m.name, tried[m.name])
		}
	}
	for _, share := range []string{"", "0/3", "4/3", "1", "a/b", "1/0"} {
		if some, err := part(mutations, share); err == nil {
			t.Errorf("%q is taken for a share of %d", share, len(some))
		}
	}
}

// declares reports whether a package has a test of the name.
func declares(t *testing.T, pkg, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "\nfunc "+test+"(") {
			return true
		}
	}
	return false
}
