package provider

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"time"
)

// Numbers, durations and texts of the type's own: what has no parts.

func (d *decoder) number(path []string, have any, v reflect.Value) {
	n, ok := have.(json.Number)
	if v.CanInt() || v.CanUint() {
		var err error
		if v.CanInt() {
			var i int64
			i, err = strconv.ParseInt(string(n), 10, v.Type().Bits())
			v.SetInt(i)
		} else {
			var u uint64
			u, err = strconv.ParseUint(string(n), 10, v.Type().Bits())
			v.SetUint(u)
		}
		switch {
		case !ok:
			d.want(path, "a whole number", have)
		case errors.Is(err, strconv.ErrRange):
			d.fail(path, "the number does not fit into %s", v.Type())
		case err != nil:
			d.fail(path, "want a whole number that fits into %s", v.Type())
		}
		return
	}
	if !v.CanFloat() {
		d.fail(path, "type %s cannot be filled from configuration", v.Type())
		return
	}
	f, err := strconv.ParseFloat(string(n), v.Type().Bits())
	switch {
	case !ok:
		d.want(path, "a number", have)
	case err != nil:
		d.fail(path, "the number does not fit into %s", v.Type())
	default:
		v.SetFloat(f)
	}
}

var days = regexp.MustCompile(`^([0-9]{1,6})d$`)

// duration reads 90m, 24h and 30d, as the reconciler's own files have them. A bare number has no unit and is refused.
func (d *decoder) duration(path []string, have any, v reflect.Value) {
	text, ok := have.(string)
	if !ok {
		d.want(path, `a duration like "90m" or "30d"`, have)
		return
	}
	if m := days.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		v.SetInt(int64(min(n, 106_751)) * int64(24*time.Hour))
		if n > 106_751 {
			d.fail(path, "the duration is too long")
		}
		return
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		d.fail(path, `want a duration like "90m" or "30d"`)
	}
	v.SetInt(int64(parsed))
}

func (d *decoder) text(path []string, have any, v reflect.Value) {
	var text string
	switch h := have.(type) {
	case string:
		text = h
	case json.Number:
		text = string(h) // the literal
	default:
		d.want(path, "text", have)
		return
	}
	err := guarded(func() error { return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) })
	switch {
	case errors.Is(err, errPanicked):
		d.fail(path, "UnmarshalText of %s panicked", v.Type())
	case err != nil:
		d.fail(path, "not a %s", v.Type()) // the error would quote the value
	}
}
