package schema

import (
	"path"
	"strings"
)

// AppOf returns the app that a file belongs to, by its path below a stage. A file above every app belongs to none.
func (a AppsRule) AppOf(file string) (App, bool) {
	segments := strings.Split(file, "/")
	if len(a.Patterns) == 0 {
		depth := max(a.Depth, 1)
		if len(segments) <= depth {
			return "", false
		}
		return App(strings.Join(segments[:depth], "/")), true
	}
	for n := 1; n < len(segments); n++ {
		if app := App(strings.Join(segments[:n], "/")); a.Patterns.MatchApp(app) {
			return app, true
		}
	}
	return "", false
}

// Inside names the app that would lie inside another one, by the path of a directory below an app that a pattern matches as well: no app
// lies inside another (RULES R3), so its files are the outer one's.
func (a AppsRule) Inside(app App, dir string) (App, bool) {
	inner := app + "/" + App(dir)
	return inner, len(a.Patterns) > 0 && a.Patterns.MatchApp(inner)
}

// shadow returns the pattern whose apps all those of another lie inside of, which so has none; empty if there is none.
func (p Patterns) shadow(pattern string) string {
	segments := strings.Split(pattern, "/")
	for _, other := range p {
		for n := 1; n < len(segments); n++ {
			if covers(strings.Split(other, "/"), segments[:n]) {
				return other
			}
		}
	}
	return ""
}

// covers reports whether all names that a pattern matches are matched by another one.
func covers(want, have []string) bool {
	switch {
	case len(want) == 0:
		return len(have) == 0
	case want[0] == "**":
		for i := 0; i <= len(have); i++ {
			if covers(want[1:], have[i:]) {
				return true
			}
		}
		return false
	case len(have) == 0 || have[0] == "**":
		return false
	}
	ok := want[0] == "*" || want[0] == have[0]
	if !ok && literal(have[0]) {
		ok, _ = path.Match(want[0], have[0]) // syntax was checked by ParsePatterns
	}
	return ok && covers(want[1:], have[1:])
}

// Ignored reports whether a file above the apps is no mistake, by its path from the top of the repository (RULES R3).
func Ignored(file string) bool { return ignoredFile(file) }

// AppsAbout says whose the apps are that a pattern names, and what else their people sort them by. It decides nothing: who may do what
// is the trust directory's.
type AppsAbout struct {
	Match  string // pattern of whole names
	Owner  string // empty: it says nothing of that
	Labels map[string]string
}

// Whose is what the project says about an app. All that match hold; where two say something else, the later one does.
func (p Project) Whose(app App) (owner string, labels map[string]string) {
	for _, a := range p.About {
		if !(Patterns{a.Match}).MatchApp(app) {
			continue
		}
		if a.Owner != "" {
			owner = a.Owner
		}
		for name, text := range a.Labels {
			if labels == nil {
				labels = map[string]string{}
			}
			labels[name] = text
		}
	}
	return owner, labels
}
