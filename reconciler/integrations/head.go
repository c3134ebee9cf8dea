package integrations

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// HeadDomain begins every message that is signed for a head, so that a signature over a head is one over nothing else.
const HeadDomain = "sluice-head-v1\n"

// MaxHead bounds the bytes of a head that are read at all.
const MaxHead = 1 << 20

// ErrHead: the bytes are no head, or not one that the key signed.
var ErrHead = errors.New("head does not verify")

// Head is the marker beside a cell's configuration: whose it is, how new, and what it says, signed by the log key
// (RULES R38). Its JSON has exactly these fields in exactly this order, without spaces; other text is no head.
type Head struct {
	Body
	WrittenAt time.Time `json:"writtenAt"` // UTC; for people, and not signed, so that writing again changes nothing else
	Key       string    `json:"key"`       // names the key of Sig
	Sig       []byte    `json:"sig"`       // Ed25519, base64
}

// Body is the part of a head that says what the cell has.
type Body struct {
	V        int              `json:"v"` // 1
	Project  string           `json:"project"`
	Stage    schema.StageName `json:"stage"`
	App      schema.App       `json:"app"`
	Seq      int64            `json:"seq"` // the fence: ledger sequence of the admission
	Revision schema.Revision  `json:"revision"`
	Content  schema.Content   `json:"content"`
	Doc      schema.Digest    `json:"doc"`    // of the document's bytes
	Size     int64            `json:"size"`   // of the document, in bytes
	Inline   []byte           `json:"inline"` // the document, base64; empty where it is elsewhere
	Blobs    int              `json:"blobs"`  // parts that the document is in beside the head; 0 if it is inside or elsewhere
	Commit   schema.Hash      `json:"commit"`
	Retired  bool             `json:"retired"`
	Canary   *Canary          `json:"canary"` // what some instances get instead; null: all get the same
	Prev     schema.Digest    `json:"prev"`   // doc of the release before, if the target had it
}

// NewBody is what a head says of a release. Inline says whether the document is put into the head itself.
func NewBody(want Release, inline bool) Body {
	b := Body{
		V: 1, Project: want.Project, Stage: want.Cell.Stage, App: want.Cell.App, Seq: want.Seq,
		Revision: want.Revision, Content: want.Content, Commit: want.Commit, Retired: want.Retired,
		Doc: want.Doc, Size: int64(len(want.Document)), Inline: []byte{}, Canary: canaryOf(want.Gray),
	}
	if b.Doc == "" {
		b.Doc = schema.DigestOf(want.Document)
	}
	if inline && len(want.Document) > 0 {
		b.Inline = want.Document
	}
	return b
}

// Equal reports whether two heads say the same of a cell; what was there before is no part of that.
func (b Body) Equal(other Body) bool {
	b.Prev = other.Prev
	return reflect.DeepEqual(b, other)
}

// Digest names what a body says, for telling people that two differ; what was there before is no part of it.
func (b Body) Digest() schema.Digest {
	b.Prev = ""
	text, err := b.text()
	if err != nil {
		return ""
	}
	return schema.DigestOf(append(text, '}'))
}

// SignHead makes the head that says body.
func (s Spec) SignHead(body Body) (Head, error) {
	h, text, key, err := s.signHead(body)
	if err != nil {
		return Head{}, err
	}
	return h, errors.Join(h.verify(text, key.Key), h.checkInline())
}

// signHead signs, and does not look at the signature.
func (s Spec) signHead(body Body) (h Head, text []byte, key HeadSigner, err error) {
	key = s.Keys.signer()
	if key.Sign == nil {
		return Head{}, nil, key, fmt.Errorf("sign head of %s in %s: no log key", body.App, body.Stage)
	}
	h = Head{Body: body, WrittenAt: s.Now().UTC().Truncate(time.Millisecond), Key: key.ID}
	if err = h.check(); err != nil {
		return Head{}, nil, key, err
	}
	if text, err = body.text(); err != nil {
		return Head{}, nil, key, err
	}
	if h.Sig, err = key.Sign(h.message(text)); err != nil {
		return Head{}, nil, key, fmt.Errorf("sign head of %s in %s: %w", body.App, body.Stage, err)
	}
	return h, text, key, nil
}

// Encode writes the head's only form.
func (h Head) Encode() ([]byte, error) {
	text, err := h.text()
	if err != nil {
		return nil, err
	}
	return h.encode(text)
}

// DecodeHead reads a head and refuses any text that Encode would not have written. It does not look at the signature.
func DecodeHead(raw []byte) (Head, error) {
	h, _, err := decodeHead(raw)
	return h, err
}

// decodeHead is DecodeHead with the text of the body.
func decodeHead(raw []byte) (h Head, text []byte, err error) {
	if len(raw) > MaxHead {
		return Head{}, nil, fmt.Errorf("%w: %d bytes, more than %d", ErrHead, len(raw), MaxHead)
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return Head{}, nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	if err := h.check(); err != nil {
		return Head{}, nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	if text, err = h.text(); err != nil {
		return Head{}, nil, err
	}
	if again, err := h.encode(text); err != nil || !bytes.Equal(again, raw) {
		return Head{}, nil, fmt.Errorf("%w: not in its written form", ErrHead)
	}
	return h, text, nil
}

// Verify says whether the key signed what the head says, and whether its document is the one it names.
func (h Head) Verify(key ed25519.PublicKey) error {
	text, err := h.text()
	if err != nil {
		return err
	}
	if err := h.verify(text, key); err != nil {
		return err
	}
	return h.checkInline()
}

// checkInline says whether the document inside a head is the one that it names.
func (h Head) checkInline() error {
	if len(h.Inline) > 0 && (int64(len(h.Inline)) != h.Size || schema.DigestOf(h.Inline) != h.Doc) {
		return fmt.Errorf("%w: the document is not the one it names", ErrHead)
	}
	return nil
}

// plain holds for every text in a head, so that no JSON writer has a choice of how to escape it: 1 to 200 of these letters.
func plain(text string) bool {
	for i := range len(text) {
		if !plainLetters[text[i]] {
			return false
		}
	}
	return 1 <= len(text) && len(text) <= 200
}

var plainLetters = func() (letters [256]bool) {
	for i := range letters {
		c := byte(i)
		letters[i] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '+' <= c && c <= ':' && c != ',' || c == '=' || c == '_' || c == '@'
	}
	return letters
}()

func (h Head) check() error {
	if h.V != 1 {
		return fmt.Errorf("version %d is not known", h.V)
	}
	for _, s := range []string{h.Project, h.Key, string(h.Revision), string(h.Content), string(h.Doc)} {
		if !plain(s) {
			return fmt.Errorf("text %q", s)
		}
	}
	if h.Prev != "" && !plain(string(h.Prev)) {
		return fmt.Errorf("prev %q", h.Prev)
	}
	if _, err := schema.ParseApp(string(h.App)); err != nil {
		return err
	}
	if err := schema.CheckSegment(string(h.Stage)); err != nil {
		return err
	}
	switch {
	case h.Seq < 1:
		return fmt.Errorf("seq %d", h.Seq)
	case h.Size < 0 || h.Blobs < 0:
		return fmt.Errorf("size %d in %d blobs", h.Size, h.Blobs)
	case h.Blobs > 0 && (len(h.Inline) > 0 || h.Size == 0):
		return fmt.Errorf("%d blobs beside a document inside", h.Blobs)
	case h.Canary != nil:
		return h.Canary.check()
	}
	return nil
}
