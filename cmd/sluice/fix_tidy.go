package main

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// The things that are mended, as people are told.
const (
	mendMark   = "byte order mark"
	mendBreaks = "line ends"
	mendTabs   = "tabs in the indentation"
	mendSpaces = "spaces at the end of lines"
	mendLast   = "newline at the end"
	mendMode   = "executable bit"
)

// tidy returns a YAML or JSON file without what only gets in the way of people and diffs, and what was mended. It never changes what
// a program reads: each step counts only if the file holds the same values after it, and lines stay the lines that they are.
func tidy(name string, data []byte) ([]byte, []string) {
	var mended []string
	step := func(what string, next []byte, ok bool) {
		if ok && !bytes.Equal(next, data) {
			data, mended = next, append(mended, what)
		}
	}
	untabbed, ok := withoutTabs(name, data)
	step(mendTabs, untabbed, ok)
	unmarked, ok := withoutMark(name, data)
	step(mendMark, unmarked, ok)
	before, ok := valuesOf(name, data)
	if !ok {
		return data, mended
	}
	same := func(next []byte) bool {
		after, ok := valuesOf(name, next)
		return ok && maps.Equal(before, after)
	}
	next := bytes.TrimPrefix(data, []byte("\ufeff"))
	step(mendMark, next, same(next))
	next = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	step(mendBreaks, next, same(next))
	step(mendSpaces, withoutSpaces(data, same), true)
	if len(data) > 0 && data[len(data)-1] != '\n' {
		next = append(slices.Clone(data), '\n')
		step(mendLast, next, same(next))
	}
	return data, mended
}

// withoutMark takes the byte order mark from JSON, which has none: there are no values before, and those after are the file's.
func withoutMark(name string, data []byte) ([]byte, bool) {
	next, marked := bytes.CutPrefix(data, []byte("\ufeff"))
	if _, fine := valuesOf(name, data); fine || !marked || path.Ext(name) != ".json" {
		return data, false
	}
	_, ok := valuesOf(name, next)
	return next, ok
}

// mendable reports whether a file's values can be compared before and after.
func mendable(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// valuesOf are the leaves of a file; not ok where it cannot be read, or not in one way only.
func valuesOf(name string, data []byte) (map[string]string, bool) {
	leaves, found := schema.Flatten(name, data)
	if leaves == nil || len(found) > 0 {
		return nil, false
	}
	values := map[string]string{}
	for pointer, leaf := range leaves {
		values[pointer] = leaf.Value
	}
	return values, true
}

// withoutSpaces takes blanks from the ends of those lines where they mean nothing: in a text that goes over several lines they do.
func withoutSpaces(data []byte, same func([]byte) bool) []byte {
	lines := bytes.SplitAfter(data, []byte("\n"))
	var blank []int
	for i, line := range lines {
		if len(trimmed(line)) != len(line) {
			blank = append(blank, i)
		}
	}
	tries := 200 // each reads the file; a file with more such texts is for people
	var mend func([]int)
	mend = func(some []int) {
		if len(some) == 0 || tries == 0 {
			return
		}
		tries--
		next := slices.Clone(lines)
		for _, i := range some {
			next[i] = trimmed(next[i])
		}
		if same(bytes.Join(next, nil)) {
			lines = next
		} else if len(some) > 1 {
			mend(some[:len(some)/2])
			mend(some[len(some)/2:])
		}
	}
	mend(blank)
	return bytes.Join(lines, nil)
}

func trimmed(line []byte) []byte {
	body, end := line, []byte(nil)
	for _, mark := range []string{"\r\n", "\n"} {
		if rest, ok := bytes.CutSuffix(line, []byte(mark)); ok {
			body, end = rest, []byte(mark)
			break
		}
	}
	return append(slices.Clone(bytes.TrimRight(body, " \t")), end...)
}

// withoutTabs writes tabs that indent as two blanks. YAML allows none, so there are no values before: it counts only where nothing but tabs
// indents, and every width that people have for a tab gives the same values.
func withoutTabs(name string, data []byte) ([]byte, bool) {
	if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" || !bytes.Contains(data, []byte("\n\t")) {
		return data, false
	}
	if _, fine := valuesOf(name, data); fine {
		return data, false
	}
	var first []byte
	var values map[string]string
	for _, width := range []int{2, 4, 8} {
		next, ok := tabsAs(data, width)
		if !ok {
			return data, false
		}
		got, ok := valuesOf(name, next)
		if !ok || first != nil && !maps.Equal(values, got) {
			return data, false
		}
		if first == nil {
			first, values = next, got
		}
	}
	return first, true
}

// tabsAs gives each tab that indents a width; not ok where a blank indents as well.
func tabsAs(data []byte, width int) ([]byte, bool) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	for i, line := range lines {
		rest := bytes.TrimLeft(line, "\t")
		if len(rest) > 0 && rest[0] == ' ' {
			return nil, false
		}
		lines[i] = append([]byte(strings.Repeat(" ", width*(len(line)-len(rest)))), rest...)
	}
	return bytes.Join(lines, nil), true
}
