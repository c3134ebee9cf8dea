package schema

import (
	"slices"
	"strings"
)

// gate looks at the names in a list of policies, which a project that loads has in the right shape.
func (r *nameReader) gate(list *value, path string) {
	for i, item := range list.items {
		for _, m := range item.fields {
			r.policy(m, join(at(path, i), m.key))
		}
	}
}

func (r *nameReader) policy(m member, path string) {
	below := func(name string, look func(*value, string)) {
		if f, ok := m.value.field(name); ok {
			look(f.value, join(path, name))
		}
	}
	eachOf := func(look func(*value, string)) func(*value, string) {
		return func(list *value, path string) { r.each(list, path, look) }
	}
	switch m.key {
	case "all", "any":
		r.gate(m.value, path)
	case "at_least":
		below("of", r.gate)
	case "when":
		below("apps", eachOf(r.app))
		below("files", eachOf(r.files))
		below("then", r.gate)
	case "approvals":
		below("paths", eachOf(r.files))
	case "critical":
		below("fields", eachOf(r.field))
	case "breaker":
		for _, name := range []string{"fields", "durations", "sets"} {
			below(name, eachOf(r.field))
		}
	case "secrets":
		below("allow", eachOf(r.exception))
	case "schema", "tags":
		for _, files := range m.value.fields {
			if r.filesNamed(files.key, files.at, path) && m.key == "tags" {
				r.tagKeys(files, join(path, files.key))
			}
		}
	}
}

// field looks for "app.yaml#limits.max", or a whole file.
func (r *nameReader) field(v *value, path string) {
	field, why := parseField(v.text)
	switch {
	case why != "":
	case field.Key == "" && !r.matches(field.Files):
		hint := didYouMean(v.text, r.fileNames())
		if file := r.fileOf(v.text); file != "" {
			hint = `did you mean "` + file + "#" + v.text + `"?`
		}
		r.nothing(v.at, path, v.text, "file", hint)
	case !r.matches(field.Files):
		hint := ""
		if near, ok := nearest(field.Files, r.fileNames()); ok {
			hint = `did you mean "` + near + "#" + field.Key + `"?`
		}
		r.nothing(v.at, path, v.text, "file", hint)
	case field.Key != "":
		r.keys(v, path, field)
	}
}

// keys says that no file holds a value of the field; where one of the files cannot be read, it may.
func (r *nameReader) keys(v *value, path string, field Field) {
	var known []string
	for _, file := range r.present.Files {
		if !(Patterns{field.Files}).Match(file) {
			continue
		}
		pointers, ok := r.present.Leaves(file)
		if !ok || slices.ContainsFunc(pointers, func(p string) bool { return field.Names(file, p) }) {
			return
		}
		known = append(known, keysOf(pointers)...)
	}
	hint := ""
	if near, ok := nearest(field.Key, known); ok {
		hint = `did you mean "` + field.Files + "#" + near + `"?`
	}
	r.nothing(v.at, path, v.text, "value", hint)
}

// fileOf is a file that has a value of this key, where the name of the file was forgotten.
func (r *nameReader) fileOf(key string) string {
	for _, file := range r.present.Files {
		pointers, _ := r.present.Leaves(file)
		if slices.Contains(keysOf(pointers), key) {
			return file
		}
	}
	return ""
}

// exception says that what may hold a secret is everything, or is not there.
func (r *nameReader) exception(v *value, path string) {
	e, why := secretException(v.text)
	if why != "" || e.everything() { // which is said of the gate
		return
	}
	if !r.matches(e.Files) {
		r.nothing(v.at, path, v.text, "file", didYouMean(e.Files, r.fileNames()))
	}
}

// tagKeys speaks of slips alone: a value that is not required need not be there.
func (r *nameReader) tagKeys(files member, path string) {
	var known []string
	for _, file := range r.present.Files {
		if (Patterns{files.key}).Match(file) {
			pointers, ok := r.present.Leaves(file)
			if !ok {
				return
			}
			known = append(known, keysOf(pointers)...)
		}
	}
	for _, key := range files.value.fields {
		near, ok := nearest(key.key, known)
		if ok && !slices.ContainsFunc(known, func(have string) bool { return alikeKeys(key.key, have) }) {
			r.nothing(key.at, path, key.key, "value", `did you mean "`+near+`"?`)
		}
	}
}

// alikeKeys reports whether a key of tags, in which a star is any name, is one of a file.
func alikeKeys(want, have string) bool {
	names, there := splitKey(want), splitKey(have)
	if len(names) != len(there) {
		return false
	}
	for i, name := range names {
		if name != "*" && KeyName(name) != KeyName(there[i]) {
			return false
		}
	}
	return true
}

// keysOf are the keys under which values stand and the maps that they stand in, as a field writes them.
func keysOf(pointers []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, pointer := range pointers {
		key := ""
		for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
			name = strings.NewReplacer("~1", "/", "~0", "~", ".", `\.`).Replace(name)
			if key != "" {
				name = key + "." + name
			}
			if key = name; !seen[key] {
				seen[key] = true
				out = append(out, key)
			}
		}
	}
	return out
}
