package signing_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func TestLoadSSHSigner(t *testing.T) {
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		data []byte
		mode os.FileMode
		want string // a part of the error; empty for none
	}{
		{"the owner may read and write", private, 0o600, ""},
		{"the owner may read", private, 0o400, ""},
		{"the group may read", private, 0o640, "chmod 600"},
		{"everybody may read", private, 0o644, "chmod 600"},
		{"everybody may write", private, 0o602, "chmod 600"},
		{"a passphrase", pem.EncodeToMemory(locked), 0o600, "passphrase"},
		{"the public key", public, 0o600, "public key"},
		{"an empty file", nil, 0o600, "not a private key"},
		{"64 KiB of something", []byte(strings.Repeat("x", 1<<17)), 0o600, "larger than any private key"},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, row.data, row.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, row.mode); err != nil {
			t.Fatal(err)
		}
		signer, err := signing.LoadSSHSigner(path)
		if row.want == "" {
			if err != nil || signer.PublicKey()+"\n" != string(public) {
				t.Errorf("%s: got %v and %v, want the key", row.name, signer, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error with %q and the path", row.name, err, row.want)
		}
	}
	if _, err := signing.LoadSSHSigner(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no file: got no error")
	}
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := signing.LoadSSHSigner(dir); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a directory: got %v", err)
	}
}

// TestSignerTypes signs with each type of key and verifies with the ring.
func TestSignerTypes(t *testing.T) {
	makers := map[string]func() (any, error){
		"ssh-ed25519":         func() (any, error) { _, k, err := ed25519.GenerateKey(rand.Reader); return k, err },
		"ecdsa-sha2-nistp256": func() (any, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
		"ecdsa-sha2-nistp384": func() (any, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) },
		"ecdsa-sha2-nistp521": func() (any, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) },
		"rsa-sha2-512":        func() (any, error) { return rsa.GenerateKey(rand.Reader, 2048) },
	}
	for algorithm, generate := range makers {
		key, err := generate()
		if err != nil {
			t.Fatal(err)
		}
		block, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			t.Fatal(err)
		}
		signer, err := signing.NewSSHSigner(pem.EncodeToMemory(block))
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		raw := signedCommit(t, signer, rawCommit(noon, "x"))
		if got := ringOf(t, sshKey("ann", signer)).Commit(idOf(raw), raw, judged()); got.Code != signing.CodeOK || got.Algorithm != algorithm {
			t.Errorf("%s: got %s with %s (%s)", algorithm, got.Code, got.Algorithm, got.Detail)
		}
		if _, is := signer.Ed25519(); is != (algorithm == "ssh-ed25519") {
			t.Errorf("%s: Ed25519 reports %v", algorithm, is)
		}
	}
}

func TestShortRSAKeyDoesNotSign(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signing.NewSSHSigner(pem.EncodeToMemory(block)); err == nil || !strings.Contains(err.Error(), "1024") {
		t.Errorf("got %v, want an error about 1024 bits", err)
	}
}

func TestEd25519IsTheSameKey(t *testing.T) {
	signer := newSigner(t)
	private, ok := signer.Ed25519()
	if !ok {
		t.Fatal("not an ed25519 key")
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))); got != signer.PublicKey() {
		t.Errorf("the raw key is %s, the signer's %s", got, signer.PublicKey())
	}
}

func TestSignerShowsNoSecret(t *testing.T) {
	signer := newSigner(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if got := fmt.Sprintf(verb, signer); got != "ssh signer "+signer.Fingerprint() {
			t.Errorf("%s prints %q, want the fingerprint alone", verb, got)
		}
	}
}

func TestSignNeedsANamespace(t *testing.T) {
	if _, err := newSigner(t).Sign("", []byte("x")); err == nil {
		t.Error("got no error")
	}
}

func TestSignedCommitWithoutHeaders(t *testing.T) {
	if got := signing.SignedCommit([]byte("no end"), []byte("sig\n")); string(got) != "no end" {
		t.Errorf("got %q, want the bytes as they were", got)
	}
	if got := signing.SignedCommit(nil, nil); got != nil {
		t.Errorf("got %q, want nothing", got)
	}
}

// TestZeroTrust: an empty trust knows nobody.
func TestZeroTrust(t *testing.T) {
	ring, problems := signing.NewKeyring(schema.Trust{})
	raw := signedCommit(t, newSigner(t), rawCommit(noon, "x"))
	if got := ring.Commit(idOf(raw), raw, judged()); got.Code != signing.CodeUnknownKey || len(problems) != 0 {
		t.Errorf("got %s and %v, want unknown-key", got.Code, problems)
	}
}
