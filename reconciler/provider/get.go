package provider

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Get returns one value of a snapshot: Get[int](s, "app.yaml", "server", "port"). Positions in lists are written as
// numbers. A key that is missing or does not fit is an error, never a zero value.
func Get[T any](s *Snapshot, file string, path ...string) (T, error) {
	var value T
	tree, ok := s.values[file]
	if !ok {
		return value, fmt.Errorf("%s: no such file with values; there are: %s", file, strings.Join(s.Parsed(), ", "))
	}
	for i, name := range path {
		next, ok := child(tree, name)
		if !ok {
			return value, fmt.Errorf("%s%s: missing", file, keyText(path[:i+1]))
		}
		tree = next
	}
	d := decoder{file: file}
	d.value(path, tree, reflect.ValueOf(&value).Elem())
	if len(d.errs) > 0 {
		return *new(T), d.errs[0]
	}
	return value, nil
}

func child(tree any, name string) (any, bool) {
	switch t := tree.(type) {
	case map[string]any:
		value, ok := t[name]
		return value, ok
	case []any:
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(t) {
			return nil, false
		}
		return t[i], true
	}
	return nil, false
}
