package ledger_test

import (
	"crypto/ed25519"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// signNote signs a text the way C2SP has it, without the code under test.
func signNote(t testing.TB, text []byte, key logKey) []byte {
	t.Helper()
	vkey, err := note.NewEd25519VerifierKey(project, key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, noteSigner{v, key.private})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

type noteSigner struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }
