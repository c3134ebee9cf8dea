package provider

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is one field of a struct as its tags describe it.
type field struct {
	name       string // of the key
	exact      bool   // the tag names the key; else any case of the field's name is it
	index      []int
	optional   bool
	required   bool
	hasDefault bool
	value      any // the default, as a tree
}

// fieldsOf reads the tags of a struct:
//
//	Port    int           `sluice:"port"`
//	Timeout time.Duration `sluice:"timeout" default:"30s"`
//	Proxy   string        `sluice:"proxy,optional"`
//	TLS     *TLS          `sluice:"tls"`           // a pointer is optional
//	Auth    *Auth         `sluice:"auth,required"` // unless it says so
//	cached  int           // unexported fields, and those tagged "-", are the program's own
//
// Without a sluice tag the name in the json tag counts, then the field's own name in any case.
func fieldsOf(t reflect.Type) ([]field, error) {
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, tagged := sf.Tag.Lookup("sluice")
		if sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct {
			inner, err := fieldsOf(sf.Type)
			if err != nil {
				return nil, err
			}
			for _, f := range inner {
				f.index = append([]int{i}, f.index...)
				out = append(out, f)
			}
			continue
		}
		if !sf.IsExported() || tag == "-" || !tagged && sf.Tag.Get("json") == "-" {
			continue
		}
		f, err := readTag(sf, tag)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", sf.Name, t, err)
		}
		out = append(out, f)
	}
	return out, nil
}

func readTag(sf reflect.StructField, tag string) (field, error) {
	f := field{index: sf.Index, optional: sf.Type.Kind() == reflect.Pointer}
	name, options, _ := strings.Cut(tag, ",")
	if name == "" {
		name, _, _ = strings.Cut(sf.Tag.Get("json"), ",")
	}
	f.name, f.exact = name, name != ""
	if !f.exact {
		f.name = sf.Name
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "optional":
			f.optional = true
		case "required":
			f.required, f.optional = true, false
		default:
			return f, fmt.Errorf("tag option %q is not known; there are: optional, required", option)
		}
	}
	text, ok := sf.Tag.Lookup("default")
	if !ok {
		return f, nil
	}
	f.hasDefault = true
	f.value = defaultValue(sf.Type, text)
	return f, nil
}

// defaultValue reads a default as the file would have it: JSON where the type is no text, else the text itself.
func defaultValue(t reflect.Type, text string) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.String && t != numberType || t == secretType || t == durationType || reflect.PointerTo(t).Implements(textType) {
		return text
	}
	var value any
	if err := strictly([]byte(text), &value); err != nil {
		return text // a wrong one is found when it is decoded
	}
	return value
}

// find looks the keys up that may be the field's, sorted. More than one is nobody's: files that are laid over one another may
// write a key in several ways, and none of them is the one that was meant.
func (f field) find(values map[string]any) (names []string) {
	if f.exact {
		if _, found := values[f.name]; found {
			return []string{f.name}
		}
		return nil
	}
	for name := range values {
		if strings.EqualFold(name, f.name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
