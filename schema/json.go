package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// readJSON reads a JSON file as strictly as [readYAML] reads YAML. A nil value means that src has findings.
func readJSON(src *source, data []byte) *value {
	if !src.checkText(data, textRules{breaks: true}) {
		return nil
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		src.jsonSyntax(data, err)
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	r := &jsonReader{src: src, data: data, decoder: decoder, places: newCursor(data)}
	v := r.value(0)
	if len(src.found) > 0 {
		return nil
	}
	return v
}

func (s *source) jsonSyntax(data []byte, err error) {
	offset := len(data)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = int(syntax.Offset) - 1
	}
	s.report(newCursor(data).span(max(offset, 0), 1), "json-syntax", "", args{"why": err.Error()})
}

// jsonReader walks the tokens of a file that is known to be valid.
type jsonReader struct {
	src     *source
	data    []byte
	decoder *json.Decoder
	places  *cursor
	nodes   int
	stopped bool
}

// next returns a token with its place and its bytes.
func (r *jsonReader) next() (json.Token, span, []byte) {
	start := int(r.decoder.InputOffset())
	for start < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[start]) >= 0 {
		start++
	}
	token, err := r.decoder.Token()
	if err != nil && !errors.Is(err, io.EOF) {
		r.stopped = true
		r.src.report(r.places.span(start, 1), "json-syntax", "", args{"why": err.Error()})
		return nil, span{}, nil
	}
	end := int(r.decoder.InputOffset())
	return token, r.places.span(start, end-start), r.data[min(start, end):end]
}

func (r *jsonReader) value(depth int) *value {
	token, at, raw := r.next()
	r.nodes++
	_, nested := token.(json.Delim)
	switch {
	case r.stopped:
		return nil
	case depth >= maxDepth && nested:
		return r.stop(at, "yaml-too-deep", args{"limit": count(maxDepth)})
	case r.nodes > maxNodes:
		return r.stop(at, "yaml-too-big", args{"limit": count(maxNodes)})
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(at, depth)
		}
		return r.array(at, depth)
	case string:
		r.checkEscapes(raw, at)
		return &value{kind: stringValue, text: token, at: at}
	case json.Number:
		return &value{kind: numberValue, text: token.String(), at: at}
	case bool:
		return &value{kind: boolValue, text: string(raw), at: at}
	default:
		return &value{at: at}
	}
}

func (r *jsonReader) stop(at span, code Code, a args) *value {
	r.stopped = true
	r.src.report(at, code, "", a)
	return nil
}

func (r *jsonReader) array(at span, depth int) *value {
	v := &value{kind: listValue, at: at}
	for r.decoder.More() && !r.stopped {
		v.items = append(v.items, r.value(depth+1))
	}
	r.next()
	return v
}

func (r *jsonReader) object(at span, depth int) *value {
	v := &value{kind: mapValue, at: at}
	seen := keySet{}
	for r.decoder.More() && !r.stopped {
		token, at, raw := r.next()
		key, _ := token.(string)
		r.checkEscapes(raw, at)
		fresh := seen.add(r.src, key, at, true)
		field := r.value(depth + 1)
		if fresh {
			v.fields = append(v.fields, member{key: key, at: at, value: field})
		}
	}
	r.next()
	return v
}

// checkEscapes refuses half of a surrogate pair, which decoders replace silently and each in its own way.
func (r *jsonReader) checkEscapes(raw []byte, at span) {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if raw[i+1] != 'u' {
			i++
			continue
		}
		switch unit := hexUnit(raw[i+2:]); {
		case unit >= 0xd800 && unit < 0xdc00 && i+7 < len(raw) && raw[i+6] == '\\' && raw[i+7] == 'u' && isLow(hexUnit(raw[i+8:])):
			i += 11
		case unit >= 0xd800 && unit < 0xe000:
			r.src.report(at, "encoding", "write the character itself, or both halves of the pair", args{"what": "half of a surrogate pair"})
			return
		default:
			i += 5
		}
	}
}

func isLow(unit int) bool { return unit >= 0xdc00 && unit < 0xe000 }

// hexUnit reads the four digits of an escape.
func hexUnit(digits []byte) int {
	if len(digits) < 4 {
		return 0
	}
	unit, err := strconv.ParseUint(string(digits[:4]), 16, 16)
	if err != nil {
		return 0
	}
	return int(unit)
}
