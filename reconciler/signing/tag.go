package signing

import (
	"strings"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

const (
	// maxTag bounds an annotated tag: a statement over some thousands of apps, and its signature.
	maxTag = 4 << 20
	// maxTagName is what git's refs hold.
	maxTagName = 255
)

// Tag is an annotated tag's raw bytes, taken apart. All of it is what somebody wrote: that the object exists and is of
// the Type, and that the tag lies at the ref of its Name, is for whoever reads it to check.
type Tag struct {
	Object  schema.Hash
	Type    schema.ObjectKind // of Object
	Name    string            // without refs/tags/
	Tagger  Person
	Message []byte // everything after the headers, signatures included; shares memory with the raw bytes
}

// ParseTag reads raw bytes of an annotated tag by the one grammar that sluice accepts: object, type, tag and tagger, each
// once and on one line, an empty line and the message. Git reads more than that (tags without a tagger, signatures in
// headers); what two programs could read differently is refused. The error is an *ObjectError.
//
// The tag's own signature, which git puts at the end of the message, is not looked at: a request carries a signature over
// its statement (see [CheckRequest]), and that one counts.
func ParseTag(raw []byte) (Tag, error) {
	if len(raw) > maxTag {
		return Tag{}, malformed(schema.TagObject, 1, "more than %d bytes", maxTag)
	}
	headers, body, err := scanHeaders(schema.TagObject, raw)
	if err != nil {
		return Tag{}, err
	}
	p := headerParser{kind: schema.TagObject, headers: headers}
	t := p.tag()
	if p.err != nil {
		return Tag{}, p.err
	}
	t.Message = raw[body:]
	return t, nil
}

func (p *headerParser) tag() Tag {
	var t Tag
	t.Object = p.hash("object")
	t.Type = p.objectKind("type")
	t.Name = p.tagName("tag")
	t.Tagger = p.person("tagger")
	p.end()
	return t
}

func (p *headerParser) objectKind(name string) schema.ObjectKind {
	kind := schema.ObjectKind(p.value(name))
	if p.err != nil {
		return ""
	}
	switch kind {
	case schema.CommitObject, schema.TreeObject, schema.BlobObject, schema.TagObject:
		p.at++
		return kind
	}
	p.fail("%s: want commit, tree, blob or tag", name)
	return ""
}

func (p *headerParser) tagName(name string) string {
	text := p.value(name)
	if p.err != nil {
		return ""
	}
	if !isTagName(text) {
		p.fail("%s: want a name that git allows for a tag", name)
		return ""
	}
	p.at++
	return text
}

// isTagName reports whether git allows the name below refs/tags/ (git check-ref-format), and `git tag` makes it.
func isTagName(text string) bool {
	if text == "" || len(text) > maxTagName || text[0] == '-' || !utf8.ValidString(text) || strings.HasSuffix(text, ".") {
		return false
	}
	if strings.Contains(text, "..") || strings.Contains(text, "@{") || strings.ContainsFunc(text, notInRefs) {
		return false
	}
	for part := range strings.SplitSeq(text, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

func notInRefs(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }
