package providertest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Held is what lies at a source: the head, and documents beside it by digest.
type Held struct {
	Head   []byte
	Beside map[string][]byte
}

// Signer is a log key for tests. Its private half follows from its name: nothing that it signs is a secret or to be believed
// outside of tests.
type Signer struct {
	ID  string
	key ed25519.PrivateKey
}

// NewSigner makes the key of a name.
func NewSigner(name string) Signer {
	seed := sha256.Sum256([]byte("sluice providertest: " + name))
	key := ed25519.NewKeyFromSeed(seed[:])
	s := Signer{key: key}
	keys, err := provider.ParseKeys(s.Line())
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	for id := range keys {
		s.ID = id
	}
	return s
}

// Line is the key as a line of a [provider.KeyFile].
func (s Signer) Line() string {
	text := func(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	blob := append(text([]byte("ssh-ed25519")), text(s.key.Public().(ed25519.PublicKey))...)
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob) + "\n"
}

// Keys pins the key.
func (s Signer) Keys() provider.Keys {
	return provider.Keys{s.ID: s.key.Public().(ed25519.PublicKey)}
}

// Release is what the reconciler would write for an entry of the ledger, with the document inside the head.
func (s Signer) Release(seq int64, files map[string]any) Held {
	document := Document(files)
	head := Head(seq, document)
	head.Inline = document
	return Held{Head: s.Sign(head)}
}

// ReleaseBeside is the same with the document beside the head.
func (s Signer) ReleaseBeside(seq int64, files map[string]any) Held {
	document := Document(files)
	head := Head(seq, document)
	head.Blobs = 1
	return Held{Head: s.Sign(head), Beside: map[string][]byte{head.Doc: document}}
}

// Document encodes files. It panics where they cannot be written as JSON.
func Document(files map[string]any) []byte {
	d, err := provider.DocumentOf(files)
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	return d.Encoded()
}

// Head is an unsigned head that names a document and holds none.
func Head(seq int64, document []byte) provider.Head {
	sum := sha256.Sum256(document)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	return provider.Head{
		Body: provider.Body{
			V: 1, Project: Project, Stage: Stage, App: App, Seq: seq, Revision: digest, Content: digest,
			Doc: digest, Size: int64(len(document)), Inline: []byte{}, Commit: fmt.Sprintf("%040d", seq),
		},
		WrittenAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

// Sign signs a head as it is, however wrong, and encodes it.
func (s Signer) Sign(head provider.Head) []byte {
	head.Key = s.ID
	message, err := head.Message()
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	head.Sig = ed25519.Sign(s.key, message)
	raw, err := json.Marshal(head)
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	return raw
}
