package reconciler

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// requestTags begin the names of all tags that carry a signed request (RULES R24).
const requestTags = tagRefs + "sluice/"

// requestTag is one signer's copy of a request.
type requestTag struct {
	ref       string
	principal string // as the tag's name claims; proved by the signature
	raw       []byte
	request   schema.Request
}

// tagCache keeps what the tags say by their objects' ids. One pass at a time uses it.
type tagCache map[schema.Hash]cachedTag

type cachedTag struct {
	requestTag
	err error
}

// requestGroup are the copies of one request.
type requestGroup struct {
	statement schema.Digest
	copies    []requestTag
	made      time.Time // as the statement says; zero for genesis
}

// readTags reads every request tag of the pass once. A tag that is no request is nobody's request: it is told, and it holds
// up nothing.
func (p *pass) readTags(ctx context.Context) ([]requestTag, []error) {
	var out []requestTag
	var refused []error
	seen := tagCache{}
	for _, ref := range slices.Sorted(maps.Keys(p.refs)) {
		if !strings.HasPrefix(ref, requestTags) {
			continue
		}
		id := p.refs[ref]
		tag, ok := p.tags[id]
		if !ok || tag.err == nil && tag.ref != ref {
			tag.requestTag, tag.err = p.requestTag(ctx, ref)
		}
		seen[id] = tag
		if tag.err != nil {
			refused = append(refused, tag.err)
			continue
		}
		out = append(out, tag.requestTag)
	}
	p.tags = seen // those of tags that are gone are forgotten
	return out, refused
}

func (p *pass) requestTag(ctx context.Context, ref string) (requestTag, error) {
	tag, raw, err := readTag(ctx, p.cfg.Repository, ref, p.refs[ref])
	if err != nil {
		return requestTag{}, fmt.Errorf("request %s: %w", ref, err)
	}
	return requestOf(tag, raw)
}

// requestIn reads the request in a tag's bytes, as the ledger keeps them.
func requestIn(raw []byte) (requestTag, error) {
	tag, err := signing.ParseTag(raw)
	if err != nil {
		return requestTag{}, fmt.Errorf("request: %w", err)
	}
	return requestOf(tag, raw)
}

func requestOf(tag signing.Tag, raw []byte) (requestTag, error) {
	ref := tagRefs + tag.Name
	request, err := schema.ParseRequest(tag.Message)
	if err != nil {
		return requestTag{}, fmt.Errorf("request %s: %w", ref, err)
	}
	principal := ref[strings.LastIndex(ref, "/")+1:]
	if want := tagRefs + request.TagName(principal); ref != want {
		return requestTag{}, fmt.Errorf("request %s: its statement belongs at %s", ref, want)
	}
	return requestTag{ref: ref, principal: principal, raw: raw, request: request}, nil
}

// grouped puts the copies of a request together, those that were made first before later ones.
func grouped(tags []requestTag, kinds func(kind string) bool) []requestGroup {
	byStatement := map[schema.Digest]*requestGroup{}
	for _, tag := range tags {
		if !kinds(tag.request.Kind) {
			continue
		}
		d := schema.DigestOf(tag.request.Statement)
		if byStatement[d] == nil {
			byStatement[d] = &requestGroup{statement: d}
			if s, err := schema.ParseStatement(tag.request); err == nil {
				byStatement[d].made = s.Made
			}
		}
		byStatement[d].copies = append(byStatement[d].copies, tag)
	}
	out := make([]requestGroup, 0, len(byStatement))
	for _, g := range byStatement {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b requestGroup) int {
		if n := a.made.Compare(b.made); n != 0 {
			return n
		}
		return strings.Compare(string(a.statement), string(b.statement))
	})
	return out
}

// signers are the copies as the signature check takes them.
func (g requestGroup) signers() []signing.RequestCopy {
	out := make([]signing.RequestCopy, len(g.copies))
	for i, c := range g.copies {
		out[i] = signing.RequestCopy{Principal: c.principal, Request: c.request}
	}
	return out
}

// counted are the copies of the people whose signatures count: the others are no evidence.
func (g requestGroup) counted(by []string) (raw [][]byte, digests []schema.Digest) {
	for _, c := range g.copies {
		if !slices.Contains(by, c.principal) {
			continue
		}
		raw = append(raw, bytes.Clone(c.raw))
		digests = append(digests, schema.DigestOf(c.raw))
	}
	return raw, digests
}

// entryDigest is the digest that the ledger has for an entry; empty if it has none of that number.
func (p *pass) entryDigest(ctx context.Context, seq int64) (schema.Digest, error) {
	if seq < 1 || seq > p.ledger.Head().Size {
		return "", nil
	}
	_, raw, err := p.ledger.Entry(ctx, seq)
	if err != nil {
		return "", err
	}
	return schema.DigestOf(raw), nil
}
