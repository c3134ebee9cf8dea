package signing

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// LogKey signs for the reconciler: ledger commits, checkpoints, and the heads that targets hold (RULES R23). Each kind of
// message has a domain of its own, so none can pass for another.
type LogKey struct {
	ssh *SSHSigner
	key ed25519.PrivateKey
}

// LoadLogKey reads the key from an OpenSSH private key file; it has to be Ed25519.
func LoadLogKey(path string) (*LogKey, error) {
	s, err := LoadSSHSigner(path)
	if err != nil {
		return nil, err
	}
	k, err := NewLogKey(s)
	if err != nil {
		return nil, fmt.Errorf("log key %s: %w", path, err)
	}
	return k, nil
}

// NewLogKey makes a log key of an Ed25519 signer.
func NewLogKey(s *SSHSigner) (*LogKey, error) {
	key, ok := s.Ed25519()
	if !ok {
		return nil, errors.New("the log key has to be ed25519")
	}
	return &LogKey{ssh: s, key: key}, nil
}

// PublicKey returns the public half.
func (k *LogKey) PublicKey() ed25519.PublicKey { return k.key.Public().(ed25519.PublicKey) }

// SignCommit returns the armored signature over a commit's payload.
func (k *LogKey) SignCommit(payload []byte) ([]byte, error) { return k.ssh.Sign("git", payload) }

// SignNote returns the plain signature over a checkpoint's text.
func (k *LogKey) SignNote(text []byte) ([]byte, error) { return ed25519.Sign(k.key, text), nil }

// SignHead returns the plain signature over a target's head; the message begins with a domain of its own.
func (k *LogKey) SignHead(message []byte) ([]byte, error) { return ed25519.Sign(k.key, message), nil }

// ID names the key in the heads that targets hold: its SHA-256 fingerprint, as ssh-keygen -l prints it.
func (k *LogKey) ID() string { return k.ssh.Fingerprint() }

// LogKeyID is the ID of a log key whose private half is elsewhere.
func LogKeyID(key ed25519.PublicKey) string {
	public, err := ssh.NewPublicKey(key)
	if err != nil {
		return "" // not the length of a key
	}
	return ssh.FingerprintSHA256(public)
}
