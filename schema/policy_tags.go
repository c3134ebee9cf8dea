package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TagsSpec is the value of the tags policy: rules for single values, written as Go programs write them in struct tags.
//
// Invariant: sorted by pattern, then by key.
type TagsSpec struct {
	Rules []TagRule `json:"rules"`
}

// TagRule is what one value has to be.
type TagRule struct {
	Files string `json:"files"` // pattern, relative to the app; only YAML and JSON files are judged
	Key   string `json:"key"`   // names joined by dots; "*" is any name or place in a list
	Tag   string `json:"tag"`   // such as "required,oneof=eu us"
}

// Matches reports whether the rule is for a file of an app.
func (r TagRule) Matches(file string) bool { return Patterns{r.Files}.Match(file) }

// Unread reports whether the file is one that the rule is for and that cannot be read. A pattern of every file is not for those that are
// meant to be read otherwise.
func (r TagRule) Unread(file string) bool { return unread(r.Files, file) }

// NamesFile reports whether the rule is for one file, by its whole name.
func (r TagRule) NamesFile() bool { return literal(r.Files) }

// Names are those of the key, in order, as they are written: [KeyName] takes the escapes out, without which "*" is any.
func (r TagRule) Names() []string { return splitKey(r.Key) }

// Lists are the paths of the lists that the tag names, in its order.
func (r TagRule) Lists() []string {
	var out []string
	for _, word := range strings.Split(r.Tag, ",") {
		if name, ok := strings.CutPrefix(word, TagWhitelist+"="); ok {
			out = append(out, listFile(name))
		}
	}
	return out
}

// The words that are ours; the others are those of github.com/go-playground/validator, as far as they look at nothing but the
// value. Nothing in a verdict may depend on the machine that judges.
const (
	TagRequired  = "required"
	TagOptional  = "omitempty"
	TagNumber    = "number"    // written as a number, not as text
	TagInteger   = "integer"   // that, and whole: 3 and 3.0
	TagWhitelist = "whitelist" // of a list in ListDir
)

// tagWords are the words that a tag may have, with what follows each: nothing, a number, or text.
var tagWords = map[string]string{
	TagRequired: "", TagOptional: "", TagWhitelist: "list",
	"oneof": "text", "semver": "", "min": "number", "max": "number", "len": "number",
	"eq": "text", "ne": "text", "gt": "number", "gte": "number", "lt": "number", "lte": "number",
	"alpha": "", "alphanum": "", "ascii": "", "boolean": "", TagNumber: "", TagInteger: "", "numeric": "", "lowercase": "", "uppercase": "",
	"contains": "text", "excludes": "text", "startswith": "text", "endswith": "text",
	"email": "", "url": "", "http_url": "", "fqdn": "", "hostname_rfc1123": "", "hostname_port": "", "port": "",
	"ip": "", "ipv4": "", "ipv6": "", "cidr": "", "mac": "", "uuid": "", "hexadecimal": "", "base64": "", "json": "", "sha256": "",
	"unique": "",
}

// Tags reads the value of a tags policy.
func (s PolicySpec) Tags() (TagsSpec, error) {
	var spec TagsSpec
	err := s.decode("tags", func(src *source, v *value) { spec = src.tags(v, "tags") })
	return spec, err
}

func (s *source) tags(v *value, path string) TagsSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map of file patterns to maps of keys to tags")
		return TagsSpec{}
	}
	if len(v.fields) == 0 {
		s.badValue(v, path, "", "want at least one file pattern")
	}
	var spec TagsSpec
	for _, file := range v.fields {
		below := join(path, file.key)
		if why := badValues(file.key); why != "" {
			s.report(file.at, "bad-value", "", args{"field": path, "why": why})
		}
		if file.value.kind != mapValue {
			s.wrongType(file.value, below, "a map of keys to tags")
			continue
		}
		if len(file.value.fields) == 0 {
			s.badValue(file.value, below, "", "want at least one key")
		}
		for _, key := range file.value.fields {
			if why := badKeyNames(key.key); why != "" {
				s.report(key.at, "bad-value", "", args{"field": below, "why": why})
			}
			spec.Rules = append(spec.Rules, TagRule{Files: file.key, Key: key.key, Tag: s.tag(key.value, join(below, key.key))})
		}
	}
	slices.SortFunc(spec.Rules, func(a, b TagRule) int {
		return strings.Compare(a.Files+"\x00"+a.Key, b.Files+"\x00"+b.Key)
	})
	return spec
}

// tag checks every word, so that a policy never meets one that it does not know.
func (s *source) tag(v *value, path string) string {
	text := s.text(v, path)
	if text == "" {
		return ""
	}
	for _, word := range strings.Split(text, ",") {
		if why, hint := badTagWord(word); why != "" {
			s.badValue(v, path, hint, why)
		}
	}
	return text
}

// IsNumber reports whether text is a number as JSON writes it, of a size that machines know.
func IsNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && json.Valid([]byte(text))
}

func badTagWord(word string) (why, hint string) {
	name, value, given := strings.Cut(word, "=")
	want, known := tagWords[name]
	switch {
	case !known:
		var names []string
		for n := range tagWords {
			names = append(names, n)
		}
		slices.Sort(names)
		return fmt.Sprintf("%q is no rule", name), didYouMean(name, names)
	case want == "" && given:
		return fmt.Sprintf("%s takes no value", name), ""
	case want != "" && (!given || strings.TrimSpace(value) == ""):
		return fmt.Sprintf("%s wants a value: %s=…", name, name), ""
	case want == "number":
		if !IsNumber(value) {
			return fmt.Sprintf("%s wants a number, not %q", name, value), ""
		}
	case want == "list":
		return badList(value), ""
	}
	return "", ""
}
