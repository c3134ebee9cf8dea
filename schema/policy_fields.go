package schema

import (
	"cmp"
	"slices"
	"strings"
)

// PolicyField is what a policy takes: itself, where it takes more than a map of fields, or one of its fields.
type PolicyField struct {
	Name     string `json:"name"` // as FORMAT.md writes it: approvals, approvals.roles
	Type     string `json:"type"`
	Default  string `json:"default,omitempty"`
	Required bool   `json:"required,omitempty"`
	Meaning  string `json:"meaning,omitempty"`
}

// PolicyFields lists what a policy takes, itself first and then its fields in the order in which FORMAT.md has them; none for a policy that
// takes nothing or that there is not.
func PolicyFields(policy string) []PolicyField {
	if !slices.Contains(PolicyNames, policy) {
		return nil
	}
	type placed struct {
		PolicyField
		at int
	}
	var found []placed
	for key, row := range formatRows() {
		name, ok := strings.CutPrefix(key, "Policies: ")
		if !ok || name != policy && !strings.HasPrefix(name, policy+".") {
			continue
		}
		f := PolicyField{Name: name, Meaning: row.text}
		kind, ends, _ := strings.Cut(row.kind, "; ")
		f.Type, f.Required = strings.CutSuffix(kind, ", required")
		if strings.HasPrefix(ends, "`{}` ") || strings.HasSuffix(ends, " is required") { // of the fields, and said of them
			f.Type += "; " + ends
		} else {
			f.Default = ends
		}
		found = append(found, placed{f, strings.Index(formatPage, "| `"+name+"` |")})
	}
	slices.SortFunc(found, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	var out []PolicyField
	for _, f := range found {
		out = append(out, f.PolicyField)
	}
	return out
}
