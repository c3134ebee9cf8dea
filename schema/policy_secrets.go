package schema

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// SecretsSpec is the value of the secrets policy: what looks like a secret and is none.
//
// Invariant: sorted; each occurs once.
type SecretsSpec struct {
	Allow []SecretException `json:"allow"`
}

// SecretException names values that may stand in plain text.
type SecretException struct {
	Files string `json:"files"` // pattern, relative to the app
	Key   string `json:"key"`   // pattern of the key whose value it is; empty: everything in the files
}

// Allows reports whether the exception is about a value; key is empty where a file has none there.
func (e SecretException) Allows(file, key string) bool {
	if e.Files != AllFiles && !(Patterns{e.Files}).Match(file) {
		return false
	}
	ok, err := path.Match(e.Key, key)
	return e.Key == "" || key != "" && err == nil && ok
}

// Secrets reads the value of a secrets policy.
func (s PolicySpec) Secrets() (SecretsSpec, error) {
	var spec SecretsSpec
	err := s.decode("secrets", func(src *source, v *value) { spec = src.secrets(v, "secrets") })
	return spec, err
}

func (s *source) secrets(v *value, path string) SecretsSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map; {} allows no exception")
		return SecretsSpec{}
	}
	o, _ := s.object(v, secretsShape, path)
	items, path := o.list("allow")
	var spec SecretsSpec
	for i, item := range items {
		text := s.text(item, at(path, i))
		if text == "" {
			continue
		}
		e, why := secretException(text)
		if why != "" {
			s.badValue(item, at(path, i), "", why)
			continue
		}
		spec.Allow = append(spec.Allow, e)
	}
	slices.SortFunc(spec.Allow, func(a, b SecretException) int {
		return cmp.Or(cmp.Compare(a.Files, b.Files), cmp.Compare(a.Key, b.Key))
	})
	spec.Allow = slices.Compact(spec.Allow)
	return spec
}

// everything reports whether the exception leaves nothing to judge, or no key.
func (e SecretException) everything() bool {
	return (Patterns{e.Files}).coverAll() == 0 && (e.Key == "" || strings.Trim(e.Key, "*") == "")
}

// secretException reads FILES or FILES#KEY; why says what is wrong with it.
func secretException(text string) (e SecretException, why string) {
	files, key, keyed := strings.Cut(text, "#")
	if _, err := ParsePatterns([]string{files}); err != nil {
		return e, err.Error()
	}
	if _, err := path.Match(key, ""); err != nil || keyed && key == "" {
		return e, fmt.Sprintf(`%q: want a pattern of files, or one of files and one of keys, like "app.yaml#tokenName"`, text)
	}
	return SecretException{Files: files, Key: key}, ""
}
