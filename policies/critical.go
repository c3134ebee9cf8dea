package policies

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Critical asks that a person confirms a change of fields that matter most.
type Critical struct{ schema.CriticalSpec }

// Evaluate names the fields that change, and asks for the confirmation while it is missing. What the fields were is only
// believed where the files are those that were admitted.
func (c Critical) Evaluate(f Facts) schema.Verdict {
	const policy = "critical"
	if len(c.Fields) == 0 || c.Confirm.Observed+c.Confirm.Signed == 0 {
		return answer(policy, schema.Deny, "nothing-judged")
	}
	if missing := unread(f); missing != "" {
		return answer(policy, schema.Hold, "evidence-missing", "what", missing)
	}
	touched := c.touched(f)
	if len(touched) == 0 {
		return allow(policy)
	}
	asked := c.asked().Evaluate(f)
	if asked.Outcome == schema.Allow {
		v := schema.All(policy, asked)
		v.Args = map[string]string{"count": number(len(touched))}
		return v
	}
	var parts []schema.Verdict
	for _, t := range touched[:min(len(touched), named)] {
		parts = append(parts, answer(policy, schema.Hold, "critical-field", "path", t.file, "at", t.pointer))
	}
	return schema.All(policy, append(parts, asked)...)
}

func (c Critical) asked() Approvals { return askedBy(c.Confirm) }

// unread names what is not known of the files on both sides; empty if all is.
func unread(f Facts) string {
	if !known(f.Change.From, f.Before) || !known(f.Change.To, f.After) {
		return "the app's files before and after"
	}
	for side, files := range map[*schema.Manifest]map[string][]byte{&f.Before: f.Was, &f.After: f.Files} {
		for _, file := range *side {
			if data, ok := files[file.Path]; !ok || schema.DigestOf(data) != file.Digest {
				return file.Path
			}
		}
	}
	return ""
}

// place is a value that changes, by its JSON Pointer; empty for a file without keys.
type place struct{ file, pointer string }

// touched are the critical values that are added, changed or removed, in order.
func (c Critical) touched(f Facts) []place {
	var out []place
	for _, path := range sorted(changed(f.Before, f.After)) {
		was, is := leavesOf(f.reading, path, f.Was), leavesOf(f.reading, path, f.Files)
		pointers := map[string]bool{}
		for p := range was {
			pointers[p] = true
		}
		for p := range is {
			pointers[p] = true
		}
		for _, pointer := range slices.Sorted(maps.Keys(pointers)) {
			old, had := was[pointer]
			now, has := is[pointer]
			if (had != has || old != now) && c.names(path, pointer) {
				out = append(out, place{path, pointer})
			}
		}
	}
	return out
}

// names reports whether a value is critical. A file whose keys nobody can read is, wherever one in it would be.
func (c Critical) names(path, pointer string) bool {
	return slices.ContainsFunc(c.Fields, func(field schema.Field) bool {
		return field.Names(path, pointer) || pointer == "" && schema.Patterns{field.Files}.Match(path)
	})
}

// leavesOf reads the values of a file by JSON Pointer, as canonical JSON. A file without keys is one value.
func leavesOf(r reading, path string, files map[string][]byte) map[string]string {
	data, ok := files[path]
	if !ok {
		return nil
	}
	leaves, found := r.flatten(path, data)
	if len(found) > 0 || leaves == nil {
		return map[string]string{"": string(schema.DigestOf(data))}
	}
	out := make(map[string]string, len(leaves))
	for pointer, leaf := range leaves {
		out[pointer] = leaf.Value
	}
	return out
}

func sorted(paths []string) []string {
	slices.SortFunc(paths, strings.Compare)
	return paths
}
