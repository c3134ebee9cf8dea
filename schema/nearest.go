package schema

import "strings"

// didYouMean is the hint for a word that is close to a known one; empty if none is.
func didYouMean(word string, known []string) string {
	if near, ok := nearest(word, known); ok {
		return `did you mean "` + near + `"?`
	}
	return ""
}

// nearest returns the known word with the fewest edits, if they are few for its length.
func nearest(word string, known []string) (string, bool) {
	if len(word) > 64 {
		return "", false
	}
	best, distance := "", len(word)+1
	for _, k := range known {
		if d := Edits(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	return best, best != "" && distance <= max(1, len(best)/3) && distance < len(word)
}

// Edits is the distance of Damerau and Levenshtein with adjacent swaps, in bytes.
func Edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
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
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
