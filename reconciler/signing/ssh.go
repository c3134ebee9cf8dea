package signing

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/schema"
)

// minRSA is the shortest RSA key that counts, in bits.
const minRSA = 2048

// sshKey is an SSH key of the trust.
type sshKey struct {
	owner
	public ssh.PublicKey
}

// addSSH takes the .pub line of a key into the ring.
func (k *Keyring) addSSH(o owner) error {
	public, err := parsePublicLine(o.key.Data)
	if err != nil {
		return err
	}
	wire := string(public.Marshal())
	if first, found := k.ssh[wire]; found {
		return first.clash(o.key)
	}
	o.fingerprint = ssh.FingerprintSHA256(public)
	k.ssh[wire] = &sshKey{owner: o, public: public}
	return nil
}

// parsePublicLine reads one line as ssh-keygen writes it to a .pub file: type, key, comment. Options are refused.
func parsePublicLine(line []byte) (ssh.PublicKey, error) {
	text := strings.TrimSpace(string(line))
	if strings.ContainsAny(text, "\r\n") {
		return nil, refusedKey(CodeMalformedObject, "want one line")
	}
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return nil, refusedKey(CodeMalformedObject, "want a line of key type and key, as in a .pub file")
	}
	if code, detail := sshKeyType(fields[0]); code != CodeOK {
		return nil, refusedKey(code, "%s", detail)
	}
	wire, err := base64.StdEncoding.Strict().DecodeString(fields[1])
	if err != nil {
		return nil, refusedKey(CodeMalformedObject, "the key is not base64")
	}
	public, err := ssh.ParsePublicKey(wire)
	if err != nil {
		return nil, refusedKey(CodeMalformedObject, "%s key: %v", fields[0], err)
	}
	if public.Type() != fields[0] || !bytes.Equal(public.Marshal(), wire) {
		return nil, refusedKey(CodeMalformedObject, "the key is not a %s key in its usual encoding", fields[0])
	}
	if code, detail := sshKeySize(public); code != CodeOK {
		return nil, refusedKey(code, "%s", detail)
	}
	return public, nil
}

// sshKeyType says whether keys of the type may sign.
func sshKeyType(name string) (schema.Code, string) {
	switch name {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoRSA,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return CodeOK, ""
	case "ssh-dss":
		return CodeWeakAlgorithm, "DSA keys are too weak"
	}
	if strings.Contains(name, "-cert-v0") {
		return CodeUnsupportedKeyType, "an SSH certificate; list the key itself"
	}
	return CodeUnsupportedKeyType, fmt.Sprintf("key type %q", clip(name, 64))
}

// sshKeySize refuses short RSA keys.
func sshKeySize(public ssh.PublicKey) (schema.Code, string) {
	crypto, ok := public.(ssh.CryptoPublicKey)
	if !ok {
		return CodeOK, ""
	}
	if key, ok := crypto.CryptoPublicKey().(*rsa.PublicKey); ok && key.N.BitLen() < minRSA {
		return CodeWeakAlgorithm, fmt.Sprintf("RSA with %d bits; want at least %d", key.N.BitLen(), minRSA)
	}
	return CodeOK, ""
}

// judgeSSH judges an SSHSIG.
func (k *Keyring) judgeSSH(r request) finding {
	f := finding{signedAt: r.claimed.UTC()}
	blob, ok := sshArmor.read(r.signature)
	if !ok {
		return f.refuse(CodeMalformedObject, "the armor is not exactly as ssh-keygen writes it")
	}
	sig, f, ok := parseSSHSIG(blob, f)
	if !ok {
		return f
	}
	if sig.Namespace != r.namespace {
		return f.refuse(CodeWrongNamespace, fmt.Sprintf("signed for %q, want %q", clip(sig.Namespace, 64), r.namespace))
	}
	key, found := k.ssh[string(sig.PublicKey.Marshal())]
	if !found {
		return f.refuse(CodeUnknownKey, "no principal has the key "+f.key)
	}
	if key.disabled != "" {
		return f.refuse(key.disabled, key.detail)
	}
	if err := sshsig.Verify(bytes.NewReader(r.message), sig, key.public, sig.HashAlgorithm, r.namespace); err != nil {
		return f.refuse(CodeBadSignature, err.Error())
	}
	return f.admit(&key.owner, r, false)
}

// sshsigWire is the layout of an SSHSIG, read first so that each reason to refuse one has its own code.
type sshsigWire struct {
	Magic     [6]byte
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// parseSSHSIG reads a signature whose every algorithm is allowed and whose bytes are the only way to write it. The
// finding carries the algorithm and the fingerprint, and if ok is false, why not.
func parseSSHSIG(blob []byte, f finding) (sig *sshsig.Signature, out finding, ok bool) {
	var wire sshsigWire
	var body ssh.Signature
	keyType, found := firstString(wire.parse(blob))
	if !found || ssh.Unmarshal(wire.Signature, &body) != nil {
		return nil, f.refuse(CodeMalformedObject, "not an SSH signature"), false
	}
	if code, detail := sshKeyType(keyType); code != CodeOK {
		return nil, f.refuse(code, detail), false
	}
	f.algorithm = body.Format
	if keyType == ssh.KeyAlgoRSA && body.Format == ssh.KeyAlgoRSA {
		return nil, f.refuse(CodeWeakAlgorithm, "an ssh-rsa signature uses SHA-1"), false
	}
	if !strictSSHBody(keyType, body) {
		return nil, f.refuse(CodeMalformedObject, "the signature has bytes that mean nothing"), false
	}
	if wire.Hash != string(sshsig.HashSHA256) && wire.Hash != string(sshsig.HashSHA512) {
		return nil, f.refuse(CodeWeakAlgorithm, fmt.Sprintf("hash %q; want sha256 or sha512", clip(wire.Hash, 32))), false
	}
	sig, err := sshsig.ParseSignature(blob)
	if err != nil {
		return nil, f.refuse(CodeMalformedObject, err.Error()), false
	}
	if !bytes.Equal(sig.Marshal(), blob) {
		return nil, f.refuse(CodeMalformedObject, "the signature has bytes that mean nothing"), false
	}
	f.key = ssh.FingerprintSHA256(sig.PublicKey)
	if code, detail := sshKeySize(sig.PublicKey); code != CodeOK {
		return nil, f.refuse(code, detail), false
	}
	return sig, f, true
}

// strictSSHBody refuses a second way to write a signature: bytes after it, which only security keys have, and numbers
// with leading zeros.
func strictSSHBody(keyType string, body ssh.Signature) bool {
	if (keyType == ssh.KeyAlgoSKED25519) != (len(body.Rest) > 0) {
		return false
	}
	if !strings.HasPrefix(keyType, "ecdsa-") {
		return true
	}
	var numbers struct{ R, S *big.Int }
	return ssh.Unmarshal(body.Blob, &numbers) == nil && bytes.Equal(ssh.Marshal(numbers), body.Blob)
}

// parse reads the layout and returns the public key's bytes, nil if it does not hold.
func (w *sshsigWire) parse(blob []byte) []byte {
	if ssh.Unmarshal(blob, w) != nil || string(w.Magic[:]) != "SSHSIG" || w.Version != 1 {
		return nil
	}
	return w.PublicKey
}

// firstString returns the first field of an SSH structure, which for a key is its type.
func firstString(wire []byte) (string, bool) {
	var head struct {
		Name string
		Rest []byte `ssh:"rest"`
	}
	if ssh.Unmarshal(wire, &head) != nil || head.Name == "" {
		return "", false
	}
	return head.Name, true
}

// VerifySSH checks an armored SSHSIG against one public key line, as the trust lists the log key. There is no window and
// no principal: an error says why the key did not sign the message in the namespace.
func VerifySSH(publicLine, namespace string, message, sig []byte) error {
	public, err := parsePublicLine([]byte(publicLine))
	if err != nil {
		return fmt.Errorf("read the public key: %w", err)
	}
	key := &sshKey{owner: owner{fingerprint: ssh.FingerprintSHA256(public)}, public: public}
	ring := &Keyring{ssh: map[string]*sshKey{string(public.Marshal()): key}}
	f := ring.judgeSSH(request{namespace: namespace, message: message, signature: sig})
	if f.code != CodeOK {
		return fmt.Errorf("verify the signature of %s: %s [%s]", key.fingerprint, f.detail, f.code)
	}
	return nil
}
