package signing_test

import (
	"strings"
	"testing"

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
