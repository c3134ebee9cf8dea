package integrations

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
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
	Canary   *struct{}        `json:"canary"` // null in this version
	Prev     schema.Digest    `json:"prev"`   // doc of the release before, if the target had it
}

// NewBody is what a head says of a release. Inline says whether the document is put into the head itself.
func NewBody(want Release, inline bool) Body {
	b := Body{
		V: 1, Project: want.Project, Stage: want.Cell.Stage, App: want.Cell.App, Seq: want.Seq,
		Revision: want.Revision, Content: want.Content, Commit: want.Commit, Retired: want.Retired,
		Doc: schema.DigestOf(want.Document), Size: int64(len(want.Document)), Inline: []byte{},
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
	text, err := json.Marshal(b)
	if err != nil {
		return ""
	}
	return schema.DigestOf(text)
}

// SignHead makes the head that says body.
func (s Spec) SignHead(body Body) (Head, error) {
	key := s.Keys.signer()
	if key.Sign == nil {
		return Head{}, fmt.Errorf("sign head of %s in %s: no log key", body.App, body.Stage)
	}
	h := Head{Body: body, WrittenAt: s.Now().UTC().Truncate(time.Millisecond), Key: key.ID}
	if err := h.check(); err != nil {
		return Head{}, err
	}
	message, err := h.message()
	if err != nil {
		return Head{}, err
	}
	if h.Sig, err = key.Sign(message); err != nil {
		return Head{}, fmt.Errorf("sign head of %s in %s: %w", body.App, body.Stage, err)
	}
	return h, h.Verify(key.Key)
}

// Encode writes the head's only form.
func (h Head) Encode() ([]byte, error) { return json.Marshal(h) }

// DecodeHead reads a head and refuses any text that Encode would not have written. It does not look at the signature.
func DecodeHead(raw []byte) (Head, error) {
	if len(raw) > MaxHead {
		return Head{}, fmt.Errorf("%w: %d bytes, more than %d", ErrHead, len(raw), MaxHead)
	}
	var h Head
	if err := json.Unmarshal(raw, &h); err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrHead, err)
	}
	if err := h.check(); err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrHead, err)
	}
	again, err := h.Encode()
	if err != nil || !bytes.Equal(again, raw) {
		return Head{}, fmt.Errorf("%w: not in its written form", ErrHead)
	}
	return h, nil
}

// Verify says whether the key signed what the head says, and whether its document is the one it names.
func (h Head) Verify(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: key %q is not known", ErrHead, h.Key)
	}
	message, err := h.message()
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, message, h.Sig) {
		return fmt.Errorf("%w: not signed by key %q", ErrHead, h.Key)
	}
	if len(h.Inline) > 0 && (int64(len(h.Inline)) != h.Size || schema.DigestOf(h.Inline) != h.Doc) {
		return fmt.Errorf("%w: the document is not the one it names", ErrHead)
	}
	return nil
}

// message is what is signed: the domain and the SHA-256 of the head's JSON without writtenAt and sig.
func (h Head) message() ([]byte, error) {
	text, err := json.Marshal(struct {
		Body
		Key string `json:"key"`
	}{h.Body, h.Key})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	sum := sha256.Sum256(text)
	return append([]byte(HeadDomain), sum[:]...), nil
}

// plain holds for every text in a head, so that no JSON writer has a choice of how to escape it.
var plain = regexp.MustCompile(`^[A-Za-z0-9+/:=._@-]{1,200}$`)

func (h Head) check() error {
	if h.V != 1 {
		return fmt.Errorf("version %d is not known", h.V)
	}
	for _, s := range []string{h.Project, h.Key, string(h.Revision), string(h.Content), string(h.Doc)} {
		if !plain.MatchString(s) {
			return fmt.Errorf("text %q", s)
		}
	}
	if h.Prev != "" && !plain.MatchString(string(h.Prev)) {
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
		return errors.New("canary is not known in version 1")
	}
	return nil
}
