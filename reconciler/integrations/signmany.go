package integrations

import (
	"crypto/ed25519"
	"crypto/sha256"
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

// message is what is signed: the domain and the SHA-256 of the head's JSON without writtenAt and sig.
func (h Head) message(text []byte) []byte {
	sum := sha256.New()
	sum.Write(text) // a hash takes everything
	sum.Write(append(appendText([]byte(`,"key":`), h.Key), '}'))
	return sum.Sum([]byte(HeadDomain))
}

// verify is Verify for a head whose body has that text.
func (h Head) verify(text []byte, key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: key %q is not known", ErrHead, h.Key)
	}
	if !ed25519.Verify(key, h.message(text), h.Sig) {
		return fmt.Errorf("%w: not signed by key %q", ErrHead, h.Key)
	}
	return nil
}
