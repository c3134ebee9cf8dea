package signing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// maxKeyFile bounds the bytes of a private key file.
const maxKeyFile = 64 << 10

// SSHSigner signs with a private key of sluice's own: the log key, the bot key, or a person's in tests and the demo. Its
// text forms show the public fingerprint alone.
type SSHSigner struct {
	signer  ssh.Signer
	ed25519 ed25519.PrivateKey // nil for other types
}

// LoadSSHSigner reads an unencrypted private key file as ssh-keygen writes it. A file that others than its owner may
// read is refused.
func LoadSSHSigner(path string) (*SSHSigner, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("load signing key: %w", err)
	}
	s, err := NewSSHSigner(data)
	if err != nil {
		return nil, fmt.Errorf("load signing key %s: %w", path, err)
	}
	return s, nil
}

// readPrivate reads a key file that only its owner may read. It looks at the file that it opened, not at the name.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read or written by others than its owner (mode %04o); run: chmod 600 %s", path, mode, path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("%s is larger than any private key", path)
	}
	return data, nil
}

// ErrLocked is a private key that an agent can sign with, or somebody who knows its passphrase.
var ErrLocked = errors.New("it is protected by a passphrase")

// NewSSHSigner reads an unencrypted private key: ed25519, ECDSA on a NIST curve, or RSA with at least 2048 bits.
func NewSSHSigner(private []byte) (*SSHSigner, error) {
	if bytes.HasPrefix(bytes.TrimSpace(private), []byte("ssh-")) || bytes.HasPrefix(private, []byte("ecdsa-")) {
		return nil, errors.New("it is a public key; name the private one")
	}
	key, err := ssh.ParseRawPrivateKey(private)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("%w; want a key without one (ssh-keygen -p removes it)", ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("not a private key as ssh-keygen writes it: %w", err)
	}
	s := &SSHSigner{}
	switch key := key.(type) {
	case *ed25519.PrivateKey:
		s.ed25519 = *key
	case ed25519.PrivateKey:
		s.ed25519 = key
	case *ecdsa.PrivateKey, *rsa.PrivateKey:
	default:
		return nil, errors.New("want an ed25519, ECDSA or RSA key")
	}
	if s.signer, err = ssh.NewSignerFromKey(key); err != nil {
		return nil, err
	}
	if code, detail := sshKeySize(s.signer.PublicKey()); code != CodeOK {
		return nil, errors.New(detail)
	}
	return s, nil
}

// GenerateEd25519 makes a new key: the private one as an OpenSSH key file, the public one as a line of its .pub file.
func GenerateEd25519() (private, public []byte, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate ed25519 key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(priv, "")
	if err != nil {
		return nil, nil, fmt.Errorf("write ed25519 key: %w", err)
	}
	line, err := ssh.NewPublicKey(pub)
	if err != nil {
		return nil, nil, fmt.Errorf("write ed25519 key: %w", err)
	}
	return pem.EncodeToMemory(block), ssh.MarshalAuthorizedKey(line), nil
}

// Sign returns an armored SSHSIG over the message, byte for byte in the form that ssh-keygen writes. The namespace says
// what the signature is for; it must not be empty.
func (s *SSHSigner) Sign(namespace string, message []byte) ([]byte, error) {
	sig, err := sshsig.Sign(bytes.NewReader(message), s.signer, sshsig.HashSHA512, namespace)
	if err != nil {
		return nil, fmt.Errorf("sign for %q: %w", namespace, err)
	}
	return sshArmor.write(sig.Marshal()), nil
}

// SignCommit returns the raw commit with a signature over it.
func (s *SSHSigner) SignCommit(unsigned []byte) ([]byte, error) {
	armored, err := s.Sign(GitNamespace, unsigned)
	if err != nil {
		return nil, err
	}
	return SignedCommit(unsigned, armored), nil
}

// PublicKey returns the public key as in authorized_keys, without a comment or newline: "ssh-ed25519 AAAA…".
func (s *SSHSigner) PublicKey() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.signer.PublicKey())))
}

// Fingerprint returns "SHA256:" and the digest of the public key, as verdicts name it.
func (s *SSHSigner) Fingerprint() string { return ssh.FingerprintSHA256(s.signer.PublicKey()) }

// Ed25519 returns the private key for what is not an SSHSIG: checkpoints and the heads of targets. It reports false for
// keys of other types.
func (s *SSHSigner) Ed25519() (ed25519.PrivateKey, bool) { return s.ed25519, s.ed25519 != nil }

// String returns the type and the public fingerprint.
func (s *SSHSigner) String() string { return "ssh signer " + s.Fingerprint() }

// Format writes what String returns, whatever the verb, so that no log line can hold the key.
func (s *SSHSigner) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
