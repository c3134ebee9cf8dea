package schema

import (
	"fmt"
	"path"
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
