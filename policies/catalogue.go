package policies

import (
	_ "embed" // the catalogue is the page that people read in the repository
	"slices"
	"strings"
)

//go:embed README.md
var page string

// Catalogued are the names that [Catalogue] knows, sorted: those that gates may name and those that always hold.
func Catalogued() []string {
	var out []string
	for line := range strings.Lines(page) {
		if names, ok := strings.CutPrefix(line, "### "); ok {
			out = append(out, strings.Split(strings.TrimSpace(names), ", ")...)
		}
	}
	slices.Sort(out)
	return out
}

// Catalogue is what the page says of a policy, in Markdown without its heading: what it asks, an example, what it says when it is
// not met and who can satisfy it. It is empty for a policy that there is not.
func Catalogue(name string) string {
	var b strings.Builder
	inside := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") {
			names, ok := strings.CutPrefix(strings.TrimSpace(line), "### ")
			inside = ok && slices.Contains(strings.Split(names, ", "), name)
			continue
		}
		if inside {
			b.WriteString(line)
		}
	}
	return strings.TrimRight(strings.TrimLeft(b.String(), "\n"), "\n")
}
