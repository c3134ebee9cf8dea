package schema

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Patterns are file patterns relative to an app. A pattern without "/" matches at any depth (RULES R3).
// "*" does not cross a "/"; a "**" segment matches any number of segments.
type Patterns []string

// ParsePatterns refuses patterns that cannot match, and absolute or climbing ones.
func ParsePatterns(patterns []string) (Patterns, error) {
	for _, p := range patterns {
		if p == "" || strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") {
			return nil, fmt.Errorf("pattern %q: want a path relative to the app", p)
		}
		if why := badBraces(p); why != "" {
			return nil, errors.New(why)
		}
		for _, segment := range strings.Split(p, "/") {
			if segment == "" || segment == "." || segment == ".." {
				return nil, fmt.Errorf("pattern %q: segment %q", p, segment)
			}
			if _, err := path.Match(segment, ""); err != nil {
				return nil, fmt.Errorf("pattern %q: %w", p, err)
			}
		}
	}
	return Patterns(patterns), nil
}

// Match reports whether one of the patterns matches the path, relative to its app.
func (p Patterns) Match(name string) bool {
	segments := strings.Split(name, "/")
	for _, pattern := range p {
		want := strings.Split(pattern, "/")
		if len(want) == 1 {
			want = []string{"**", pattern}
		}
		if matchSegments(want, segments) {
			return true
		}
	}
	return false
}

// everyKind are names of files as different as they get. Patterns that match them all are taken to match every file.
var everyKind = [...]string{"app.yaml", "Makefile", "0", "_.Q", "ω", "a/b.json", "conf/.x", "a/b/c/d"}

// coverAll returns the first place in the list up to which the patterns match every file; -1 if some are left.
func (p Patterns) coverAll() int {
	for i := range p {
		left := func(name string) bool { return !p[:i+1].Match(name) }
		if !slices.ContainsFunc(everyKind[:], left) {
			return i
		}
	}
	return -1
}

// literal reports whether a pattern is the name of one file.
func literal(pattern string) bool { return !strings.ContainsAny(pattern, `*?[\`) }

// endsAs reports whether a pattern can match a name with the ending.
func endsAs(pattern, ending string) bool {
	last := pattern[strings.LastIndex(pattern, "/")+1:]
	if literal(last) {
		return strings.HasSuffix(last, ending)
	}
	if strings.Contains(last, `\`) {
		return true // not looked into: what it matches is asked of the file
	}
	last = last[strings.LastIndexAny(last, "*?]")+1:]
	return strings.HasSuffix(last, ending) || strings.HasSuffix(ending, last)
}

// readable reports whether a pattern can match a file whose values are read: YAML or JSON.
func readable(pattern string) bool {
	return endsAs(pattern, ".yaml") || endsAs(pattern, ".yml") || endsAs(pattern, ".json")
}

// unread reports whether a pattern is for a file whose values cannot be read: it matches, but not because it matches every file, or
// the name only differs by its capitals from one that is read.
func unread(pattern, file string) bool {
	p := Patterns{pattern}
	if !p.Match(file) || fileFormat(file) != "" {
		return false
	}
	return p.coverAll() < 0 || fileFormat(strings.ToLower(file)) != ""
}

// splitKey splits a key at the dots that no backslash stands before.
func splitKey(key string) []string {
	var out []string
	start, escaped := 0, false
	for i, r := range key {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case r == '.':
			out, start = append(out, key[start:i]), i+1
		}
	}
	return append(out, key[start:])
}

// KeyName is a name in a key without the backslashes before its characters.
func KeyName(name string) string {
	var b strings.Builder
	escaped := false
	for _, r := range name {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		b.WriteRune(r)
	}
	return b.String()
}

// badKeyNames says what is wrong with names joined by dots; empty if nothing is.
func badKeyNames(key string) string {
	switch {
	case slices.Contains(splitKey(key), ""):
		return fmt.Sprintf(`%q is no key: names are joined by single dots; a dot inside a name is written \.`, key)
	case strings.HasSuffix(strings.ReplaceAll(key, `\\`, ""), `\`):
		return fmt.Sprintf(`%q is no key: the backslash at its end stands before nothing`, key)
	}
	return badSpelling(key)
}

// badValues says why a pattern is of no use to a policy that asks for values; empty if it is.
func badValues(pattern string) string {
	if _, err := ParsePatterns([]string{pattern}); err != nil {
		return err.Error()
	}
	if !readable(pattern) {
		return fmt.Sprintf("pattern %q matches no .yaml, .yml or .json file, and values of others are not read: nothing would be judged", pattern)
	}
	return ""
}

func matchSegments(want, have []string) bool {
	if len(want) == 0 {
		return len(have) == 0
	}
	if want[0] == "**" {
		for i := 0; i <= len(have); i++ {
			if matchSegments(want[1:], have[i:]) {
				return true
			}
		}
		return false
	}
	if len(have) == 0 {
		return false
	}
	ok, _ := path.Match(want[0], have[0]) // syntax was checked by ParsePatterns; a bad pattern matches nothing
	return ok && matchSegments(want[1:], have[1:])
}

// MatchApp reports whether one of the patterns matches the app's whole name ("payments/*").
func (p Patterns) MatchApp(app App) bool {
	segments := strings.Split(string(app), "/")
	for _, pattern := range p {
		if matchSegments(strings.Split(pattern, "/"), segments) {
			return true
		}
	}
	return false
}
