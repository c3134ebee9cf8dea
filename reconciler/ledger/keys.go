package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Signer holds the log key (RULES R23). What it signs cannot be mistaken for one another: an SSHSIG payload begins with
// its magic, a checkpoint with the project's id.
type Signer interface {
	// PublicKey returns the log key.
	PublicKey() ed25519.PublicKey
	// SignCommit returns the armored SSHSIG over a commit's payload, namespace "git".
	SignCommit(payload []byte) ([]byte, error)
	// SignNote returns the plain Ed25519 signature over a checkpoint's text.
	SignNote(text []byte) ([]byte, error)
}

// CommitVerifier checks that armored is an SSHSIG over payload, namespace "git", made by key.
type CommitVerifier func(payload, armored []byte, key ed25519.PublicKey) error

const sshEd25519 = "ssh-ed25519"

// ParseLogKey reads a log key as the trust root names it: a line of authorized_keys with an ssh-ed25519 key.
func ParseLogKey(line string) (ed25519.PublicKey, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 || fields[0] != sshEd25519 {
		return nil, fmt.Errorf("log key %q: want %s and the key", line, sshEd25519)
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return nil, fmt.Errorf("log key %q: %w", line, err)
	}
	prefix := keyBlob(nil)
	if len(blob) != len(prefix)+4+ed25519.PublicKeySize {
		return nil, fmt.Errorf("log key %q: %d bytes are no Ed25519 key", line, len(blob))
	}
	key := ed25519.PublicKey(blob[len(prefix)+4:])
	if !bytes.Equal(keyBlob(key), blob) {
		return nil, fmt.Errorf("log key %q: not the encoding of an Ed25519 key", line)
	}
	return key, nil
}

// FormatLogKey writes a log key as the trust root names it, without a comment.
func FormatLogKey(key ed25519.PublicKey) string {
	return sshEd25519 + " " + base64.StdEncoding.EncodeToString(keyBlob(key))
}

// keyBlob is the key in the wire format of RFC 8709; without a key it is the part before it.
func keyBlob(key ed25519.PublicKey) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(sshEd25519)))
	b = append(b, sshEd25519...)
	if key == nil {
		return b
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(key)))
	return append(b, key...)
}

// ParseLogKeys reads the keys; one that is named twice counts once.
func ParseLogKeys(lines []string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for _, line := range lines {
		key, err := ParseLogKey(line)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(keys, func(k ed25519.PublicKey) bool { return k.Equal(key) }) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

var projectShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$`)

// checkProject refuses an id that could not stand in a checkpoint's first line and in a commit's author line.
func checkProject(id string) error {
	if !projectShape.MatchString(id) {
		return fmt.Errorf("project id %q: want letters, digits, dots, slashes and hyphens, at most 128", id)
	}
	return nil
}
