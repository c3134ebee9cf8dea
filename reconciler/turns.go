package reconciler

import (
	"slices"
	"time"
)

// turns remembers when things had their turn of which one pass does only some, so that none waits behind others for ever.
type turns map[string]time.Time

// order sorts by when each had its turn, those that had none first and otherwise as they are, and forgets the rest.
func order[T any](t turns, all []T, name func(T) string) []T {
	known := map[string]bool{}
	for _, one := range all {
		known[name(one)] = true
	}
	for key := range t {
		if !known[key] {
			delete(t, key)
		}
	}
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b T) int { return t[name(a)].Compare(t[name(b)]) })
	return out
}
