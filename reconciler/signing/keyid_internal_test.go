package signing

import (
	"os"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/sluice-gitops/sluice/schema"
)

// TestKeyIDsThatCollide: 64 bits of a fingerprint can be made equal to those of another key. Nobody has such a pair here, so
// the ring is told that it has: a signature that names the id alone is then nobody's, and one that names the fingerprint still
// is its key's.
func TestKeyIDsThatCollide(t *testing.T) {
	read := func(name string) schema.Key {
		data, err := os.ReadFile("testdata/keys/" + name + "-gpg.asc")
		if err != nil {
			t.Fatal(err)
		}
		return schema.Key{Principal: name, Path: "keys/" + name + "/key.asc", Format: schema.OpenPGPKey, Data: data}
	}
	ring, problems := NewKeyring(schema.Trust{Keys: []schema.Key{read("frank"), read("ivan")}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var frank, ivan *openpgpKey
	for _, key := range ring.openpgp {
		if key.key.Principal == "frank" {
			frank = key
		} else {
			ivan = key
		}
	}
	id := frank.public.KeyId
	byID := &packet.Signature{IssuerKeyId: &id}
	if key, code, _ := ring.issuer(byID); code != CodeOK || key != frank {
		t.Fatalf("by an id that one key has: got %s, want frank's key", code)
	}
	ring.byID[id] = append(ring.byID[id], ivan)
	if key, code, _ := ring.issuer(byID); code != CodeAmbiguousKey || key != nil {
		t.Errorf("by an id that two keys have: got %s, want ambiguous-key", code)
	}
	whole := &packet.Signature{IssuerKeyId: &id, IssuerKeyVersion: 4, IssuerFingerprint: frank.public.Fingerprint}
	if key, code, _ := ring.issuer(whole); code != CodeOK || key != frank {
		t.Errorf("by a fingerprint: got %s, want frank's key", code)
	}
	other := &packet.Signature{IssuerKeyId: &id, IssuerKeyVersion: 4, IssuerFingerprint: ivan.public.Fingerprint}
	if _, code, _ := ring.issuer(other); code != CodeMalformedObject {
		t.Errorf("by one key's id and another's fingerprint: got %s, want malformed-object", code)
	}
}
