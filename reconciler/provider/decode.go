package provider

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decoder puts values into Go types. It collects everything that is wrong, and never repeats a value.
type decoder struct {
	strict bool
	file   string // for messages
	errs   []error
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
	numberType   = reflect.TypeFor[json.Number]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	checkedType  = reflect.TypeFor[interface{ Validate() error }]()
)

func (d *decoder) fail(path []string, format string, args ...any) {
	d.errs = append(d.errs, fmt.Errorf("%s%s: "+format, append([]any{d.file, keyText(path)}, args...)...))
}

// want says what would fit and what kind of thing is there.
func (d *decoder) want(path []string, what string, have any) {
	d.fail(path, "want %s, have %s", what, kindOf(have))
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "nothing (null)"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "text"
	case []any:
		return "a list"
	}
	return "a map"
}

// value decodes what is there into v, then asks the type itself, if nothing in it was wrong.
func (d *decoder) value(path []string, have any, v reflect.Value) {
	before := len(d.errs)
	d.fill(path, have, v)
	if len(d.errs) == before {
		d.validate(path, v)
	}
}

func (d *decoder) fill(path []string, have any, v reflect.Value) {
	t := v.Type()
	switch {
	case t.Kind() == reflect.Pointer:
		d.pointer(path, have, v)
	case t == secretType:
		if text, ok := have.(string); ok {
			v.Set(reflect.ValueOf(NewSecret(text)))
		} else {
			d.want(path, "text", have)
		}
	case t == durationType:
		d.duration(path, have, v)
	case t == numberType:
		if n, ok := have.(json.Number); ok {
			v.SetString(string(n))
		} else {
			d.want(path, "a number", have)
		}
	case reflect.PointerTo(t).Implements(textType):
		d.text(path, have, v)
	default:
		d.kind(path, have, v)
	}
}

func (d *decoder) kind(path []string, have any, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		d.structure(path, have, v)
	case reflect.Map:
		d.mapping(path, have, v)
	case reflect.Slice:
		d.list(path, have, v)
	case reflect.Bool:
		if b, ok := have.(bool); ok {
			v.SetBool(b)
		} else {
			d.want(path, "true or false", have)
		}
	case reflect.String:
		if s, ok := have.(string); ok {
			v.SetString(s)
		} else {
			d.want(path, "text (quote it in the file)", have)
		}
	case reflect.Interface:
		if v.NumMethod() > 0 {
			d.fail(path, "type %s cannot be filled from configuration", v.Type())
		} else if have != nil {
			v.Set(reflect.ValueOf(cloneTree(have)))
		}
	default:
		d.number(path, have, v)
	}
}

func (d *decoder) pointer(path []string, have any, v reflect.Value) {
	if have == nil {
		v.SetZero()
		return
	}
	v.Set(reflect.New(v.Type().Elem()))
	d.value(path, have, v.Elem())
}

func (d *decoder) list(path []string, have any, v reflect.Value) {
	items, ok := have.([]any)
	if !ok {
		if have != nil || v.Type().Elem().Kind() == reflect.Uint8 {
			d.want(path, "a list", have)
		}
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(below(path, strconv.Itoa(i)), item, v.Index(i))
	}
}

func (d *decoder) mapping(path []string, have any, v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		d.fail(path, "type %s cannot be filled from configuration: keys are text", v.Type())
		return
	}
	fields, ok := have.(map[string]any)
	if !ok {
		if have != nil {
			d.want(path, "a map", have)
		}
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(fields)))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(below(path, name), fields[name], item)
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), item)
	}
}

// structure fills the fields that are there.
func (d *decoder) structure(path []string, have any, v reflect.Value) {
	values, ok := have.(map[string]any)
	if !ok {
		d.want(path, "a map", have)
		return
	}
	fields, err := fieldsOf(v.Type())
	if err != nil {
		d.fail(path, "%w", err)
		return
	}
	known := map[string]bool{}
	for _, f := range fields {
		names := f.find(values)
		for _, name := range names {
			known[name] = true
		}
		switch len(names) {
		case 0:
			d.missing(below(path, f.name), f, f.at(v))
		case 1:
			d.field(below(path, f.name), f, values[names[0]], f.at(v))
		default:
			d.fail(below(path, f.name), "several keys differ in case alone: %s; write it one way, or name the key in the field's tag", strings.Join(names, ", "))
		}
	}
	if d.strict {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if !known[name] {
				d.fail(below(path, name), "%s", unknown(name, fields))
			}
		}
	}
}

// validate asks the type itself.
func (d *decoder) validate(path []string, v reflect.Value) {
	if !reflect.PointerTo(v.Type()).Implements(checkedType) {
		return
	}
	err := guarded(v.Addr().Interface().(interface{ Validate() error }).Validate)
	switch {
	case errors.Is(err, errPanicked):
		d.fail(path, "Validate of %s panicked", v.Type())
	case err != nil:
		d.fail(path, "%w", err)
	}
}

// field decodes what is there for a field.
func (d *decoder) field(path []string, f field, have any, v reflect.Value) {
	if f.required && have == nil {
		d.want(path, "a value", have) // also where null would be an empty list or no pointer
		return
	}
	d.value(path, have, v)
}

// missing gives a field what it has where there is no key for it, or says that there has to be one.
func (d *decoder) missing(path []string, f field, v reflect.Value) {
	switch {
	case f.hasDefault:
		d.value(path, f.value, v)
	case f.optional:
		defaults(v)
	case hasFields(v.Type()) && !f.required:
		d.value(path, map[string]any{}, v) // its own fields say what is missing
	default:
		d.fail(path, "missing")
	}
}

// defaults fills in what an optional struct has where it is missing. Nothing in it is missing then, and nobody is asked.
func defaults(v reflect.Value) {
	if !hasFields(v.Type()) {
		return
	}
	fields, _ := fieldsOf(v.Type()) // checkType has said what is wrong with it
	for _, f := range fields {
		if f.hasDefault {
			(&decoder{}).value(nil, f.value, f.at(v))
		} else {
			defaults(f.at(v))
		}
	}
}

// unknown says that a key is, and which was meant.
func unknown(name string, fields []field) string {
	for _, f := range fields {
		if strings.EqualFold(f.name, name) || distance(f.name, name) <= 2 && len(name) > 3 {
			return fmt.Sprintf("unknown key; did you mean %s?", f.name)
		}
	}
	return "unknown key"
}

// distance counts the letters to change, add or remove.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// cloneTree copies a tree, so that what a program does to its copy changes no snapshot.
func cloneTree(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = cloneTree(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = cloneTree(item)
		}
		return out
	}
	return v
}
