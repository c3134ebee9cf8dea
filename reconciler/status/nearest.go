package status

import (
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// orNearest is the second half of "There is no …": the names that were probably meant, or some that exist.
func orNearest(word string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	if near := nearest(word, names); len(near) > 0 {
		return " Did you mean " + strings.Join(near, " or ") + "?"
	}
	var some []string
	for _, name := range names[:min(8, len(names))] {
		some = append(some, clip(safe(name), 80))
	}
	if len(names) > len(some) {
		some = append(some, "…")
	}
	return " There are: " + strings.Join(some, ", ")
}

// nearest returns at most three names: those that contain the word, then those a few edits away.
func nearest(word string, names []string) []string {
	if word == "" || len(word) > 200 {
		return nil
	}
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	for _, name := range names {
		d := schema.Edits(word, name)
		if strings.Contains(name, word) {
			d = 0
		}
		if d <= max(1, len(name)/3) {
			found = append(found, candidate{safe(name), d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })
	var out []string
	for _, c := range found[:min(3, len(found))] {
		out = append(out, c.name)
	}
	return out
}
