package provider

import (
	"errors"
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
//
// What is embedded is part of the struct unless a tag gives it a name, by pointer too: it is made then.
func fieldsOf(t reflect.Type) ([]field, error) { return embeddedFields(t, nil) }

// embeddedFields are those of a struct that is embedded in others.
func embeddedFields(t reflect.Type, within []reflect.Type) ([]field, error) {
	if slices.Contains(within, t) {
		return nil, fmt.Errorf("%s embeds itself", t)
	}
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		part, err := inlined(sf)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", sf.Name, t, err)
		}
		if part != nil {
			inner, err := embeddedFields(part, append(slices.Clone(within), t))
			if err != nil {
				return nil, err
			}
			for _, f := range inner {
				f.index = append([]int{i}, f.index...)
				out = append(out, f)
			}
			continue
		}
		tag, tagged := sf.Tag.Lookup("sluice")
		if tag == "-" || !tagged && (sf.Tag.Get("json") == "-" || !sf.IsExported() && !(sf.Anonymous && hasFields(sf.Type))) {
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

// inlined returns the struct whose fields stand for the field, or nil for one with a key of its own.
func inlined(sf reflect.StructField) (reflect.Type, error) {
	_, tagged := sf.Tag.Lookup("sluice")
	name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !sf.Anonymous || tagged || name != "" || !hasFields(t) {
		return nil, nil
	}
	if t != sf.Type && !sf.IsExported() {
		return nil, errors.New("an embedded pointer to a type that is not exported cannot be filled; embed the struct")
	}
	return t, nil
}

// hasFields reports whether a type is a struct whose fields have keys of their own.
func hasFields(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != secretType && !reflect.PointerTo(t).Implements(textType)
}

// checkType says what is wrong with the tags of a type and of everything in it, so that a default that does not fit is
// found by who writes it, and not by the first release that lacks the key.
func checkType(t reflect.Type, seen map[reflect.Type]bool) error {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return checkType(t.Elem(), seen)
	}
	if !hasFields(t) || seen[t] {
		return nil
	}
	seen[t] = true
	fields, err := fieldsOf(t)
	if err != nil {
		return err
	}
	errs := make([]error, 0, len(fields))
	for _, f := range fields {
		sf := t.FieldByIndex(f.index)
		if f.hasDefault {
			d := decoder{file: fmt.Sprintf("field %s of %s: default", sf.Name, t)}
			d.value(nil, f.value, reflect.New(sf.Type).Elem())
			errs = append(errs, d.errs...)
		}
		errs = append(errs, checkType(sf.Type, seen))
	}
	return errors.Join(errs...)
}

// at is the field in a struct. What is embedded by pointer on the way is made.
func (f field) at(v reflect.Value) reflect.Value {
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

func readTag(sf reflect.StructField, tag string) (field, error) {
	if !sf.IsExported() {
		return field{}, errors.New("it is not exported, so it cannot be filled")
	}
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
