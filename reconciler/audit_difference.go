package reconciler

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// maxDifferences is how many places a finding names; whoever reads it needs the first ones.
const maxDifferences = 3

// difference names the places at which two decisions differ, by the names of their fields; empty if they do not.
func difference(recorded, again ledger.Decision) string {
	var found []string
	compareJSON("", asJSON(recorded), asJSON(again), &found)
	more := ""
	if n := len(found) - maxDifferences; n > 0 {
		found, more = found[:maxDifferences], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(found, "; ") + more
}

func asJSON(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		return err.Error()
	}
	return out
}

func compareJSON(path string, a, b any, found *[]string) {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			names := slices.Sorted(maps.Keys(x))
			for name := range y {
				if _, both := x[name]; !both {
					names = append(names, name)
				}
			}
			for _, name := range names {
				compareJSON(strings.TrimPrefix(path+"."+name, "."), x[name], y[name], found)
			}
			return
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			for i := range x {
				compareJSON(fmt.Sprintf("%s[%d]", path, i), x[i], y[i], found)
			}
			return
		}
	}
	if left, right := brief(a), brief(b); left != right || !equalJSON(a, b) {
		*found = append(*found, fmt.Sprintf("%s is %s, again %s", path, left, right))
	}
}

func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// brief writes a value so that it fits into a line.
func brief(v any) string {
	if v == nil {
		return "nothing"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	text := []rune(string(data))
	if len(text) > 80 {
		return string(text[:79]) + "…"
	}
	return string(text)
}
