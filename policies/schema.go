package policies

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-gitops/sluice/schema"
)

// Schema asks that an app's YAML and JSON files satisfy the JSON Schemas (draft 2020-12 by default) that the control files
// in force hold for them.
type Schema struct {
	Rules []schema.SchemaRule
	made  *compiledSchemas // nil compiles for each evaluation
}

// Evaluate has one part per finding, with the place inside the file. A schema that is not in force, or does not compile,
// holds: absence of a check is no yes.
func (s Schema) Evaluate(f Facts) schema.Verdict {
	const policy = "schema"
	if unlisted(f) {
		return answer(policy, schema.Hold, "evidence-missing", "what", "the app's files")
	}
	var parts []schema.Verdict
	for _, rule := range s.Rules {
		compiled, err := s.made.of(rule.Schema, f.Schemas)
		if err != nil {
			at, why := SchemaFault(rule.Schema, f.Schemas)
			parts = append(parts, answer(policy, schema.Hold, "schema-unusable", "schema", rule.Schema, "detail", placed(at, rule.Schema, why)))
			continue
		}
		for _, path := range sortedPaths(f.Files) {
			switch {
			case !rule.Matches(path):
			case isData(path):
				parts = append(parts, judgeFile(policy, compiled, path, f)...)
			case rule.Unread(path):
				parts = append(parts, unreadable(policy, path))
			}
		}
	}
	if len(parts) == 0 {
		return allow(policy)
	}
	return schema.All(policy, parts...)
}

func judgeFile(policy string, compiled *jsonschema.Schema, path string, f Facts) []schema.Verdict {
	value, err := f.reading.decode(path, f.Files[path])
	if err != nil {
		return []schema.Verdict{answer(policy, schema.Deny, "schema", "path", path, "detail", oneLine(err))}
	}
	var invalid *jsonschema.ValidationError
	if err := compiled.Validate(value); errors.As(err, &invalid) {
		return leaves(policy, path, invalid)
	} else if err != nil {
		return []schema.Verdict{answer(policy, schema.Deny, "schema", "path", path, "detail", oneLine(err))}
	}
	return nil
}

// leaves flattens a validation error to what a person can act on.
func leaves(policy, path string, e *jsonschema.ValidationError) []schema.Verdict {
	if len(e.Causes) == 0 {
		at := "/" + strings.Join(e.InstanceLocation, "/")
		detail := kindText(e)
		if hidesDetail(at, detail) { // what is recorded stays, and is shown to everybody
			detail = strings.Join(e.ErrorKind.KeywordPath(), "/") + ": is not satisfied; the value is " + hidden
		}
		return []schema.Verdict{answer(policy, schema.Deny, "schema", "path", path, "at", at, "detail", detail)}
	}
	var out []schema.Verdict
	for _, cause := range e.Causes {
		out = append(out, leaves(policy, path, cause)...)
	}
	return out
}

func kindText(e *jsonschema.ValidationError) string {
	unit := e.BasicOutput()
	if unit != nil {
		for _, u := range append([]jsonschema.OutputUnit{*unit}, unit.Errors...) {
			if u.Error != nil {
				return u.Error.String()
			}
		}
	}
	return oneLine(e)
}

func isData(path string) bool {
	for _, ending := range []string{".yaml", ".yml", ".json"} {
		if strings.HasSuffix(path, ending) {
			return true
		}
	}
	return false
}

// unreadable denies a file that a rule is for and whose values nobody reads.
func unreadable(policy, path string) schema.Verdict {
	return answer(policy, schema.Deny, "schema", "path", path, "detail", "is not read: only names that end in .yaml, .yml or .json are, in lower case; name the file so, or narrow the pattern")
}

func sortedPaths(files map[string][]byte) []string {
	out := make([]string, 0, len(files))
	for path := range files {
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}

// placed is what is wrong in a control file, behind its line; behind the file as well where that is another one than is named.
func placed(at schema.Position, file, why string) string {
	switch {
	case at.File != "" && at.File != file && at.Line > 0:
		return fmt.Sprintf("%s:%d: %s", at.File, at.Line, why)
	case at.Line > 0:
		return fmt.Sprintf("line %d: %s", at.Line, why)
	}
	return why
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
