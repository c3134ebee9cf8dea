package schema

import (
	"bytes"
	"strings"
)

// plainYAML reads the YAML that most configuration is: maps and lists by indentation, a scalar on one line, comments. It has no
// place for a finding: whatever is anything else, or wrong, it leaves to readYAML, which is some twenty times slower. What it
// does read has the values that readYAML gives; FuzzPlainYAML holds it to that. The values have no places.
func plainYAML(data []byte) (*value, bool) {
	if len(data) > maxFileSize || bytes.ContainsAny(data, "\t\r") {
		return nil, false
	}
	if _, what := forbiddenAt(data, false); what != "" {
		return nil, false
	}
	p := plainReader{lines: plainLines(string(data))}
	if len(p.lines) == 0 || len(p.lines) > maxPlainLines || p.lines[0].indent != 0 {
		return nil, false
	}
	v := p.block(0, 0)
	return v, v != nil && p.at == len(p.lines)
}

// plainLine is a line that is neither empty nor a comment alone.
type plainLine struct {
	indent int
	text   string // without indentation and blanks at its end
}

func plainLines(text string) []plainLine {
	lines := make([]plainLine, 0, strings.Count(text, "\n")+1)
	for line := range strings.Lines(text) {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if text = strings.TrimRight(text, " \n"); text != "" && text[0] != '#' {
			lines = append(lines, plainLine{indent, text})
		}
	}
	return lines
}

// What readYAML refuses is far above these: a line has three values at most.
const (
	maxPlainDepth = 20
	maxPlainLines = maxNodes / 4
)

// plainReader goes through the lines once. Every method returns nil for what it leaves to readYAML. A block ends at the first line
// that is not of it: one that is indented otherwise, as the rest of a scalar is, is of no block, so that the file is not read to
// its end.
type plainReader struct {
	lines  []plainLine
	at     int
	values []value // room for those to come
}

// put keeps a value beside the others of its file.
func (p *plainReader) put(v value) *value {
	if len(p.values) == cap(p.values) {
		p.values = make([]value, 0, max(8, len(p.lines)-p.at))
	}
	p.values = append(p.values, v)
	return &p.values[len(p.values)-1]
}

// next is the line to read, nil at the end.
func (p *plainReader) next() *plainLine {
	if p.at == len(p.lines) {
		return nil
	}
	return &p.lines[p.at]
}

// block reads the map or the list that begins with the next line.
func (p *plainReader) block(indent, depth int) *value {
	switch {
	case depth == maxPlainDepth:
		return nil
	case isItem(p.lines[p.at].text):
		return p.list(indent, depth)
	default:
		return p.mapping(indent, depth)
	}
}

func isItem(text string) bool { return text == "-" || strings.HasPrefix(text, "- ") }

func (p *plainReader) list(indent, depth int) *value {
	v := p.put(value{kind: listValue})
	for line := p.next(); line != nil && line.indent == indent && isItem(line.text); line = p.next() {
		item := p.item(line, depth)
		if item == nil {
			return nil
		}
		v.items = append(v.items, item)
	}
	return v
}

// item reads what follows a dash: a map there goes on in the column in which it begins.
func (p *plainReader) item(line *plainLine, depth int) *value {
	rest := strings.TrimLeft(line.text[1:], " ")
	if _, _, ok := cutKey(rest); ok {
		line.indent += len(line.text) - len(rest)
		line.text = rest
		return p.block(line.indent, depth+1)
	}
	p.at++
	return p.valueIn(line.indent, line.indent+1, rest, depth)
}

func (p *plainReader) mapping(indent, depth int) *value {
	v := p.put(value{kind: mapValue, fields: make([]member, 0, fewKeys/2)})
	seen := plainKeys{}
	for line := p.next(); line != nil && line.indent == indent; line = p.next() {
		key, rest, ok := cutKey(line.text)
		if !ok || !seen.add(v.fields, key) {
			return nil
		}
		p.at++
		from := indent + 1
		if next := p.next(); next != nil && isItem(next.text) {
			from = indent // a list may stand below its key
		}
		field := p.valueIn(indent, from, rest, depth)
		if field == nil {
			return nil
		}
		v.fields = append(v.fields, member{key: key, value: field})
	}
	if len(v.fields) == 0 {
		return nil
	}
	return v
}

// valueIn reads the value of a key or an item: the rest of its line or, where that is empty, the block below it, which begins at
// from or further right.
func (p *plainReader) valueIn(indent, from int, rest string, depth int) *value {
	next := p.next()
	if rest == "" || rest[0] == '#' {
		if next == nil || next.indent < from {
			return p.put(value{})
		}
		return p.block(next.indent, depth+1)
	}
	v, ok := plainLineValue(rest)
	if !ok {
		return nil
	}
	return p.put(v)
}

// cutKey parts a line after its key. A key begins with a letter, so that it is no number, and is no word with a type.
func cutKey(text string) (key, rest string, ok bool) {
	n := min(keyBytes(text), maxPlainKey)
	if n == 0 || !isLetter(text[0]) || n == len(text) || text[n] != ':' {
		return "", "", false
	}
	key, rest = text[:n], text[n+1:]
	if rest != "" && rest[0] != ' ' {
		return "", "", false
	}
	kind, _ := plainScalar(key)
	return key, strings.TrimLeft(rest, " "), kind == stringValue
}

const maxPlainKey = 100 // bytes; YAML takes a thousand

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// keyBytes is how long the key is that the text begins with.
func keyBytes(text string) int {
	for n := range len(text) {
		if c := text[n]; !isLetter(c) && !isDigit(c) && c != '-' && c != '.' && c != '/' {
			return n
		}
	}
	return len(text)
}

// plainLineValue reads a value that ends on its line.
func plainLineValue(text string) (value, bool) {
	switch c := text[0]; {
	case c == '"' || c == '\'':
		return plainQuoted(text[1:], c)
	case c == '[':
		return plainFlow(text)
	case isLetter(c), isDigit(c), c == '/', c == '.', c == '+', c >= 0x80:
	case c == '-' && len(text) > 1 && isDigit(text[1]), text == "~":
	default:
		return value{}, false
	}
	if i := strings.Index(text, " #"); i >= 0 {
		text = strings.TrimRight(text[:i], " ")
	}
	if strings.Contains(text, ": ") || strings.HasSuffix(text, ":") {
		return value{}, false
	}
	return plainTyped(text)
}

// plainTyped is a scalar without quotes, unless YAML's parsers read a number there that JSON cannot write.
func plainTyped(text string) (value, bool) {
	kind, literal := plainScalar(text)
	if kind == stringValue && beginsAsNumber(text) && otherNumber.MatchString(text) {
		return value{}, false
	}
	return value{kind: kind, text: literal}, true
}

// plainFlow reads a list in brackets of words and numbers.
func plainFlow(text string) (value, bool) {
	v := value{kind: listValue}
	inside, after, closed := strings.Cut(text[1:], "]")
	if !closed || !endsLine(after) {
		return v, false
	}
	if strings.Trim(inside, " ") == "" {
		return v, true
	}
	for item := range strings.SplitSeq(inside, ",") {
		item = strings.Trim(item, " ")
		if item == "" || !isLetter(item[0]) && !isDigit(item[0]) || keyBytes(item) < len(item) {
			return v, false
		}
		typed, ok := plainTyped(item)
		if !ok {
			return v, false
		}
		v.items = append(v.items, &typed)
	}
	return v, true
}

// endsLine says whether nothing follows a value but a comment.
func endsLine(after string) bool {
	rest := strings.TrimLeft(after, " ")
	return rest == "" || rest[0] == '#' && rest != after
}

// plainQuoted reads what follows a quote, where nothing in it is escaped.
func plainQuoted(text string, quote byte) (value, bool) {
	text, after, closed := strings.Cut(text, string(quote))
	if !closed || quote == '"' && strings.Contains(text, `\`) || !endsLine(after) {
		return value{}, false
	}
	return value{kind: stringValue, text: text}, true
}

// plainKeys finds keys that occur twice, or differ by case alone. Most maps are so small that it is nothing but a look at each key.
type plainKeys map[string]bool

const fewKeys = 16

func (s plainKeys) add(before []member, key string) bool {
	if len(before) < fewKeys {
		for _, m := range before {
			if strings.EqualFold(m.key, key) {
				return false
			}
		}
		return true
	}
	if len(s) == 0 {
		for _, m := range before {
			s[strings.ToLower(m.key)] = true
		}
	}
	folded := strings.ToLower(key)
	taken := s[folded]
	s[folded] = true
	return !taken
}
