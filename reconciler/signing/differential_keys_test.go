package signing_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// sshKinds are the keys that ssh-keygen makes, by which git signs.
func (d *differential) sshKinds() {
	for _, kind := range []struct {
		name string
		args []string
	}{
		{"ssh ed25519", []string{"ed25519"}},
		{"ssh ecdsa 256", []string{"ecdsa", "-b", "256"}},
		{"ssh ecdsa 384", []string{"ecdsa", "-b", "384"}},
		{"ssh ecdsa 521", []string{"ecdsa", "-b", "521"}},
		{"ssh rsa 1024", []string{"rsa", "-b", "1024"}},
		{"ssh rsa 2048", []string{"rsa", "-b", "2048"}},
		{"ssh rsa 3072", []string{"rsa", "-b", "3072"}},
	} {
		key := d.realSSH("ann", kind.args[0], kind.args[1:]...)
		_, raw := d.commit(kind.name)
		d.ask(kind.name, raw, []schema.Key{key}, judged())
	}
	key := d.realSSH("ann", "ed25519")
	d.git("checkout", "-q", "-b", "side")
	d.commit("on the side")
	d.git("tag", "-s", "-m", "a signed tag", "merged")
	d.git("checkout", "-q", "main")
	d.git("merge", "-q", "--no-ff", "-S", "-m", "merge a signed tag", "merged")
	_, merge := d.raw("HEAD")
	d.ask("ssh merge of a signed tag", merge, []schema.Key{key}, judged())
	ca, private := d.sshKeygen("ca", "ed25519"), d.sshKeygen("ann", "ed25519")
	d.run("ssh-keygen", "-q", "-s", ca, "-I", "ann", "-n", "ann", private+".pub")
	d.useSSH(private + "-cert.pub")
	d.allow("ann cert-authority " + d.public(ca))
	_, raw := d.commit("ssh certificate")
	d.ask("ssh certificate of a known key", raw, []schema.Key{d.asKey(private)}, judged())
}

// public is the line of the public key beside a private one.
func (w *workshop) public(private string) string {
	w.t.Helper()
	line, err := os.ReadFile(private + ".pub")
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(line))
}

// asKey is ann's key of the trust for a private key file.
func (w *workshop) asKey(private string) schema.Key {
	return schema.Key{Principal: "ann", Path: "keys/ann/key.pub", Format: schema.SSHKey, Data: []byte(w.public(private) + "\n")}
}

// payload is a commit that git made, without its signature.
func (d *differential) payload(message string) []byte {
	d.git("commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", message)
	_, raw := d.raw("HEAD")
	return raw
}

// sshByHand are signatures that no program makes here: of hardware, and wrong in one thing.
func (d *differential) sshByHand() {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, row := range []struct{ name, namespace, hash string }{
		{"ssh hashed with SHA-256", "git", "sha256"},
		{"ssh hashed with SHA-1", "git", "sha1"},
		{"ssh signed as a file", "file", "sha512"},
		{"ssh signed as an approval", "sluice-approval@v1", "sha512"},
	} {
		d.bySigner(row.name, signer, signer.PublicKey().Type(), row.namespace, row.hash)
	}
	rsa := d.sshKeygen("rsa", "rsa", "-b", "2048")
	text, err := os.ReadFile(rsa)
	if err != nil {
		d.t.Fatal(err)
	}
	old, err := ssh.ParsePrivateKey(text)
	if err != nil {
		d.t.Fatal(err)
	}
	d.bySigner("ssh rsa over SHA-1", old, ssh.KeyAlgoRSA, "git", "sha512")
	d.bySigner("ssh rsa over SHA-256", old, ssh.KeyAlgoRSASHA256, "git", "sha512")
	d.securityKey("ssh security key, touched", 1)
	d.securityKey("ssh security key, touched and PIN", 5)
	d.securityKey("ssh security key, not touched", 0).because = touch
}

func (d *differential) bySigner(name string, signer ssh.Signer, algorithm, namespace, hash string) {
	payload := d.payload(name)
	sig, err := signer.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, signable(namespace, "", hash, payload), algorithm)
	if err != nil {
		d.t.Fatal(err)
	}
	d.assembled(name, payload, signer.PublicKey(), sshsigParts{
		Magic: magic(), Version: 1, PublicKey: signer.PublicKey().Marshal(), Namespace: namespace, Hash: hash, Signature: ssh.Marshal(sig),
	})
}

func (d *differential) assembled(name string, payload []byte, public ssh.PublicKey, parts sshsigParts) *comparison {
	line := ssh.MarshalAuthorizedKey(public)
	d.git("config", "gpg.format", "ssh")
	d.allow("ann " + strings.TrimSpace(string(line)))
	raw := signing.SignedCommit(payload, signing.Armor(false, ssh.Marshal(parts)))
	return d.ask(name, raw, []schema.Key{{Principal: "ann", Path: "keys/ann/key.pub", Format: schema.SSHKey, Data: line}}, judged())
}

// securityKey does what a FIDO token does, with flags that say whether somebody touched it.
func (d *differential) securityKey(name string, flags byte) *comparison {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	wire := ssh.Marshal(struct {
		Name        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, "ssh:"})
	parsed, err := ssh.ParsePublicKey(wire)
	if err != nil {
		d.t.Fatal(err)
	}
	payload := d.payload(name)
	app, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(signable("git", "", "sha512", payload))
	rest := binary.BigEndian.AppendUint32([]byte{flags}, 7)
	sig, err := private.Sign(nil, bytes.Join([][]byte{app[:], rest, message[:]}, nil), crypto.Hash(0))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.assembled(name, payload, parsed, sshsigParts{
		Magic: magic(), Version: 1, PublicKey: wire, Namespace: "git", Hash: "sha512",
		Signature: ssh.Marshal(ssh.Signature{Format: ssh.KeyAlgoSKED25519, Blob: sig, Rest: rest}),
	})
}

// sshTimes are one key whose time is limited, or whose signatures are dated. git holds the committer's date against the
// limits, sluice the time of acceptance.
func (d *differential) sshTimes() {
	private := d.sshKeygen("ann", "ed25519")
	line, key := d.public(private), d.asKey(private)
	d.useSSH(private)
	signed := func(at time.Time, message string) []byte {
		d.clock(at)
		_, raw := d.commit(message)
		d.clock(noon)
		return raw
	}
	now, before := signed(noon, "now"), signed(noon.AddDate(0, 0, -3), "three days before")
	until := key
	until.ValidUntil = noon.AddDate(0, 0, -2)
	d.allow(`ann valid-before="` + until.ValidUntil.Format("20060102150405") + `" ` + line)
	d.ask("ssh key that ended", now, []schema.Key{until}, judged())
	d.ask("ssh key that ended, dated back before its end", before, []schema.Key{until}, judged())
	from := key
	from.ValidFrom = noon.AddDate(0, 0, 2)
	d.allow(`ann valid-after="` + from.ValidFrom.Format("20060102150405") + `" ` + line)
	d.ask("ssh key that begins later", now, []schema.Key{from}, judged())
	d.allow("ann " + line)
	d.ask("ssh, dated an hour ahead", signed(noon.Add(time.Hour), "ahead"), []schema.Key{key}, judged())
	d.ask("ssh, dated two months back", signed(noon.AddDate(0, -2, 0), "old"), []schema.Key{key}, judged())
	revoked := key
	revoked.Revoked = &schema.Revocation{Reason: "retired", At: noon}
	d.git("config", "gpg.ssh.revocationFile", private+".pub")
	d.ask("ssh key that was revoked", now, []schema.Key{revoked}, judged())
	d.git("config", "--unset", "gpg.ssh.revocationFile")
	d.allow("bob " + d.public(d.sshKeygen("bob", "ed25519")))
	d.ask("ssh key that is nobody's", now, nil, judged())
}

// gpgKinds are the keys that gpg makes.
func (d *differential) gpgKinds() {
	for _, algorithm := range []string{
		"rsa1024", "rsa2048", "rsa3072", "rsa4096", "ed25519", "nistp256", "nistp384", "nistp521",
		"brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "secp256k1", "dsa2048",
	} {
		key := d.realGPG(algorithm)
		_, raw := d.commit("gpg " + algorithm)
		d.ask("gpg "+algorithm, raw, []schema.Key{key}, judged())
	}
}

// gpgStates are a key's own limits, and options of gpg that make other signatures.
func (d *differential) gpgStates() {
	program := real.Binary(d.t, "gpg")
	key := d.realGPG("rsa2560")
	made := func(at time.Time, options ...string) []byte {
		d.fakeGPG(program, at, options...)
		_, raw := d.commit("gpg state")
		d.fakeGPG(program, noon)
		return raw
	}
	d.ask("gpg over SHA-1", made(noon, "--digest-algo", "SHA1"), []schema.Key{key}, judged())
	d.ask("gpg over SHA-224", made(noon, "--digest-algo", "SHA224"), []schema.Key{key}, judged())
	d.ask("gpg over SHA-512", made(noon, "--digest-algo", "SHA512"), []schema.Key{key}, judged())
	d.ask("gpg with a comment in the armor", made(noon, "--comment", "malleable"), []schema.Key{key}, judged())
	d.ask("gpg, made an hour ahead", made(noon.Add(time.Hour)), []schema.Key{key}, judged())
	d.ask("gpg, made three weeks before", made(noon.AddDate(0, 0, -21)), []schema.Key{key}, judged())
	d.ask("gpg signature that ran out", made(noon.AddDate(0, 0, -3), "--default-sig-expire", "1d"), []schema.Key{key}, judged())

	ended := d.gpgKey(noon.AddDate(0, 0, -10), "ended <ended@example.com>", "ed25519", "sign", "5d")
	d.git("config", "user.signingkey", ended)
	raw := made(noon.AddDate(0, 0, -6))
	endedKey := []schema.Key{d.pgp(ended)}
	d.ask("gpg key that ended after it signed", raw, endedKey, judged())
	d.ask("gpg key that ended after it was accepted", raw, endedKey, signing.Acceptance{At: noon.AddDate(0, 0, -6)}).because = acceptance

	primary := d.gpgKey(noon.AddDate(0, -1, 0), "sub <sub@example.com>", "rsa2048", "cert", "never")
	d.run(d.gpgs, "--quiet", "--quick-add-key", primary, "ed25519", "sign", "never")
	d.git("config", "user.signingkey", primary)
	d.ask("gpg subkey", made(noon), []schema.Key{d.pgp(primary)}, judged())

	revoked := d.gpgKey(noon.AddDate(0, -1, 0), "revoked <revoked@example.com>", "ed25519", "sign", "never")
	d.git("config", "user.signingkey", revoked)
	raw = made(noon)
	d.revoke(revoked)
	d.ask("gpg key that was revoked by its owner", raw, []schema.Key{d.pgp(revoked)}, judged())
}

// pgp is ann's key of the trust for a fingerprint.
func (w *workshop) pgp(fingerprint string) schema.Key {
	return schema.Key{Principal: "ann", Path: "keys/ann/key.asc", Format: schema.OpenPGPKey, Data: w.export(fingerprint)}
}

// revoke imports the revocation that gpg made with the key.
func (w *workshop) revoke(fingerprint string) {
	w.t.Helper()
	certificate, err := os.ReadFile(filepath.Join(w.gpg, "openpgp-revocs.d", fingerprint+".rev"))
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.t.TempDir(), "revocation")
	if err := os.WriteFile(path, bytes.Replace(certificate, []byte(":-----BEGIN"), []byte("-----BEGIN"), 1), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.run(w.gpgs, "--quiet", "--import", path)
}
