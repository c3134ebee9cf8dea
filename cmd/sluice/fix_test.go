package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestTidy(t *testing.T) {
	for _, row := range []struct {
		sentence, file, was, is string
		mended                  []string
	}{
		{"what is tidy stays", "a.yaml", "a: 1\n", "a: 1\n", nil},
		{"an empty file stays", "a.yaml", "", "", nil},
		{"Windows line ends", "a.yaml", "a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n", []string{mendBreaks}},
		{"blanks after values, keys and comments", "a.yaml", "a: 1  \nb: \n  c: 2\t\n# x \n", "a: 1\nb:\n  c: 2\n# x\n", []string{mendSpaces}},
		{"blanks in a text of several lines mean something", "a.yaml", "t: |\n  x  \n  y\nb: 1 \n", "t: |\n  x  \n  y\nb: 1\n", []string{mendSpaces}},
		{"a text that ends without a newline would get one", "a.yaml", "t: |\n  x", "t: |\n  x", nil},
		{"no newline at the end", "a.json", `{"a":1}`, "{\"a\":1}\n", []string{mendLast}},
		{"a byte order mark", "a.yaml", "\ufeffa: 1\n", "a: 1\n", []string{mendMark}},
		{"a byte order mark and Windows line ends in JSON", "a.json", "\ufeff{\r\n  \"a\": 1\r\n}\r\n", "{\n  \"a\": 1\n}\n", []string{mendMark, mendBreaks}},
		{"a byte order mark before what is no JSON", "a.json", "\ufeff{", "\ufeff{", nil},
		{"tabs that indent", "a.yaml", "a:\n\tb:\n\t\tc: 1\n", "a:\n  b:\n    c: 1\n", []string{mendTabs}},
		{"tabs and blanks that indent are for people", "a.yaml", "a:\n  b:\n\tc: 1\n", "a:\n  b:\n\tc: 1\n", nil},
		{"tabs in a text whose indentation is of it", "a.yaml", "a: |\n\tx\n\t\ty\n", "a: |\n\tx\n\t\ty\n", nil},
		{"a file that cannot be read", "a.yaml", "a: [ \n", "a: [ \n", nil},
		{"a key that is there twice is for people", "a.yaml", "a: 1 \na: 2\n", "a: 1 \na: 2\n", nil},
		{"a number that parsers read differently", "a.yaml", "a: 010 \n", "a: 010 \n", nil},
		{"a file of another kind", "a.properties", "a=1 ", "a=1 ", nil},
		{"all at once", "a.yaml", "a: 1 \r\nb: 2", "a: 1\nb: 2\n", []string{mendBreaks, mendSpaces, mendLast}},
	} {
		is, done := tidy(row.file, []byte(row.was))
		if string(is) != row.is || !slices.Equal(done, row.mended) {
			t.Errorf("%s: got %q %q, want %q %q", row.sentence, is, done, row.is, row.mended)
		}
	}
}

// FuzzTidy: whatever a file holds, the values stay, the lines stay the lines that they are, and a second time mends nothing.
func FuzzTidy(f *testing.F) {
	for _, seed := range []string{"a: 1 \r\nb: |\n  x  \n", "\ufeffa:\n\tb: 1", "a: \"x  \n  y \"\n", "- >-\n  a \n\n  b  \n", "{\"a\": \"b \"}  "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		for _, file := range []string{"a.yaml", "a.json"} {
			before, ok := valuesOf(file, []byte(text))
			is, done := tidy(file, []byte(text))
			after, _ := valuesOf(file, is)
			if ok && !maps.Equal(before, after) {
				t.Fatalf("%q holds %v, %q holds %v", text, before, is, after)
			}
			if !ok && !slices.Contains(done, mendTabs) && !slices.Contains(done, mendMark) && string(is) != text {
				t.Fatalf("%q cannot be read and became %q", text, is)
			}
			if strings.Count(text, "\n") > strings.Count(string(is), "\n") {
				t.Fatalf("%q lost a line: %q", text, is)
			}
		}
	})
}
