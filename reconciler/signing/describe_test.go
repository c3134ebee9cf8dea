package signing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func TestDescribe(t *testing.T) {
	signer := newSigner(t)
	for _, row := range []struct {
		sentence  string
		key       schema.Key
		algorithm string
		says      string
	}{
		{"an ed25519 key", schema.Key{Format: schema.SSHKey, Data: []byte(signer.PublicKey() + " ann\n")}, "ssh-ed25519", ""},
		{"an OpenPGP key", schema.Key{Format: schema.OpenPGPKey, Data: testdata(t, "keys", "frank-gpg.asc")}, "openpgp-ed25519", ""},
		{"an OpenPGP RSA key", schema.Key{Format: schema.OpenPGPKey, Data: testdata(t, "keys", "heidi-gpg.asc")}, "openpgp-rsa 3072", ""},
		{"no key", schema.Key{Format: schema.SSHKey, Data: []byte("hello\n")}, "", "want a line of key type and key"},
		{"a key of no format", schema.Key{Data: []byte(signer.PublicKey())}, "", "format"},
		{"DSA", schema.Key{Format: schema.SSHKey, Data: []byte("ssh-dss AAAA\n")}, "", "DSA keys are too weak"},
	} {
		info, err := signing.Describe(row.key)
		if info.Algorithm != row.algorithm || (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %+v, %v", row.sentence, info, err)
		}
		if row.says == "" && info.Fingerprint == "" {
			t.Errorf("%s: no fingerprint", row.sentence)
		}
	}
	if info, _ := signing.Describe(schema.Key{Format: schema.SSHKey, Data: []byte(signer.PublicKey())}); info.Fingerprint != signer.Fingerprint() {
		t.Errorf("fingerprint: got %s, want %s", info.Fingerprint, signer.Fingerprint())
	}
}

// TestKeyState: what people are told of a key is what its signatures would get.
func TestKeyState(t *testing.T) {
	signer, gpg := newSigner(t), newPGP(t)
	ssh := sshKey("ann", signer)
	with := func(edit func(*schema.Key)) schema.Key {
		key := ssh
		edit(&key)
		return key
	}
	after := noon.Add(time.Hour)
	for _, row := range []struct {
		sentence string
		key      schema.Key
		code     schema.Code
	}{
		{"a key", ssh, signing.CodeOK},
		{"an OpenPGP key", gpg.key("ann"), signing.CodeOK},
		{"a key that ended", with(func(k *schema.Key) { k.ValidUntil = noon }), signing.CodeKeyExpired},
		{"a key that begins later", with(func(k *schema.Key) { k.ValidFrom = after.Add(1) }), signing.CodeKeyNotYetValid},
		{"a retired key", with(func(k *schema.Key) { k.Revoked = &schema.Revocation{Reason: "retired", At: noon} }), signing.CodeKeyRevoked},
		{"a key that is retired later", with(func(k *schema.Key) { k.Revoked = &schema.Revocation{Reason: "retired", At: after.Add(1)} }), signing.CodeOK},
		{"a stolen key", with(func(k *schema.Key) { k.Revoked = &schema.Revocation{Reason: "compromised", At: after.Add(1)} }), signing.CodeKeyCompromised},
	} {
		if got := signing.KeyState(schema.Trust{Keys: []schema.Key{row.key}}, row.key, after); got != row.code {
			t.Errorf("%s: got %s, want %s", row.sentence, got, row.code)
		}
	}
	twice := with(func(k *schema.Key) { k.Path = "keys/bob/bob.pub" })
	if got := signing.KeyState(schema.Trust{Keys: []schema.Key{ssh, twice}}, ssh, after); got != signing.CodeAmbiguousKey {
		t.Errorf("a key of two people: got %s", got)
	}
}
