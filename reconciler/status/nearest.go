package status

import (
	"slices"
	"strings"
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
		d := edits(word, name)
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

// edits is Levenshtein's distance in bytes.
func edits(a, b string) int {
	last, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
		}
		last, row = row, last
	}
	return last[len(b)]
}
