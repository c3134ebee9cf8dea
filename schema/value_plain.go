package schema

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
)

// number reads a literal as encoding/json does; what does not fit a float64 keeps its literal.
func number(literal string) any {
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return json.Number(literal)
	}
	return f
}

// valueOf is the inverse of plain, for values that people put together in Go or that come from JSON. It has no places.
func valueOf(plain any) (*value, error) {
	switch v := plain.(type) {
	case nil:
		return &value{}, nil
	case bool:
		return &value{kind: boolValue, text: strconv.FormatBool(v)}, nil
	case string:
		return &value{kind: stringValue, text: v}, nil
	case int, int64, json.Number:
		return &value{kind: numberValue, text: fmt.Sprint(v)}, nil
	case float64:
		return &value{kind: numberValue, text: strconv.FormatFloat(v, 'f', -1, 64)}, nil
	case []string:
		return valueOfStrings(v), nil
	case []any:
		return valueOfList(v)
	case map[string]any:
		return valueOfMap(v)
	default:
		return nil, fmt.Errorf("a value of type %T is none of JSON's", plain)
	}
}

func valueOfStrings(texts []string) *value {
	out := &value{kind: listValue}
	for _, s := range texts {
		out.items = append(out.items, &value{kind: stringValue, text: s})
	}
	return out
}

func valueOfList(items []any) (*value, error) {
	out := &value{kind: listValue}
	for _, item := range items {
		v, err := valueOf(item)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, v)
	}
	return out, nil
}

func valueOfMap(fields map[string]any) (*value, error) {
	out := &value{kind: mapValue}
	for key, field := range fields {
		v, err := valueOf(field)
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, member{key: key, value: v})
	}
	sort.Slice(out.fields, func(i, j int) bool { return out.fields[i].key < out.fields[j].key })
	return out, nil
}
