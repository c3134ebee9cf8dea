package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/sluice-gitops/sluice/schema"
)

// Tags asks of single values what Go programs write into struct tags: required, oneof, semver, limits, lists.
type Tags struct {
	schema.TagsSpec
	rules *validator.Validate // keeps what it has parsed; nil makes one for each evaluation
	lists *parsedLists
}

func newTags(spec schema.TagsSpec) Tags {
	return Tags{TagsSpec: spec, rules: validator.New(), lists: &parsedLists{}}
}

// Evaluate has one part per value that is not as its rule says, with its place inside the file.
func (t Tags) Evaluate(f Facts) schema.Verdict {
	const policy = "tags"
	if len(t.Rules) == 0 {
		return answer(policy, schema.Deny, "nothing-judged")
	}
	if unlisted(f) {
		return answer(policy, schema.Hold, "evidence-missing", "what", "the app's files")
	}
	var parts []schema.Verdict
	lists := map[string]schema.Patterns{}
	for _, rule := range t.Rules {
		for _, path := range rule.Lists() {
			names, err := t.lists.of(f, path)
			if err != nil {
				parts = append(parts, answer(policy, schema.Hold, "list-unusable", "list", path, "detail", err.Error()))
			}
			lists[path] = names
		}
	}
	if len(parts) > 0 {
		return schema.All(policy, parts...)
	}
	judge := tagJudge{rules: t.rules, lists: lists, values: map[string]any{}, reading: f.reading}
	if judge.rules == nil {
		judge.rules = validator.New()
	}
	for _, path := range sortedPaths(f.Files) {
		for _, rule := range t.Rules {
			switch {
			case !rule.Matches(path):
			case isData(path):
				parts = append(parts, judge.file(policy, rule, path, f.Files[path])...)
			case rule.Unread(path):
				parts = append(parts, unreadable(policy, path))
			}
		}
	}
	parts = append(parts, judge.missing(policy, t.Rules, f)...)
	if len(parts) == 0 {
		return allow(policy)
	}
	return schema.All(policy, parts...)
}

// tagJudge keeps what it read for one evaluation.
type tagJudge struct {
	rules   *validator.Validate
	lists   map[string]schema.Patterns
	values  map[string]any // by path, once each
	reading reading
}

func (j tagJudge) file(policy string, rule schema.TagRule, path string, data []byte) []schema.Verdict {
	value, ok := j.values[path]
	if !ok {
		var err error
		if value, err = j.reading.decode(path, data); err != nil {
			return []schema.Verdict{answer(policy, schema.Deny, "schema", "path", path, "detail", err.Error())}
		}
		j.values[path] = value
	}
	var out []schema.Verdict
	for _, found := range find(value, rule.Names(), "") {
		if why := j.why(rule, found.value, found.there); why != "" {
			out = append(out, answer(policy, schema.Deny, "tag", "path", path, "at", found.at, "detail", why))
		}
	}
	return out
}

// missing denies where a file is not there that a rule names by its whole name and in which something is required. An app that
// leaves has no files.
func (j tagJudge) missing(policy string, rules []schema.TagRule, f Facts) []schema.Verdict {
	if f.Change.To.Revision == schema.None {
		return nil
	}
	var out []schema.Verdict
	for _, rule := range rules {
		if !rule.NamesFile() || slices.ContainsFunc(sortedPaths(f.Files), rule.Matches) {
			continue
		}
		for _, found := range find(nil, rule.Names(), "") {
			if why := j.why(rule, found.value, found.there); why != "" {
				out = append(out, answer(policy, schema.Deny, "tag", "path", rule.Files, "at", found.at, "detail", why+", and there is no such file"))
			}
		}
	}
	return out
}

// found is a value that a key leads to, with its JSON Pointer; or the first place on the way where it is missing.
type found struct {
	at    string
	value any
	there bool
}

// find follows a key. A star that has nothing to choose from finds nothing, which is not the same as something missing.
func find(value any, key []string, at string) []found {
	if len(key) == 0 {
		return []found{{at: at, value: value, there: value != nil}}
	}
	var out []found
	switch v := value.(type) {
	case map[string]any:
		if key[0] == "*" {
			for _, name := range names(v) {
				out = append(out, find(v[name], key[1:], at+"/"+pointer(name))...)
			}
			return out
		}
		name := schema.KeyName(key[0])
		if below, ok := v[name]; ok {
			return find(below, key[1:], at+"/"+pointer(name))
		}
	case []any:
		if key[0] == "*" {
			for i, item := range v {
				out = append(out, find(item, key[1:], at+"/"+strconv.Itoa(i))...)
			}
			return out
		}
		if i, err := strconv.Atoi(key[0]); err == nil && i >= 0 && i < len(v) {
			return find(v[i], key[1:], at+"/"+key[0])
		}
	default:
		if key[0] == "*" && value == nil {
			return nil
		}
	}
	for _, name := range key {
		at += "/" + pointer(schema.KeyName(name))
	}
	return []found{{at: at}}
}

func names(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

var pointerEscapes, pointerPlain = strings.NewReplacer("~", "~0", "/", "~1"), strings.NewReplacer("~1", "/", "~0", "~")

func pointer(name string) string { return pointerEscapes.Replace(name) }

// why says what is wrong with a value; empty if nothing is. It repeats the rule and never the value, which may be a secret.
func (j tagJudge) why(rule schema.TagRule, value any, there bool) string {
	words := strings.Split(rule.Tag, ",")
	if !there {
		if slices.Contains(words, schema.TagRequired) {
			return "is required"
		}
		return ""
	}
	if literal, ok := value.(json.Number); ok {
		return j.whyNumber(words, string(literal))
	}
	plain := value
	for _, word := range words {
		name, arg, _ := strings.Cut(word, "=")
		switch name {
		case schema.TagRequired: // it is there; that false, 0 and "" were missing is Go's view, not configuration's
		case schema.TagOptional:
			if plain == "" {
				return ""
			}
		case schema.TagNumber, schema.TagInteger:
			return "is no number"
		case schema.TagWhitelist:
			if text := fmt.Sprint(plain); !j.lists[schema.ListDir+"/"+arg+".yaml"].MatchName(text) {
				return "is not in the list " + arg
			}
		default:
			if why := validate(j.rules, plain, word); why != "" {
				return why
			}
		}
	}
	return ""
}

// validate asks the library, which panics where a rule does not fit a type: then the value does not fit the rule.
func validate(rules *validator.Validate, value any, word string) (why string) {
	defer func() {
		if recover() != nil {
			why = "is of a type that " + word + " is not for"
		}
	}()
	var wrong validator.ValidationErrors
	switch err := rules.Var(value, word); {
	case errors.As(err, &wrong):
		return "is not " + word
	case err != nil:
		return "cannot be judged by " + word
	}
	return ""
}
