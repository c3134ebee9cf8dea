package schema

import "strings"

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

// Ignored reports whether a file above the apps is no mistake, by its path from the top of the repository (RULES R3).
func Ignored(file string) bool { return ignoredFile(file) }
