package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Files returns the paths of the files that the gate names, from the top of the repository, sorted.
func (g Gate) Files() []string {
	var out []string
	for _, p := range g.Leaves() {
		out = append(out, p.files()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s PolicySpec) files() []string {
	var out []string
	switch s.Name {
	case "schema":
		spec, _ := s.Schema() // what is wrong in it is reported where it is read
		for _, rule := range spec.Rules {
			out = append(out, rule.Schema)
		}
	case "tags":
		spec, _ := s.Tags()
		for _, rule := range spec.Rules {
			out = append(out, rule.Lists()...)
		}
	case "whitelist":
		spec, _ := s.Whitelist()
		out = append(out, spec.List)
	}
	return out
}

// Digest names what the gate asks for: its resolved policies and the files they name (RULES R2). files holds digests by
// path from the top of the repository; one that is missing counts as absent. Two ways of writing one gate have one digest,
// and an approval is stale once it changes (RULES R4).
func (g Gate) Digest(files map[string]Digest) Digest {
	resolved := struct {
		Files map[string]Digest `json:"files"`
		Gate  []resolvedPolicy  `json:"gate"`
	}{Files: map[string]Digest{}, Gate: resolvedPolicies(g)}
	for _, path := range g.Files() {
		resolved.Files[path] = files[path]
	}
	data, err := sortedJSON(resolved)
	if err != nil {
		panic(fmt.Sprintf("gate of JSON values has no JSON: %v", err))
	}
	return DigestOf(data)
}

type resolvedPolicy struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// resolvedPolicies sorts by name: in which order a list is written changes nothing that it asks for.
func resolvedPolicies(specs []PolicySpec) []resolvedPolicy {
	out := []resolvedPolicy{}
	for _, p := range specs {
		value, err := p.resolved()
		if err != nil {
			value = p.Value // not of ours; what is written is all there is
		}
		out = append(out, resolvedPolicy{p.Name, value})
	}
	slices.SortStableFunc(out, func(a, b resolvedPolicy) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// sortedJSON encodes with the keys of every map in order.
func sortedJSON(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var plain any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // a duration in nanoseconds does not fit a float64
	if err := decoder.Decode(&plain); err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}
