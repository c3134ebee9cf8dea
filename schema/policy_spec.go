package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// PolicyNames are the policies that a gate may name.
var PolicyNames = []string{
	"all", "any", "approvals", "at_least", "breaker", "critical", "duties", "expression", "freeze", "guardrails", "health", "limits", "pipeline", "schema",
	"secrets", "soak",
	"tags", "when", "whitelist", "window",
}

// FixedPolicies always hold and cannot be written in a gate (RULES R45).
var FixedPolicies = []string{"signed", "merge-request", "provenance", "content", "retirement"}

// SoakSpec is the value of the soak policy: how long a revision has to live in a stage before.
type SoakSpec struct {
	For   time.Duration `json:"for"`
	In    StageName     `json:"in"`    // empty: the stage it is promoted from
	Reset bool          `json:"reset"` // a disturbance restarts the time instead of pausing it (RULES R12)
}

// SchemaSpec is the value of the schema policy: which JSON Schema a file has to satisfy.
//
// Invariant: sorted by pattern; each pattern occurs once.
type SchemaSpec struct {
	Rules []SchemaRule `json:"rules"`
}

// SchemaRule binds the files of an app that a pattern matches to a schema.
type SchemaRule struct {
	Files  string `json:"files"`  // pattern, relative to the app; only YAML and JSON files are judged
	Schema string `json:"schema"` // path from the top of the repository
}

// SchemaDir is where the schemas of a project are.
const SchemaDir = ".sluice/schemas"

// Matches reports whether the rule binds a file of an app.
func (r SchemaRule) Matches(file string) bool {
	return r.Files == AllFiles || Patterns{r.Files}.Match(file)
}

// Unread reports whether the file is one that the rule binds and that cannot be read. A pattern of every file does not bind those that are
// meant to be read otherwise.
func (r SchemaRule) Unread(file string) bool { return unread(r.Files, file) }

// AllFiles is the pattern of a schema that was written without one.
const AllFiles = "**"

// Soak reads the value of a soak policy.
func (s PolicySpec) Soak() (SoakSpec, error) {
	var spec SoakSpec
	err := s.decode("soak", func(src *source, v *value) { spec = src.soak(v, "soak") })
	return spec, err
}

// Schema reads the value of a schema policy.
func (s PolicySpec) Schema() (SchemaSpec, error) {
	var spec SchemaSpec
	err := s.decode("schema", func(src *source, v *value) { spec = src.schema(v, "schema") })
	return spec, err
}

// Check reports what is wrong with the name or the value.
func (s PolicySpec) Check() error {
	_, err := s.resolved()
	return err
}

// resolved returns the typed value with every default, whatever way it was written.
func (s PolicySpec) resolved() (any, error) {
	if !slices.Contains(PolicyNames, s.Name) {
		return nil, fmt.Errorf("there is no policy %q", s.Name)
	}
	var spec any
	err := s.decode(s.Name, func(src *source, v *value) { spec = src.policyValue(s.Name, v, s.Name) })
	return spec, err
}

// policyValue reads the value of a policy with every default and reports what is wrong with it: the table of the policies that
// a gate may name.
func (s *source) policyValue(name string, v *value, path string) any {
	switch name {
	case "all", "any":
		return s.composed(name, v, path)
	case "approvals":
		return s.approvals(v, path)
	case "at_least":
		return s.atLeast(v, path)
	case "breaker":
		return s.breaker(v, path)
	case "critical":
		return s.critical(v, path)
	case "duties":
		return s.duties(v, path)
	case "expression":
		return s.expression(v, path)
	case "freeze", "window":
		return s.calendar(v, path)
	case "guardrails":
		return s.guardrails(v, path)
	case "health":
		return s.health(v, path)
	case "limits":
		return s.limits(v, path)
	case "pipeline":
		return s.pipeline(v, path)
	case "schema":
		return s.schema(v, path)
	case "secrets":
		return s.secrets(v, path)
	case "soak":
		return s.soak(v, path)
	case "tags":
		return s.tags(v, path)
	case "when":
		return s.when(v, path)
	case "whitelist":
		return s.whitelist(v, path)
	}
	return nil
}

func (s PolicySpec) decode(name string, read func(*source, *value)) error {
	if s.Name != name {
		return fmt.Errorf("policy %q is not %s", s.Name, name)
	}
	v, err := valueOf(s.Value)
	if err != nil {
		return fmt.Errorf("policy %s: %w", s.Name, err)
	}
	file := s.Position.String()
	if file == "" {
		file = "gate"
	}
	src := newSource(file, nil)
	read(src, v)
	return src.found.Err()
}

// soak reads a duration, or a map of the parts.
func (s *source) soak(v *value, path string) SoakSpec {
	if v.kind != mapValue {
		return SoakSpec{For: s.duration(v, path)}
	}
	o, _ := s.object(v, soakShape, path)
	return SoakSpec{For: o.duration("for"), In: StageName(o.text("in")), Reset: o.flag("reset", false)}
}

// schema reads the path of one schema for every file, or a map of file patterns to paths.
func (s *source) schema(v *value, path string) SchemaSpec {
	switch {
	case v.kind == stringValue:
		return SchemaSpec{Rules: []SchemaRule{{Files: AllFiles, Schema: s.schemaPath(v, path)}}}
	case v.kind != mapValue:
		s.wrongType(v, path, "the path of a schema, or a map of file patterns to paths")
		return SchemaSpec{}
	case len(v.fields) == 0:
		s.badValue(v, path, "", "want at least one pattern")
	}
	var spec SchemaSpec
	for _, m := range v.fields {
		if why := badValues(m.key); why != "" {
			s.report(m.at, "bad-value", "", args{"field": path, "why": why})
		}
		spec.Rules = append(spec.Rules, SchemaRule{Files: m.key, Schema: s.schemaPath(m.value, join(path, m.key))})
	}
	slices.SortFunc(spec.Rules, func(a, b SchemaRule) int { return strings.Compare(a.Files, b.Files) })
	return spec
}

// schemaPath reads a path below .sluice/schemas.
func (s *source) schemaPath(v *value, path string) string {
	text := s.text(v, path)
	switch {
	case text == "":
		return ""
	case badDirectory(text) != "":
		s.badValue(v, path, "", fmt.Sprintf("%q is not a clean path below %s", text, SchemaDir))
	case !strings.HasSuffix(text, ".json"):
		s.badValue(v, path, "", fmt.Sprintf("%q does not end in .json", text))
	}
	return SchemaDir + "/" + text
}
