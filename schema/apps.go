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
