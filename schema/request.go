package schema

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// Request is a signed request that is not a merge request (RULES R24): the message of an annotated tag. Several signers
// are several tags with one statement.
type Request struct {
	Kind      string
	Fields    []RequestField
	Statement []byte // the bytes that were signed: first line, fields, one line each
	Signature []byte // one detached signature over Statement
}

// RequestField is one line of a statement. A name may occur several times ("tip").
type RequestField struct{ Name, Value string }

const requestVersion = "sluice-request v1 "

var (
	requestKindShape = regexp.MustCompile(`^[a-z][a-z-]*$`)
	fieldNameShape   = regexp.MustCompile(`^[a-z][a-z_]*$`)
)

// EncodeStatement writes the bytes to sign. Kinds, names and values have to be of one line.
func EncodeStatement(kind string, fields ...RequestField) ([]byte, error) {
	if !requestKindShape.MatchString(kind) {
		return nil, fmt.Errorf("request kind %q: want lower-case letters and hyphens", kind)
	}
	var b bytes.Buffer
	b.WriteString(requestVersion + kind + "\n")
	for _, f := range fields {
		if !fieldNameShape.MatchString(f.Name) {
			return nil, fmt.Errorf("request field %q: want lower-case letters and underscores", f.Name)
		}
		if f.Value == "" || strings.ContainsAny(f.Value, "\n\r\x00") || strings.TrimSpace(f.Value) != f.Value {
			return nil, fmt.Errorf("request field %s: value %q: want one line", f.Name, f.Value)
		}
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.Bytes(), nil
}

// ParseRequest splits a tag's message into statement and signature. It accepts only what EncodeStatement writes, an
// empty line, and one armored block.
func ParseRequest(message []byte) (Request, error) {
	statement, signature, found := bytes.Cut(message, []byte("\n\n-----BEGIN "))
	if !found {
		return Request{}, fmt.Errorf("request: no signature below the statement")
	}
	r := Request{Statement: append(statement, '\n'), Signature: append([]byte("-----BEGIN "), signature...)}
	lines := strings.Split(strings.TrimSuffix(string(r.Statement), "\n"), "\n")
	kind, ok := strings.CutPrefix(lines[0], requestVersion)
	if !ok {
		return Request{}, fmt.Errorf("request: first line %q: want %q and a kind", lines[0], strings.TrimSpace(requestVersion))
	}
	r.Kind = kind
	for n, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return Request{}, fmt.Errorf("request line %d: want name, colon, space and value", n+2)
		}
		r.Fields = append(r.Fields, RequestField{Name: name, Value: value})
	}
	encoded, err := EncodeStatement(r.Kind, r.Fields...)
	if err != nil {
		return Request{}, err
	}
	if !bytes.Equal(encoded, r.Statement) {
		return Request{}, fmt.Errorf("request: not in its written form")
	}
	return r, nil
}

// Value returns the only value of a field; a field that is missing or occurs twice has none.
func (r Request) Value(name string) (string, bool) {
	values := r.Values(name)
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// Values returns every value of a field, in order.
func (r Request) Values(name string) []string {
	var out []string
	for _, f := range r.Fields {
		if f.Name == name {
			out = append(out, f.Value)
		}
	}
	return out
}

// TagName returns the tag that carries a principal's copy of the request, without refs/tags/.
func (r Request) TagName(principal string) string {
	return fmt.Sprintf("sluice/%s/%s/%s", r.Kind, DigestOf(r.Statement).Hex()[:16], principal)
}
