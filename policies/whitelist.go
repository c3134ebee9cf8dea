package policies

import "github.com/sluice-gitops/sluice/schema"

// Whitelist lets only listed apps into a stage.
type Whitelist struct {
	schema.WhitelistSpec
	lists *parsedLists
}

// Evaluate denies an app that the list in force does not name. A list that is not there, or cannot be read, holds.
func (w Whitelist) Evaluate(f Facts) schema.Verdict {
	const policy = "whitelist"
	names, err := w.lists.of(f, w.List)
	if err != nil {
		return answer(policy, schema.Hold, "list-unusable", "list", w.List, "detail", err.Error())
	}
	if !names.MatchName(string(f.Cell.App)) {
		return answer(policy, schema.Deny, "not-listed", "name", string(f.Cell.App), "list", w.List)
	}
	return allow(policy)
}
