package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// An event is one line of "go test -json" (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Key     string // of an attribute (testing.T.Attr)
	Value   string
}

// A name is a test in its package; an empty test is the package itself.
type name struct{ pkg, test string }

// A reporter holds back what tests print until it is known how they ended.
type reporter struct {
	out     io.Writer
	printed map[name]*strings.Builder
	skipped map[string][]name // by reason
	shown   []event           // attributes
}

// report reads events to their end. Lines that are no event are printed as they are.
func report(events io.Reader, out io.Writer) error {
	r := &reporter{out: out, printed: map[name]*strings.Builder{}, skipped: map[string][]name{}}
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read the events of go test: %w", err)
		}
	}
	r.summary()
	return nil
}

func (r *reporter) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		fmt.Fprintf(r.out, "%s", line)
		return
	}
	at := name{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.output(at, e.Output)
	case "attr":
		r.shown = append(r.shown, e)
	case "pass":
		delete(r.printed, at)
	case "skip":
		r.skip(at)
	case "fail":
		r.fail(at)
	}
}

func (r *reporter) output(at name, text string) {
	if at.test == "" {
		if text != "PASS\n" {
			fmt.Fprint(r.out, text)
		}
		return
	}
	if r.printed[at] == nil {
		r.printed[at] = &strings.Builder{}
	}
	r.printed[at].WriteString(text)
}

// skip notes a skipped test. A package that is "skipped" has no test file, which its own line says.
func (r *reporter) skip(at name) {
	if at.test == "" {
		return
	}
	why := reason(r.text(at))
	r.skipped[why] = append(r.skipped[why], at)
}

// fail prints what the test has printed; for a package, also what belongs to tests that never ended.
func (r *reporter) fail(at name) {
	if at.test != "" {
		fmt.Fprint(r.out, r.text(at))
		return
	}
	unfinished := slices.DeleteFunc(slices.Collect(maps.Keys(r.printed)), func(n name) bool { return n.pkg != at.pkg })
	slices.SortFunc(unfinished, func(a, b name) int { return strings.Compare(a.test, b.test) })
	for _, n := range unfinished {
		fmt.Fprint(r.out, r.text(n))
	}
}

// text takes what a test has printed.
func (r *reporter) text(at name) string {
	text := r.printed[at]
	delete(r.printed, at)
	if text == nil {
		return ""
	}
	return text.String()
}

func (r *reporter) summary() {
	if len(r.shown) > 0 {
		fmt.Fprintln(r.out, "\nShown:")
		slices.SortStableFunc(r.shown, func(a, b event) int { return strings.Compare(a.Key, b.Key) })
		for _, e := range r.shown {
			fmt.Fprintf(r.out, "  %-24s %s\n", e.Key, e.Value)
		}
	}
	if len(r.skipped) == 0 {
		return
	}
	fmt.Fprintln(r.out, "\nSkipped, so not checked in this run:")
	for _, why := range slices.Sorted(maps.Keys(r.skipped)) {
		fmt.Fprintf(r.out, "  %s\n", why)
		for _, n := range r.skipped[why] {
			fmt.Fprintf(r.out, "      %s %s\n", n.pkg, n.test)
		}
	}
}

// logged is the place that package testing puts before a message: 4 spaces a level, file and line.
var logged = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reason is the last message that a skipped test has logged, without place and marker.
func reason(text string) string {
	why := "no reason given"
	for line := range strings.Lines(text) {
		if place := logged.FindString(line); place != "" {
			why = strings.TrimSpace(line[len(place):])
		}
	}
	return strings.TrimPrefix(why, "SKIPPED, NOT CHECKED: ")
}
