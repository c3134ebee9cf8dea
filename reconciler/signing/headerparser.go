package signing

import (
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// headerParser walks the headers of a commit or tag in their only order. The first error stays.
type headerParser struct {
	kind    schema.ObjectKind
	headers []objectHeader
	at      int
	err     error
}

// is reports whether the next header has the name.
func (p *headerParser) is(name string) bool {
	return p.err == nil && p.at < len(p.headers) && p.headers[p.at].name == name
}

func (p *headerParser) fail(format string, args ...any) {
	if p.err != nil {
		return
	}
	line := 1
	if p.at < len(p.headers) {
		line = p.headers[p.at].line
	} else if n := len(p.headers); n > 0 {
		line = p.headers[n-1].line + 1
	}
	p.err = malformed(p.kind, line, format, args...)
}

// value takes the next header, which must have the name and one line.
func (p *headerParser) value(name string) string {
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

func (p *headerParser) hash(name string) schema.Hash {
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

func (p *headerParser) person(name string) Person {
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

// end refuses whatever follows the last header that the grammar knows.
func (p *headerParser) end() {
	if p.err == nil && p.at < len(p.headers) {
		p.fail("header %q is unknown, repeated or out of order", clip(p.headers[p.at].name, 40))
	}
}

// word takes a header whose value is printable ASCII without spaces, as the name of an encoding is.
func (p *headerParser) word(name string) string {
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
