package signing

import (
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Signers are the roots who can sign the step from a version of the trust to the next one, with the keys they have in each.
type Signers struct {
	Old, New []string // whose signature would count for the version before, and for the new one
	// Both are those who count for both: with one key that is good in each, or with two of different formats. Others who
	// are in Old and New have to choose, because there is one signature file of each format.
	Both []string
}

// SignersOf finds who can sign at a time. The zero Trust before the first version has no roots.
func SignersOf(old, next schema.Trust, at time.Time) Signers {
	before, after := rootKeys(old, at), rootKeys(next, at)
	s := Signers{Old: slices.Sorted(maps.Keys(before)), New: slices.Sorted(maps.Keys(after))}
	for _, id := range s.New {
		if countsTwice(before[id], after[id]) {
			s.Both = append(s.Both, id)
		}
	}
	return s
}

// Enough reports whether these people can give so many signatures for each version.
func (s Signers) Enough(needOld, needNew int) bool {
	either := 0
	for _, id := range s.Old {
		if slices.Contains(s.New, id) && !slices.Contains(s.Both, id) {
			either++
		}
	}
	// Those who have to choose are what is left over when each side has taken those who need not.
	return max(0, needOld-(len(s.Old)-either))+max(0, needNew-(len(s.New)-either)) <= either
}

// rootKeys maps each root to the keys by fingerprint that may sign as one at the time, with their formats.
func rootKeys(t schema.Trust, at time.Time) map[string]map[string]schema.KeyFormat {
	accept := Acceptance{At: at}
	ring, _ := NewKeyring(t)
	can := rootsWithKeys(ring, t, accept)
	out := map[string]map[string]schema.KeyFormat{}
	for _, key := range t.Keys {
		one, problems := NewKeyring(schema.Trust{Keys: []schema.Key{key}})
		if len(problems) > 0 || ring.disables(key) || !slices.Contains(can, key.Principal) {
			continue
		}
		if len(rootsWithKeys(one, schema.Trust{Root: schema.Root{Roots: []string{key.Principal}}}, accept)) == 0 {
			continue
		}
		if out[key.Principal] == nil {
			out[key.Principal] = map[string]schema.KeyFormat{}
		}
		out[key.Principal][Fingerprint(key)] = key.Format
	}
	return out
}

func countsTwice(before, after map[string]schema.KeyFormat) bool {
	for id, format := range after {
		for other, otherFormat := range before {
			if id == other || format != otherFormat {
				return true
			}
		}
	}
	return false
}
