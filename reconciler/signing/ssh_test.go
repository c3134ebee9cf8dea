package signing_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// sshsigParts is an SSHSIG before it is put together, so that each part can be wrong.
type sshsigParts struct {
	Magic     [6]byte
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// signable is what the key of an SSHSIG signs.
func signable(namespace, reserved, hash string, message []byte) []byte {
	sum512, sum256 := sha512.Sum512(message), sha256.Sum256(message)
	sum := sum512[:]
	if hash == "sha256" {
		sum = sum256[:]
	}
	return ssh.Marshal(struct {
		Magic                     [6]byte
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{magic(), namespace, reserved, hash, sum})
}

func magic() [6]byte { return [6]byte([]byte("SSHSIG")) }

// TestSSHSIGParts signs a commit with a known key, rightly but for one part.
func TestSSHSIGParts(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := schema.Key{Principal: "ann", Path: "keys/ann/key.pub", Format: schema.SSHKey, Data: ssh.MarshalAuthorizedKey(signer.PublicKey())}
	ring := ringOf(t, key)
	payload := rawCommit(noon, "add a timeout")
	for _, row := range []struct {
		name   string
		before func(*sshsigParts) // the signature holds for it
		after  func(*sshsigParts) // it does not
		tail   string
		want   schema.Code
	}{
		{name: "all right", want: signing.CodeOK},
		{name: "hashed with SHA-256", before: func(p *sshsigParts) { p.Hash = "sha256" }, want: signing.CodeOK},
		{name: "hashed with SHA-1", before: func(p *sshsigParts) { p.Hash = "sha1" }, want: signing.CodeWeakAlgorithm},
		{name: "no hash", before: func(p *sshsigParts) { p.Hash = "" }, want: signing.CodeWeakAlgorithm},
		{name: "signed as a file", before: func(p *sshsigParts) { p.Namespace = "file" }, want: signing.CodeWrongNamespace},
		{name: "signed as an approval", before: func(p *sshsigParts) { p.Namespace = "sluice-approval@v1" }, want: signing.CodeWrongNamespace},
		{name: "signed for nothing", before: func(p *sshsigParts) { p.Namespace = "" }, want: signing.CodeWrongNamespace},
		{name: "signed as a file, named a commit", before: func(p *sshsigParts) { p.Namespace = "file" },
			after: func(p *sshsigParts) { p.Namespace = "git" }, want: signing.CodeBadSignature},
		{name: "something in the reserved field", before: func(p *sshsigParts) { p.Reserved = "x" }, want: signing.CodeMalformedObject},
		{name: "version 2", before: func(p *sshsigParts) { p.Version = 2 }, want: signing.CodeMalformedObject},
		{name: "another magic", after: func(p *sshsigParts) { p.Magic[0] = 's' }, want: signing.CodeMalformedObject},
		{name: "bytes at the end", tail: "x", want: signing.CodeMalformedObject},
		{name: "bytes at the end of the signature", after: func(p *sshsigParts) { p.Signature = append(p.Signature, 0) }, want: signing.CodeMalformedObject},
		{name: "bytes at the end of the key", after: func(p *sshsigParts) { p.PublicKey = append(p.PublicKey, 0) }, want: signing.CodeMalformedObject},
		{name: "no key", after: func(p *sshsigParts) { p.PublicKey = nil }, want: signing.CodeMalformedObject},
		{name: "no signature", after: func(p *sshsigParts) { p.Signature = nil }, want: signing.CodeMalformedObject},
		{name: "a bit of the signature changed", after: func(p *sshsigParts) { p.Signature[40] ^= 1 }, want: signing.CodeBadSignature},
		{name: "another key", after: func(p *sshsigParts) { p.PublicKey[40] ^= 1 }, want: signing.CodeUnknownKey},
		{name: "a key of an unknown type", after: func(p *sshsigParts) { p.PublicKey = ssh.Marshal(struct{ Name string }{"ssh-x"}) }, want: signing.CodeUnsupportedKeyType},
		{name: "a DSA key", after: func(p *sshsigParts) { p.PublicKey = ssh.Marshal(struct{ Name string }{"ssh-dss"}) }, want: signing.CodeWeakAlgorithm},
		{name: "a signature of another type", after: func(p *sshsigParts) {
			p.Signature = ssh.Marshal(ssh.Signature{Format: "rsa-sha2-512", Blob: make([]byte, 64)})
		}, want: signing.CodeBadSignature},
	} {
		p := sshsigParts{Magic: magic(), Version: 1, PublicKey: signer.PublicKey().Marshal(), Namespace: "git", Hash: "sha512"}
		if row.before != nil {
			row.before(&p)
		}
		sig, err := signer.Sign(rand.Reader, signable(p.Namespace, p.Reserved, p.Hash, payload))
		if err != nil {
			t.Fatal(err)
		}
		p.Signature = ssh.Marshal(sig)
		if row.after != nil {
			row.after(&p)
		}
		raw := signing.SignedCommit(payload, signing.Armor(false, append(ssh.Marshal(p), row.tail...)))
		if got := ring.Commit(idOf(raw), raw, judged()); got.Code != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
	}
}

// TestRSAWithSHA1 makes the signature that OpenSSH calls ssh-rsa.
func TestRSAWithSHA1(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	payload := rawCommit(noon, "x")
	for format, want := range map[string]schema.Code{
		ssh.KeyAlgoRSA: signing.CodeWeakAlgorithm, ssh.KeyAlgoRSASHA256: signing.CodeOK, ssh.KeyAlgoRSASHA512: signing.CodeOK,
	} {
		sig, err := signer.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, signable("git", "", "sha512", payload), format)
		if err != nil {
			t.Fatal(err)
		}
		p := sshsigParts{Magic: magic(), Version: 1, PublicKey: signer.PublicKey().Marshal(), Namespace: "git", Hash: "sha512", Signature: ssh.Marshal(sig)}
		key := schema.Key{Principal: "bob", Format: schema.SSHKey, Data: ssh.MarshalAuthorizedKey(signer.PublicKey())}
		raw := signing.SignedCommit(payload, signing.Armor(false, ssh.Marshal(p)))
		if got := ringOf(t, key).Commit(idOf(raw), raw, judged()); got.Code != want || (want == signing.CodeOK && got.Algorithm != format) {
			t.Errorf("%s: got %s with %s (%s), want %s", format, got.Code, got.Algorithm, got.Detail, want)
		}
	}
}

// TestECDSANumbers writes the numbers of a good signature with leading zeros.
func TestECDSANumbers(t *testing.T) {
	c := mustParse(t, testdata(t, "commits", "carol-ssh-ecdsa"))
	data, _ := signing.Unarmor(c.Signature)
	var p sshsigParts
	var sig ssh.Signature
	var numbers struct{ R, S []byte }
	for _, err := range []error{ssh.Unmarshal(data, &p), ssh.Unmarshal(p.Signature, &sig), ssh.Unmarshal(sig.Blob, &numbers)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for zeros, want := range []schema.Code{signing.CodeOK, signing.CodeMalformedObject, signing.CodeMalformedObject} {
		wide := numbers
		wide.R = append(make([]byte, zeros), numbers.R...)
		sig.Blob = ssh.Marshal(wide)
		p.Signature = ssh.Marshal(sig)
		raw := signing.SignedCommit(c.Payload, signing.Armor(false, ssh.Marshal(p)))
		if got := vectorRing(t).Commit(idOf(raw), raw, judged()); got.Code != want {
			t.Errorf("%d zeros: got %s (%s), want %s", zeros, got.Code, got.Detail, want)
		}
	}
}

// TestSecurityKey stands in for a FIDO token: a touch is needed, whatever else the token says.
func TestSecurityKey(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wire := ssh.Marshal(struct {
		Name        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, "ssh:"})
	parsed, err := ssh.ParsePublicKey(wire)
	if err != nil {
		t.Fatal(err)
	}
	payload := rawCommit(noon, "x")
	for _, row := range []struct {
		name  string
		flags byte
		want  schema.Code
	}{
		{"touched", 1, signing.CodeOK},
		{"touched and verified by PIN", 5, signing.CodeOK},
		{"not touched", 0, signing.CodeBadSignature},
		{"not touched, but verified", 4, signing.CodeBadSignature},
	} {
		app, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(signable("git", "", "sha512", payload))
		rest := binary.BigEndian.AppendUint32([]byte{row.flags}, 7)
		signed := append(append(append([]byte{}, app[:]...), rest...), message[:]...)
		sig, err := private.Sign(nil, signed, crypto.Hash(0))
		if err != nil {
			t.Fatal(err)
		}
		p := sshsigParts{Magic: magic(), Version: 1, PublicKey: wire, Namespace: "git", Hash: "sha512",
			Signature: ssh.Marshal(ssh.Signature{Format: ssh.KeyAlgoSKED25519, Blob: sig, Rest: rest})}
		key := schema.Key{Principal: "ann", Format: schema.SSHKey, Data: ssh.MarshalAuthorizedKey(parsed)}
		raw := signing.SignedCommit(payload, signing.Armor(false, ssh.Marshal(p)))
		if got := ringOf(t, key).Commit(idOf(raw), raw, judged()); got.Code != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
	}
}

func TestDetached(t *testing.T) {
	const approval = "sluice-approval@v1"
	signer := newSigner(t)
	key := sshKey("ann", signer)
	key.Usages = []schema.KeyUsage{schema.UsageApproval}
	ring := ringOf(t, key)
	message := []byte("sluice-request v1 approve\n")
	armored, err := signer.Sign(approval, message)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name      string
		namespace string
		message   string
		signature string
		usage     schema.KeyUsage
		want      schema.Code
	}{
		{"as it was signed", approval, string(message), string(armored), schema.UsageApproval, signing.CodeOK},
		{"in another namespace", "git", string(message), string(armored), schema.UsageApproval, signing.CodeWrongNamespace},
		{"for what the key may not sign", approval, string(message), string(armored), schema.UsageRoot, signing.CodeKeyUsage},
		{"another statement", approval, "sluice-request v1 taint\n", string(armored), schema.UsageApproval, signing.CodeBadSignature},
		{"without a signature", approval, string(message), "", schema.UsageApproval, signing.CodeMalformedObject},
		{"without the last newline", approval, string(message), strings.TrimSpace(string(armored)), schema.UsageApproval, signing.CodeMalformedObject},
		{"two signatures", approval, string(message), string(armored) + string(armored), schema.UsageApproval, signing.CodeMultipleSignatures},
	} {
		who, got := ring.Detached(row.namespace, []byte(row.message), []byte(row.signature), row.usage, judged())
		if got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
		if row.want == signing.CodeOK && (who.Principal != "ann" || who.Key != signer.Fingerprint()) {
			t.Errorf("%s: got %+v, want ann and her key", row.name, who)
		}
	}
	c := mustParse(t, testdata(t, "commits", "frank-gpg-ed25519"))
	if who, got := vectorRing(t).Detached(approval, c.Payload, c.Signature, schema.UsageApproval, judged()); got != signing.CodeOK || who.Principal != "frank" {
		t.Errorf("OpenPGP over the same bytes: got %s by %q, want ok by frank", got, who.Principal)
	}
}

func TestVerifySSH(t *testing.T) {
	signer, other := newSigner(t), newSigner(t)
	sig, err := signer.Sign("sluice-ledger", []byte("entry"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, line, namespace, message string
		want                           string // a part of the error; empty for none
	}{
		{"the right key", signer.PublicKey(), "sluice-ledger", "entry", ""},
		{"the right key with a comment", signer.PublicKey() + " log key\n", "sluice-ledger", "entry", ""},
		{"another key", other.PublicKey(), "sluice-ledger", "entry", "unknown-key"},
		{"another namespace", signer.PublicKey(), "git", "entry", "wrong-namespace"},
		{"another message", signer.PublicKey(), "sluice-ledger", "entries", "bad-signature"},
		{"no key", "", "sluice-ledger", "entry", "read the public key"},
	} {
		err := signing.VerifySSH(row.line, row.namespace, []byte(row.message), sig)
		if (err == nil) != (row.want == "") || (err != nil && !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}
