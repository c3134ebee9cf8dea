package schema

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// CriticalSpec is the value of the critical policy: the fields whose change a person has to confirm, and who.
//
// Invariant: fields are sorted; each occurs once.
type CriticalSpec struct {
	Fields  []Field       `json:"fields"`
	Confirm ApprovalsSpec `json:"confirm"`
}

// Field names values in files of an app.
type Field struct {
	Files string `json:"files"` // pattern, relative to the app
	Key   string `json:"key"`   // names joined by dots, each a pattern; all that is below is meant as well; empty: the whole file
}

// String is the field as it is written.
func (f Field) String() string {
	if f.Key == "" {
		return f.Files
	}
	return f.Files + "#" + f.Key
}

// Names reports whether the field is the value at a JSON Pointer of a file, or one that it lies in. Capitals make no difference:
// many programs read keys so, and asking once too often is better than once too seldom.
func (f Field) Names(file, pointer string) bool {
	if !(Patterns{f.Files}).Match(file) {
		return false
	}
	if f.Key == "" {
		return true
	}
	want, have := f.names(pointer)
	return len(have) >= len(want) && alike(want, have, true)
}

// Reaches reports whether the field is the value at a JSON Pointer of a file, lies in it, or has it inside; anyCase as [Field.Names]
// does.
func (f Field) Reaches(file, pointer string, anyCase bool) bool {
	if !(Patterns{f.Files}).Match(file) {
		return false
	}
	if f.Key == "" || pointer == "" {
		return true
	}
	want, have := f.names(pointer)
	return alike(want, have, anyCase)
}

func (f Field) names(pointer string) (want, have []string) {
	return splitKey(f.Key), strings.Split(strings.TrimPrefix(pointer, "/"), "/")
}

// alike compares names with patterns as far as there are both.
func alike(want, have []string, anyCase bool) bool {
	for i, pattern := range want[:min(len(want), len(have))] {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(have[i])
		if !isNamed(pattern, name) && !(anyCase && isNamed(strings.ToLower(pattern), strings.ToLower(name))) {
			return false
		}
	}
	return true
}

func isNamed(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return pattern == name || err == nil && ok
}

// Critical reads the value of a critical policy.
func (s PolicySpec) Critical() (CriticalSpec, error) {
	var spec CriticalSpec
	err := s.decode("critical", func(src *source, v *value) { spec = src.critical(v, "critical") })
	return spec, err
}

func (s *source) critical(v *value, at string) CriticalSpec {
	spec := CriticalSpec{Confirm: ApprovalsSpec{Observed: 1, Roles: []RoleName{RoleRelease}, After: AfterLive, Bind: BindContent}}
	if v.kind != mapValue {
		s.wrongType(v, at, "a map with fields:")
		return spec
	}
	o, _ := s.object(v, criticalShape, at)
	if list, where := o.get("fields"); list != nil {
		spec.Fields = s.fields(list, where)
	}
	if confirm, where := o.get("confirm"); confirm != nil {
		spec.Confirm = s.confirmation(confirm, where)
		if spec.Confirm.Observed+spec.Confirm.Signed == 0 {
			s.badValue(confirm, where, "", "nobody would have to confirm")
		}
	}
	return spec
}

func (s *source) fields(v *value, where string) []Field {
	if v.kind != listValue {
		s.wrongType(v, where, `a list of fields, like ["limits.yaml#max"]`)
		return nil
	}
	if len(v.items) == 0 {
		s.badValue(v, where, "", `want at least one field, like "limits.yaml#max"`)
	}
	var out []Field
	for i, item := range v.items {
		text := s.text(item, at(where, i))
		if text == "" {
			continue
		}
		field, why := parseField(text)
		if why != "" {
			s.badValue(item, at(where, i), "", why)
			continue
		}
		out = append(out, field)
	}
	slices.SortFunc(out, func(a, b Field) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out)
}

// parseField reads "app.yaml#limits.max", or the pattern of whole files.
func parseField(text string) (f Field, why string) {
	files, key, keyed := strings.Cut(text, "#")
	f = Field{Files: files, Key: key}
	if why := badPlace(text); !keyed && why != "" {
		return f, why
	}
	if _, err := ParsePatterns([]string{files}); err != nil {
		return f, err.Error()
	}
	if why := badKeyNames(key); keyed && why != "" {
		return f, why
	}
	for _, name := range splitKey(key) {
		if _, err := path.Match(name, ""); err != nil {
			return f, fmt.Sprintf("%q is no pattern", name)
		}
	}
	return f, ""
}
