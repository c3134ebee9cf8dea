package status

import "strings"

// Routes are the paths that the page answers, for tests that walk them.
func Routes() []string {
	s := &site{}
	var out []string
	for _, r := range s.routes() {
		out = append(out, strings.NewReplacer("{$}", "", "{app...}", "catalog", "{stage}", "gray", "{seq}", "40", "{code}", "clock").Replace(r.pattern))
	}
	return out
}
