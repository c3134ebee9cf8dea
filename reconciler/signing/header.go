package signing

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// maxHeaders bounds the bytes of a commit or tag before its message.
const maxHeaders = 64 << 10

// ObjectError says where and how raw bytes break the grammar of their kind. Its Code is malformed-object or
// multiple-signatures.
type ObjectError struct {
	Kind    schema.ObjectKind
	Code    schema.Code
	Line    int // from 1
	Problem string
}

func (e *ObjectError) Error() string { return fmt.Sprintf("%s line %d: %s", e.Kind, e.Line, e.Problem) }

// The headers that git signs commits in. The second belongs to repositories with SHA-256 object ids.
const (
	sigHeader       = "gpgsig"
	sigHeaderSHA256 = "gpgsig-sha256"
)

// objectHeader is one header of a commit or tag with its continuation lines.
type objectHeader struct {
	name       string
	first      []byte // the value on the header's first line
	start, end int    // the bytes it takes, the final newline included
	line       int    // from 1
	folded     bool   // there are continuation lines
}

// unfold returns the header's value, its continuation lines joined, with a final newline.
func (h objectHeader) unfold(raw []byte) []byte {
	value := raw[h.start+len(h.name)+1 : h.end]
	return bytes.ReplaceAll(value, []byte("\n "), []byte("\n"))
}

// scanHeaders cuts raw bytes of a commit or tag into headers, and returns where the message begins.
func scanHeaders(kind schema.ObjectKind, raw []byte) (headers []objectHeader, body int, err error) {
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return nil, 0, malformed(kind, 1+bytes.Count(raw[:i], []byte("\n")), "a NUL byte")
	}
	for at, line := 0, 1; ; line++ {
		length := bytes.IndexByte(raw[at:], '\n')
		if at+length >= maxHeaders || (length < 0 && len(raw) > maxHeaders) {
			return nil, 0, malformed(kind, line, "more than %d bytes of headers", maxHeaders)
		}
		if length < 0 {
			return nil, 0, malformed(kind, line, "no empty line ends the headers")
		}
		text, end := raw[at:at+length], at+length+1
		switch {
		case length == 0 && len(headers) == 0:
			return nil, 0, malformed(kind, line, "no headers")
		case length == 0:
			return headers, end, nil
		case text[0] == ' ' && len(headers) == 0:
			return nil, 0, malformed(kind, line, "a continuation line without a header")
		case text[0] == ' ':
			last := &headers[len(headers)-1]
			last.end, last.folded = end, true
		default:
			name, value, found := bytes.Cut(text, []byte(" "))
			if !found {
				return nil, 0, malformed(kind, line, "header without a value")
			}
			headers = append(headers, objectHeader{name: string(name), first: value, start: at, end: end, line: line})
		}
		at = end
	}
}

// oneSignature refuses more than one signature, and signature headers that are none of ours. Git joins whatever begins
// with gpgsig, so that such headers would change a commit's id and keep its signature.
func oneSignature(headers []objectHeader) error {
	var signed, strange *objectHeader
	for i := range headers {
		h := &headers[i]
		if !strings.HasPrefix(h.name, sigHeader) {
			continue
		}
		known := h.name == sigHeader || h.name == sigHeaderSHA256
		if known && signed != nil {
			return &ObjectError{Kind: schema.CommitObject, Code: CodeMultipleSignatures, Line: h.line, Problem: "a second signature"}
		}
		if known {
			signed = h
		}
		if h.name != sigHeader && strange == nil {
			strange = h
		}
	}
	if strange != nil {
		return malformed(schema.CommitObject, strange.line, "header %q is not for repositories with SHA-1 ids", clip(strange.name, 40))
	}
	return nil
}

func malformed(kind schema.ObjectKind, line int, format string, args ...any) error {
	return &ObjectError{Kind: kind, Code: CodeMalformedObject, Line: line, Problem: fmt.Sprintf(format, args...)}
}
