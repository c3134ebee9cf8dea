package schema

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// yamlReader turns the parser's nodes into values. It stops at the first finding that concerns the whole file.
type yamlReader struct {
	src     *source
	rules   yamlRules
	nodes   int // so far, aliases followed
	bytes   int // of text so far, aliases followed
	stopped bool
}

// convert returns nil after a finding.
func (r *yamlReader) convert(n *yaml.Node, depth int) *value {
	r.nodes++
	r.bytes += len(n.Value)
	switch {
	case r.stopped:
		return nil
	case depth > maxDepth, depth == maxDepth && (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode):
		return r.stop(n, "yaml-too-deep", args{"limit": count(maxDepth)})
	case r.nodes > maxNodes || r.bytes > maxText:
		return r.stop(n, "yaml-too-big", args{"limit": count(maxNodes)})
	case n.Anchor != "" && !r.rules.aliases:
		return r.stop(n, "yaml-alias", args{"name": "&" + n.Anchor})
	case n.Kind == yaml.AliasNode:
		if !r.rules.aliases {
			return r.stop(n, "yaml-alias", args{"name": "*" + n.Value})
		}
		return r.convert(n.Alias, depth)
	case !knownTag(n):
		r.src.report(r.span(n), "yaml-tag", "", args{"tag": n.Tag})
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(n, depth)
	case yaml.SequenceNode:
		return r.sequence(n, depth)
	default:
		return r.scalar(n)
	}
}

func (r *yamlReader) stop(n *yaml.Node, code Code, a args) *value {
	r.stopped = true
	r.src.report(r.span(n), code, "", a)
	return nil
}

// knownTag accepts the core types where they are written out, and nothing else.
func knownTag(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle == 0 {
		return true
	}
	switch n.ShortTag() {
	case "!!map":
		return n.Kind == yaml.MappingNode
	case "!!seq":
		return n.Kind == yaml.SequenceNode
	case "!!str", "!!int", "!!float", "!!bool", "!!null":
		return n.Kind == yaml.ScalarNode
	}
	return false
}

func (r *yamlReader) sequence(n *yaml.Node, depth int) *value {
	v := &value{kind: listValue, at: r.span(n)}
	for _, item := range n.Content {
		v.items = append(v.items, r.convert(item, depth+1))
	}
	return v
}

func (r *yamlReader) mapping(n *yaml.Node, depth int) *value {
	most := len(n.Content) / 2
	v := &value{kind: mapValue, at: r.span(n), fields: make([]member, 0, most)}
	seen := make(keySet, most)
	for i := 0; i+1 < len(n.Content) && !r.stopped; i += 2 {
		key, ok := r.key(n.Content[i], depth)
		if !ok {
			continue
		}
		at := r.span(n.Content[i])
		if !seen.add(r.src, key, at, r.rules.foldKeys) {
			continue
		}
		v.fields = append(v.fields, member{key: key, at: at, value: r.convert(n.Content[i+1], depth+1)})
	}
	return v
}

// key reads a map's key: text only, and not the merge key.
func (r *yamlReader) key(n *yaml.Node, depth int) (string, bool) {
	if n.Kind == yaml.ScalarNode && n.Value == "<<" && plainStyle(n) {
		r.src.report(r.span(n), "yaml-merge-key", "", nil)
		return "", false
	}
	k := r.convert(n, depth+1)
	if k == nil {
		return "", false
	}
	if k.kind != stringValue {
		hint := ""
		if n.Kind == yaml.ScalarNode {
			hint = `write "` + n.Value + `" in quotes`
		}
		r.src.report(r.span(n), "key-not-text", hint, args{"kind": k.kind.String()})
		return "", false
	}
	return k.text, true
}

// keySet finds keys that occur twice.
type keySet map[string]member

func (s keySet) add(src *source, key string, at span, fold bool) bool {
	id := key
	if fold {
		id = strings.ToLower(strings.ToUpper(key))
	}
	before, taken := s[id]
	switch {
	case !taken:
		s[id] = member{key: key, at: at}
		return true
	case before.key == key:
		src.report(at, "duplicate-key", "", args{"key": key, "line": count(before.at.line)})
	default:
		src.report(at, "key-case", "", args{"key": key, "other": before.key, "line": count(before.at.line)})
	}
	return false
}

func plainStyle(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
}

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	// otherNumber is what some YAML parser reads as a number although JSON has no such literal.
	otherNumber = regexp.MustCompile(`^[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|` +
		`\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))$|^\.(nan|NaN|NAN)$`)
)

// beginsAsNumber keeps most texts from the expressions, which take as long as the parser itself.
func beginsAsNumber(text string) bool {
	return text != "" && (text[0] >= '0' && text[0] <= '9' || text[0] == '-' || text[0] == '+' || text[0] == '.')
}

// scalar resolves the types itself, by the rules that FORMAT.md gives, so that they do not depend on the parser.
func (r *yamlReader) scalar(n *yaml.Node) *value {
	v := &value{kind: stringValue, text: n.Value, at: r.span(n)}
	if n.Style&yaml.TaggedStyle != 0 {
		return r.tagged(n, v)
	}
	if !plainStyle(n) {
		return v
	}
	v.kind, v.text = plainScalar(n.Value)
	if v.kind == stringValue && beginsAsNumber(n.Value) && otherNumber.MatchString(n.Value) {
		r.src.report(v.at, "number", "put it into quotes if it is text; else write it as JSON does", nil)
		return nil
	}
	return v
}

// plainScalar gives the type and text of a scalar without quotes.
func plainScalar(text string) (valueKind, string) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nullValue, ""
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return boolValue, strings.ToLower(text)
	}
	if beginsAsNumber(text) && jsonNumber.MatchString(text) {
		return numberValue, text
	}
	return stringValue, text
}

// tagged reads a scalar whose type is written out; its text has to be of that type.
func (r *yamlReader) tagged(n *yaml.Node, v *value) *value {
	kind, text := plainScalar(n.Value)
	want := map[string]valueKind{"!!int": numberValue, "!!float": numberValue, "!!bool": boolValue, "!!null": nullValue}
	tag := n.ShortTag()
	if tag == "!!str" {
		return v
	}
	if kind != want[tag] || tag == "!!int" && strings.ContainsAny(text, ".eE") {
		r.src.report(v.at, "yaml-tag", "remove the tag", args{"tag": n.Tag})
		return nil
	}
	v.kind, v.text = kind, text
	return v
}

// span is where a node is written. The parser keeps no end: the width is that of the text, and report cuts it to the line.
func (r *yamlReader) span(n *yaml.Node) span {
	at := span{line: n.Line, column: n.Column, width: 1}
	switch {
	case n.Kind == yaml.AliasNode:
		at.width = utf8.RuneCountInString(n.Value) + 1
	case n.Anchor != "":
		at.width = utf8.RuneCountInString(n.Anchor) + 1
	case n.Style&yaml.TaggedStyle != 0:
		at.width = utf8.RuneCountInString(n.Tag)
	case n.Kind != yaml.ScalarNode:
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		at.width = utf8.RuneCountInString(n.Value) + 2
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0:
		at.width = max(utf8.RuneCountInString(n.Value), 1)
	}
	return at
}
