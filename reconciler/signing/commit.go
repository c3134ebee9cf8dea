package signing

import (
	"bytes"

	"github.com/sluice-gitops/sluice/schema"
)

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

// ParseCommit reads raw commit bytes by the one grammar that sluice accepts: tree, parents, author, committer, then at
// most one encoding, any merge tags, at most one signature, an empty line and the message. Git reads more than that;
// what two programs could read differently is refused. The error is an *ObjectError.
func ParseCommit(raw []byte) (Commit, error) {
	headers, body, err := scanHeaders(schema.CommitObject, raw)
	if err != nil {
		return Commit{}, err
	}
	if err := oneSignature(headers); err != nil {
		return Commit{}, err
	}
	p := headerParser{kind: schema.CommitObject, headers: headers}
	c := p.commit()
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

func (p *headerParser) commit() Commit {
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
	p.end()
	return c
}
