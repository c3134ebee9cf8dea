package policies

import (
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Whitelist lets only listed apps into a stage.
type Whitelist struct{ schema.WhitelistSpec }

// Evaluate denies an app that the list in force does not name. A list that is not there, or cannot be read, holds.
func (w Whitelist) Evaluate(f Facts) schema.Verdict {
	const policy = "whitelist"
	names, err := listOf(f, w.List)
	if err != nil {
		return answer(policy, schema.Hold, "list-unusable", "list", w.List, "detail", oneLine(err))
	}
	if !names.MatchName(string(f.Cell.App)) {
		return answer(policy, schema.Deny, "not-listed", "name", string(f.Cell.App), "list", w.List)
	}
	return allow(policy)
}

// listOf reads a list of the control files in force.
func listOf(f Facts, path string) (schema.Patterns, error) {
	data, ok := f.Schemas[path]
	if !ok {
		return nil, fmt.Errorf("%s is not there", path)
	}
	names, found := schema.ParseList(path, data)
	return names, found.Err()
}
