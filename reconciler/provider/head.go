package provider

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// headDomain begins every message that is signed for a head, so that a signature over a head is one over nothing else.
const headDomain = "sluice-head-v1\n"

// MaxHead and MaxDocument bound what is read at all; a source reads no more than that.
const (
	MaxHead     = 1 << 20
	MaxDocument = 64 << 20
)

// Head is what stands beside a configuration: whose it is, how new, and what it says, signed by the reconciler's log key.
// Its JSON has these fields in this order, without spaces; any other text is no head.
type Head struct {
	Body
	WrittenAt time.Time `json:"writtenAt"` // for people, and not signed
	Key       string    `json:"key"`       // names the key of Sig
	Sig       []byte    `json:"sig"`
}

// Body is what is signed of a head, with the name of the key.
type Body struct {
	V        int     `json:"v"` // 1
	Project  string  `json:"project"`
	Stage    string  `json:"stage"`
	App      string  `json:"app"`
	Seq      int64   `json:"seq"` // ledger sequence of the admission; it never goes back
	Revision string  `json:"revision"`
	Content  string  `json:"content"`
	Doc      string  `json:"doc"`    // SHA-256 of the document
	Size     int64   `json:"size"`   // of the document, in bytes
	Inline   []byte  `json:"inline"` // the document; empty where it is kept beside the head
	Blobs    int     `json:"blobs"`  // parts that the document is kept in
	Commit   string  `json:"commit"`
	Retired  bool    `json:"retired"`
	Canary   *Canary `json:"canary"` // what some instances get instead
	Prev     string  `json:"prev"`
}

// Part is a document that a verified head names: what a source has to bring.
type Part struct {
	Doc    string // SHA-256 of the document, as "sha256:" and 64 hexadecimal digits
	Size   int64
	Blobs  int
	Inline []byte
}

// part returns the document that an instance gets, and whether it is the canary's.
func (h Head) part(me Identity) (p Part, gray bool) {
	if h.Canary != nil && h.Canary.Rule.Selects(h.App, me) {
		return Part{h.Canary.Doc, h.Canary.Size, h.Canary.Blobs, h.Canary.Inline}, true
	}
	return Part{h.Doc, h.Size, h.Blobs, h.Inline}, false
}

// DecodeHead reads a head and refuses any text that is not its only form. It does not look at the signature.
func DecodeHead(raw []byte) (Head, error) {
	if len(raw) > MaxHead {
		return Head{}, fmt.Errorf("%w: %d bytes are more than a head has", ErrRefused, len(raw))
	}
	var h Head
	if err := json.Unmarshal(raw, &h); err != nil {
		return Head{}, fmt.Errorf("%w: not a sluice head", ErrRefused) // encoding/json would quote what it read
	}
	if h.V == 0 && h.Project == "" && h.Sig == nil {
		return Head{}, fmt.Errorf("%w: not a sluice head: JSON of something else", ErrRefused)
	}
	if err := h.check(); err != nil {
		return Head{}, fmt.Errorf("%w: head: %w", ErrRefused, err)
	}
	again, err := json.Marshal(h)
	if err != nil || !bytes.Equal(again, raw) {
		return Head{}, fmt.Errorf("%w: head: not in its written form", ErrRefused)
	}
	return h, nil
}

var (
	letters = regexp.MustCompile(`^[A-Za-z0-9+/:=._@-]+$`)
	digest  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// plain holds for every text in a head, so that no JSON writer has a choice of how to escape it. The length is counted apart:
// in the expression it takes milliseconds of each start.
func plain(text string) bool { return len(text) <= 200 && letters.MatchString(text) }

func (h Head) check() error {
	if h.V != 1 {
		return fmt.Errorf("version %d is not known", h.V)
	}
	for name, text := range map[string]string{"project": h.Project, "stage": h.Stage, "app": h.App, "key": h.Key, "revision": h.Revision, "content": h.Content} {
		if !plain(text) {
			return fmt.Errorf("field %s is missing or has other characters than it may", name)
		}
	}
	if !digest.MatchString(h.Doc) || h.Prev != "" && !digest.MatchString(h.Prev) {
		return errors.New("a digest is none")
	}
	if h.Seq < 1 {
		return errors.New("field seq")
	}
	if h.Size < 0 || h.Size > MaxDocument || h.Blobs < 0 || h.Blobs > MaxDocument>>10 {
		return fmt.Errorf("a document of %d bytes in %d parts", h.Size, h.Blobs)
	}
	if h.Canary != nil {
		return h.Canary.check()
	}
	return nil
}

// verify says whether one of the keys signed what the head says.
func (h Head) verify(keys Keys) error {
	key := keys.find(h.Key)
	if key == nil {
		return fmt.Errorf("%w: head of entry %d: its key %q is not pinned", ErrRefused, h.Seq, h.Key)
	}
	message, err := h.Message()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if !ed25519.Verify(key, message, h.Sig) {
		return fmt.Errorf("%w: head of entry %d: not signed by key %q", ErrRefused, h.Seq, h.Key)
	}
	return nil
}

// Message is what is signed: the domain, and the SHA-256 of the head's JSON without writtenAt and sig.
func (h Head) Message() ([]byte, error) {
	text, err := json.Marshal(struct {
		Body
		Key string `json:"key"`
	}{h.Body, h.Key})
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	sum := sha256.Sum256(text)
	return append([]byte(headDomain), sum[:]...), nil
}

// verify says whether the bytes are the document that the part names.
func (p Part) verify(document []byte) error {
	if int64(len(document)) != p.Size || digestOf(document) != p.Doc {
		return fmt.Errorf("%w: the document is not the one that the head names, %s", ErrRefused, p.Doc)
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
