package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// yamlRules say how strict a file is read. Our own files are read with the zero rules.
type yamlRules struct {
	aliases  bool // anchors and aliases are followed, within maxNodes
	bom      bool // a leading byte order mark is skipped
	foldKeys bool // keys of one map that differ by case alone are refused
}

// appRules are those of an app's files.
var appRules = yamlRules{aliases: true, bom: true, foldKeys: true}

// readYAML is how sluice reads YAML; [plainYAML] is a shorter way to the same values for content that has nothing special. It refuses what parsers read differently and what hides content:
// duplicate keys, a second document, merge keys, tags of the user's own, numbers that JSON cannot write (THREATS 70-74).
// A nil value means that src has findings.
func readYAML(src *source, data []byte, rules yamlRules) *value {
	if !src.checkText(data, textRules{bom: rules.bom}) {
		return nil
	}
	node, ok := src.parseYAML(data)
	if !ok {
		return nil
	}
	if node == nil {
		return &value{at: span{1, 1, 1}}
	}
	r := &yamlReader{src: src, rules: rules}
	v := r.convert(node, 0)
	if len(src.found) > 0 {
		return nil
	}
	return v
}

// parseYAML returns the root of the file's only document; nil for a file without one.
func (s *source) parseYAML(data []byte) (*yaml.Node, bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := decodeNode(decoder, &first); errors.Is(err, io.EOF) {
		return nil, true
	} else if err != nil {
		s.syntax(err)
		return nil, false
	}
	switch err := decodeNode(decoder, &second); {
	case err == nil:
		s.report(s.lineSpan(second.Line), "yaml-documents", "keep one document in a file; put the other into a file of its own", nil)
		return nil, false
	case !errors.Is(err, io.EOF):
		s.syntax(err)
		return nil, false
	}
	if len(first.Content) == 0 {
		return nil, true
	}
	return first.Content[0], true
}

// decodeNode turns a panic of the parser into an error: the bytes come from anybody, and one bad file must not stop the
// others.
func decodeNode(decoder *yaml.Decoder, node *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: the parser gave up: %v", p)
		}
	}()
	return decoder.Decode(node)
}

var yamlErrorShape = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax places the parser's error. Its scanner counts lines from 1, its grammar from 0.
func (s *source) syntax(err error) {
	text, line := err.Error(), 0
	if m := yamlErrorShape.FindStringSubmatch(text); m != nil {
		text = m[2]
		line, _ = strconv.Atoi(m[1])
	}
	if strings.HasPrefix(text, "did not find expected") || line == 0 {
		line++
	}
	hint := ""
	if strings.Contains(text, "mapping values are not allowed") {
		hint = `put the value into quotes if it contains ": "`
	} else if strings.Contains(text, "character that cannot start any token") {
		hint = "indent with spaces, and put a value that begins with @, ` or % into quotes"
	}
	if strings.Contains(text, "tab character that violates") {
		line = s.tabbed(line) // the scanner names where the value began that the tab ends
	}
	s.report(s.lineSpan(min(line, len(s.lines))), "yaml-syntax", hint, args{"why": text})
}

// tabbed is the first line from n on that a tab indents; n if there is none.
func (s *source) tabbed(n int) int {
	for i := max(n, 1); i <= len(s.lines); i++ {
		if text := strings.TrimLeft(s.lines[i-1], " "); strings.HasPrefix(text, "\t") {
			return i
		}
	}
	return n
}

// lineSpan covers the text of a line.
func (s *source) lineSpan(n int) span {
	line := s.line(n)
	text := strings.TrimSpace(line)
	lead := strings.Index(line, text)
	return span{line: n, column: utf8.RuneCountInString(line[:max(lead, 0)]) + 1, width: max(utf8.RuneCountInString(text), 1)}
}

func count(n int) string { return strconv.Itoa(n) }
