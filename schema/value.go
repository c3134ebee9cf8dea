package schema

// valueKind is the type of a parsed value, in JSON's words.
type valueKind int

const (
	nullValue valueKind = iota
	boolValue
	numberValue
	stringValue
	listValue
	mapValue
)

var kindNames = [...]string{"nothing", "true or false", "a number", "text", "a list", "a map"}

// String names the kind for people.
func (k valueKind) String() string { return kindNames[k] }

// span is a place in a file and how many runes of its line it covers.
type span struct{ line, column, width int }

// value is a parsed YAML or JSON file, or a part of it, with its place. Both formats give the same values.
//
// Invariant: keys of a map are unique; text of a number is a literal of JSON's grammar.
type value struct {
	kind   valueKind
	text   string // bool and number: the literal; string: the text
	at     span
	fields []member // in the order of the file
	items  []*value
}

// member is a key of a map with its value.
type member struct {
	key   string
	at    span
	value *value
}

// field returns the member of that key.
func (v *value) field(key string) (member, bool) {
	if v == nil {
		return member{}, false
	}
	for _, m := range v.fields {
		if m.key == key {
			return m, true
		}
	}
	return member{}, false
}

// plain returns the value in the types of encoding/json.
func (v *value) plain() any {
	switch v.kind {
	case boolValue:
		return v.text == "true"
	case numberValue:
		return number(v.text)
	case stringValue:
		return v.text
	case listValue:
		out := make([]any, len(v.items))
		for i, item := range v.items {
			out[i] = item.plain()
		}
		return out
	case mapValue:
		out := make(map[string]any, len(v.fields))
		for _, m := range v.fields {
			out[m.key] = m.value.plain()
		}
		return out
	default:
		return nil
	}
}
