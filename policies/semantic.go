package policies

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/schema"
)

// criticalValues are the critical values that changed in meaning, and how many there are on either side. A list is one value.
func (b Breaker) criticalValues(f Facts) (changedOnes []place, all int) {
	paths := map[string]bool{}
	for _, m := range []schema.Manifest{f.Before, f.After} {
		for _, file := range m {
			paths[file.Path] = true
		}
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if !slices.ContainsFunc(b.Fields, func(field schema.Field) bool { return (schema.Patterns{field.Files}).Match(path) }) {
			continue
		}
		was, is := branches(f.reading, path, f.Was), branches(f.reading, path, f.Files)
		pointers := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(is)))
		slices.Sort(pointers)
		for _, pointer := range slices.Compact(pointers) {
			if !reached(b.Fields, path, pointer, true) {
				continue
			}
			all++
			old, had := was[pointer]
			now, has := is[pointer]
			if had != has || !b.same(path, pointer, old, now) {
				changedOnes = append(changedOnes, place{path, pointer})
			}
		}
	}
	return changedOnes, all
}

func reached(fields []schema.Field, path, pointer string, anyCase bool) bool {
	return slices.ContainsFunc(fields, func(field schema.Field) bool { return field.Reaches(path, pointer, anyCase) })
}

// same compares two values by what they mean: numbers by size, durations and sets where the policy says that they are ones.
func (b Breaker) same(path, pointer string, old, now any) bool {
	options := cmp.Options{cmp.Comparer(sameNumber)}
	if reached(b.Durations, path, pointer, false) {
		options = append(options, cmp.Comparer(sameDuration))
	}
	if reached(b.Sets, path, pointer, false) {
		options = append(options, cmp.Transformer("set", asSet))
	}
	return cmp.Equal(old, now, options)
}

// branches are the values of a file by JSON Pointer, as deep as maps go. A file without keys is one value, its digest.
func branches(r reading, path string, files map[string][]byte) map[string]any {
	data, ok := files[path]
	if !ok {
		return nil
	}
	value, err := r.decode(path, data)
	if err != nil {
		return map[string]any{"": schema.DigestOf(data)}
	}
	out := map[string]any{}
	var walk func(any, string)
	walk = func(value any, at string) {
		m, ok := value.(map[string]any)
		if !ok || len(m) == 0 {
			out[at] = value
			return
		}
		for name, below := range m {
			walk(below, at+"/"+pointer(name))
		}
	}
	walk(value, "")
	return out
}

// sameNumber compares literals by their value, whatever their size: 5, 5.0 and 50e-1 are one number.
func sameNumber(a, b json.Number) bool {
	x, okX := decimalOf(string(a))
	y, okY := decimalOf(string(b))
	if !okX || !okY {
		return a == b
	}
	return x == y
}

// decimal is a number as digits without zeros at either end, and a power of ten.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

func decimalOf(literal string) (decimal, bool) {
	rest, negative := strings.CutPrefix(literal, "-")
	mantissa, power, scaled := strings.Cut(strings.ToLower(rest), "e")
	var d decimal
	if scaled {
		n, err := strconv.ParseInt(power, 10, 32)
		if err != nil {
			return d, false
		}
		d.exponent = n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.exponent -= int64(len(fraction))
	digits := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(digits, "0")
	d.exponent += int64(len(digits) - len(d.digits))
	if d.digits == "" {
		return decimal{}, true
	}
	d.negative = negative
	return d, true
}

// sameDuration compares two texts by how long they last, where both are durations.
func sameDuration(a, b string) bool {
	x, errX := schema.ParseDuration(a)
	y, errY := schema.ParseDuration(b)
	if errX != nil || errY != nil {
		return a == b
	}
	return x == y
}

// asSet forgets order and repetition. What is in the set is compared as it is written, numbers by their value.
func asSet(list []any) map[string]bool {
	out := map[string]bool{}
	for i, item := range list {
		out[member(i, item)] = true
	}
	return out
}

// member writes a value so that no two different ones are written alike.
func member(i int, item any) string {
	if literal, ok := item.(json.Number); ok {
		if d, ok := decimalOf(string(literal)); ok {
			return "number " + strconv.FormatBool(d.negative) + d.digits + "e" + strconv.FormatInt(d.exponent, 10)
		}
	}
	text, err := json.Marshal(item)
	if err != nil {
		return "place " + strconv.Itoa(i)
	}
	return "value " + string(text)
}
