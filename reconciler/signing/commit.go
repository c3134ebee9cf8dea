package signing

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// maxHeaders bounds the bytes of a commit before its message.
const maxHeaders = 64 << 10

// Commit is a commit's raw bytes, taken apart. Names, addresses, dates and the message are what somebody wrote.
type Commit struct {
	Tree      schema.Hash
	Parents   []schema.Hash
	Author    Person
	Committer Person
	Encoding  string // as the header says; empty is UTF-8
	Message   string // everything after the headers
	CoAuthors []schema.Identity
	// Signature is the armor in the gpgsig header, with a final newline; nil if there is none.
	Signature []byte
	// Payload is what the signature is over: the raw bytes without the gpgsig header. It shares memory with the raw
	// bytes if there is no signature.
	Payload []byte
}

// CommitError says where and how raw bytes break the grammar of commits. Its Code is malformed-object or
// multiple-signatures.
type CommitError struct {
	Code    schema.Code
	Line    int // from 1
	Problem string
}

func (e *CommitError) Error() string { return fmt.Sprintf("commit line %d: %s", e.Line, e.Problem) }

// ParseCommit reads raw commit bytes by the one grammar that sluice accepts: tree, parents, author, committer, then at
// most one encoding, any merge tags, at most one signature, an empty line and the message. Git reads more than that;
// what two programs could read differently is refused. The error is a *CommitError.
func ParseCommit(raw []byte) (Commit, error) {
	headers, body, err := scanHeaders(raw)
	if err != nil {
		return Commit{}, err
	}
	if err := oneSignature(headers); err != nil {
		return Commit{}, err
	}
	p := commitParser{headers: headers}
	c := p.parse()
	if p.err != nil {
		return Commit{}, p.err
	}
	c.Message = string(raw[body:])
	c.CoAuthors = coAuthors(c.Message)
	c.Payload = raw
	if last := headers[len(headers)-1]; last.name == sigHeader {
		c.Signature = last.unfold(raw)
		c.Payload = append(append(make([]byte, 0, len(raw)), raw[:last.start]...), raw[last.end:]...)
	}
	return c, nil
}

// SignedCommit puts an armored signature into an unsigned raw commit, where git puts it: as the last header. ParseCommit
// takes it out again. Bytes without an end of headers are returned as they are.
func SignedCommit(payload, armored []byte) []byte {
	end := bytes.Index(payload, []byte("\n\n"))
	if end < 0 {
		return payload
	}
	end++
	text := bytes.TrimSuffix(armored, []byte("\n"))
	out := make([]byte, 0, len(payload)+len(armored)+64)
	out = append(out, payload[:end]...)
	out = append(out, sigHeader+" "...)
	out = append(out, bytes.ReplaceAll(text, []byte("\n"), []byte("\n "))...)
	out = append(out, '\n')
	return append(out, payload[end:]...)
}

// commitParser walks the headers in their only order. The first error stays.
type commitParser struct {
	headers []commitHeader
	at      int
	err     error
}

func (p *commitParser) parse() Commit {
	var c Commit
	c.Tree = p.hash("tree")
	for p.is("parent") {
		c.Parents = append(c.Parents, p.hash("parent"))
	}
	c.Author = p.person("author")
	c.Committer = p.person("committer")
	if p.is("encoding") {
		c.Encoding = p.word("encoding")
	}
	for p.is("mergetag") {
		p.at++
	}
	if p.is(sigHeader) {
		p.at++
	}
	if p.err == nil && p.at < len(p.headers) {
		p.fail("header %q is unknown, repeated or out of order", clip(p.headers[p.at].name, 40))
	}
	return c
}

// is reports whether the next header has the name.
func (p *commitParser) is(name string) bool {
	return p.err == nil && p.at < len(p.headers) && p.headers[p.at].name == name
}

func (p *commitParser) fail(format string, args ...any) {
	if p.err != nil {
		return
	}
	line := 1
	if p.at < len(p.headers) {
		line = p.headers[p.at].line
	} else if n := len(p.headers); n > 0 {
		line = p.headers[n-1].line + 1
	}
	p.err = &CommitError{Code: CodeMalformedObject, Line: line, Problem: fmt.Sprintf(format, args...)}
}

// value takes the next header, which must have the name and one line.
func (p *commitParser) value(name string) string {
	if p.err != nil {
		return ""
	}
	if !p.is(name) {
		p.fail("want header %q", name)
		return ""
	}
	h := p.headers[p.at]
	if h.folded {
		p.fail("header %q has a continuation line", name)
		return ""
	}
	return string(h.first)
}

func (p *commitParser) hash(name string) schema.Hash {
	text := p.value(name)
	if p.err != nil {
		return schema.Hash{}
	}
	hash, err := schema.ParseHash(text)
	if err != nil || strings.ToLower(text) != text {
		p.fail("%s: want 40 lower-case hexadecimal digits", name)
		return schema.Hash{}
	}
	p.at++
	return hash
}

func (p *commitParser) person(name string) Person {
	text := p.value(name)
	if p.err != nil {
		return Person{}
	}
	who, err := parsePerson(text)
	if err != nil {
		p.fail("%s: %v", name, err)
		return Person{}
	}
	p.at++
	return who
}

// word takes a header whose value is printable ASCII without spaces, as the name of an encoding is.
func (p *commitParser) word(name string) string {
	text := p.value(name)
	if p.err != nil {
		return ""
	}
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		p.fail("%s: want one word", name)
		return ""
	}
	p.at++
	return text
}
