package schema

import (
	"fmt"
	"strings"
)

// ListDir is where the lists of a project are: names that a policy compares with, kept apart from the rules.
const ListDir = ".sluice/lists"

// maxList bounds the names in a list.
const maxList = 10_000

// WhitelistSpec is the value of the whitelist policy: the list of the apps that may enter the stage.
type WhitelistSpec struct {
	List string `json:"list"` // path from the top of the repository
}

// Whitelist reads the value of a whitelist policy.
func (s PolicySpec) Whitelist() (WhitelistSpec, error) {
	var spec WhitelistSpec
	err := s.decode("whitelist", func(src *source, v *value) { spec = src.whitelist(v, "whitelist") })
	return spec, err
}

func (s *source) whitelist(v *value, path string) WhitelistSpec {
	return WhitelistSpec{List: s.listPath(v, path)}
}

// listPath reads the name of a list, which is its path without .sluice/lists/ and .yaml.
func (s *source) listPath(v *value, path string) string {
	name := s.text(v, path)
	if name == "" {
		return ""
	}
	if why := badList(name); why != "" {
		s.badValue(v, path, "", why)
	}
	return listFile(name)
}

func listFile(name string) string { return ListDir + "/" + name + ".yaml" }

func badList(name string) string {
	if err := CheckSegment(name); err != nil {
		return fmt.Sprintf("%q is not the name of a list: %v", name, err)
	}
	return ""
}

// ParseList reads a list: a YAML list of patterns of whole names, such as "payments/*".
func ParseList(path string, data []byte) (Patterns, Diagnostics) {
	src := newSource(path, data)
	v := readYAML(src, data, yamlRules{})
	switch {
	case v == nil:
		return nil, src.findings()
	case v.kind != listValue:
		src.wrongType(v, "", "a list of names")
		return nil, src.findings()
	case len(v.items) > maxList:
		src.badValue(v, "", "", fmt.Sprintf("%d names, more than %d", len(v.items), maxList))
		return nil, src.findings()
	}
	out := Patterns{}
	for i, item := range v.items {
		text := src.text(item, at("", i))
		if text == "" {
			continue
		}
		if _, err := ParsePatterns([]string{text}); err != nil {
			src.badValue(item, at("", i), "", err.Error())
			continue
		}
		out = append(out, text)
	}
	if found := src.findings(); len(found) > 0 {
		return nil, found
	}
	return out, nil
}

// MatchName reports whether one of the patterns is the name, or matches all of it.
func (p Patterns) MatchName(name string) bool {
	segments := strings.Split(name, "/")
	for _, pattern := range p {
		if pattern == name || matchSegments(strings.Split(pattern, "/"), segments) {
			return true
		}
	}
	return false
}
