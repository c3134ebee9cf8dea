package integrations

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// SignedHead is a head with its only form.
type SignedHead struct {
	Head
	Text []byte
	Err  error // why it was not signed; nothing else is set then
}

// SignHeads makes the heads that say bodies, as SignHead does, for a target that writes them together. Verifying takes twice
// the time of signing, so only the first signature is looked at: that finds a signer which does not hold the key it names.
// All are compared with what they say when they are read next.
func (s Spec) SignHeads(bodies []Body) []SignedHead {
	out := make([]SignedHead, len(bodies))
	looked := false
	for i, body := range bodies {
		out[i] = s.signEncoded(body, !looked)
		looked = looked || out[i].Err == nil
	}
	return out
}

func (s Spec) signEncoded(body Body, look bool) SignedHead {
	h, text, key, err := s.signHead(body)
	if err == nil && look {
		err = errors.Join(h.verify(text, key.Key), h.checkInline())
	}
	var raw []byte
	if err == nil {
		raw, err = h.encode(text)
	}
	if err != nil {
		return SignedHead{Err: err}
	}
	return SignedHead{Head: h, Text: raw}
}

// text is the JSON of a body without its last brace. What is signed and what is written both begin with it.
func (b Body) text() ([]byte, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	return text[:len(text)-1], nil
}

// encode ends the text of the body with what the head has beside it.
func (h Head) encode(text []byte) ([]byte, error) {
	at, err := h.WrittenAt.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	key, err := json.Marshal(h.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	raw := make([]byte, 0, len(text)+len(at)+len(key)+base64.StdEncoding.EncodedLen(len(h.Sig))+40)
	raw = append(append(raw, text...), `,"writtenAt":`...)
	raw = append(append(raw, at...), `,"key":`...)
	raw = append(append(raw, key...), `,"sig":`...)
	if h.Sig == nil {
		return append(raw, "null}"...), nil
	}
	raw = base64.StdEncoding.AppendEncode(append(raw, '"'), h.Sig)
	return append(raw, `"}`...), nil
}

// message is what is signed: the domain and the SHA-256 of the head's JSON without writtenAt and sig.
func (h Head) message(text []byte) ([]byte, error) {
	key, err := json.Marshal(h.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	sum := sha256.New()
	for _, part := range [][]byte{text, []byte(`,"key":`), key, {'}'}} {
		sum.Write(part) // a hash takes everything
	}
	return sum.Sum([]byte(HeadDomain)), nil
}

// verify is Verify for a head whose body has that text.
func (h Head) verify(text []byte, key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: key %q is not known", ErrHead, h.Key)
	}
	message, err := h.message(text)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, message, h.Sig) {
		return fmt.Errorf("%w: not signed by key %q", ErrHead, h.Key)
	}
	return nil
}
