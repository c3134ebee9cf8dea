package provider

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Keys are the log keys that this program believes, by the id that heads name them with. They are pinned: they come with
// the program or its deployment, never from the place where the configuration is, because whoever can write there could
// then choose whom to believe.
//
// A log key is replaced so that no reader ever has to believe a key it does not know: first both keys are pinned
// everywhere, then the reconciler hands over (RULES R23: an entry that the old key signs, in a trust version that names
// both) and signs every head again, then the old pin goes. A reader that was forgotten refuses the new heads, keeps what
// it has and says so in Healthy; it never swaps in what it cannot verify. With [KeyFile] pins change without a restart.
type Keys map[string]ed25519.PublicKey

// KeySource is where pinned keys come from: [Keys] themselves, or a [KeyFile] that is read again before each look.
type KeySource interface {
	Pinned() (Keys, error)
}

// Pinned returns the keys themselves.
func (k Keys) Pinned() (Keys, error) {
	if len(k) == 0 {
		return nil, errors.New("no log key is pinned")
	}
	return k, nil
}

func (k Keys) find(id string) ed25519.PublicKey {
	if key := k[id]; len(key) == ed25519.PublicKeySize {
		return key
	}
	return nil
}

// KeyFile is the path of a file with one key per line, as `log_keys` of root.yaml and a .pub file of ssh-keygen have them:
// "ssh-ed25519 AAAA… comment". Empty lines and those that begin with # are skipped.
type KeyFile string

// Pinned reads the file.
func (f KeyFile) Pinned() (Keys, error) {
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, fmt.Errorf("read pinned keys: %w", err)
	}
	keys, err := ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("pinned keys in %s: %w", string(f), err)
	}
	return keys, nil
}

// ParseKeys reads the lines of a [KeyFile]. A line that is no Ed25519 key is an error, not a key less.
func ParseKeys(text string) (Keys, error) {
	keys := Keys{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, key, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys[id] = key
	}
	return keys.Pinned()
}

const keyType = "ssh-ed25519"

// parseKey reads a line of authorized_keys without options. The id is the fingerprint that OpenSSH prints.
func parseKey(line string) (id string, key ed25519.PublicKey, err error) {
	kind, rest, _ := strings.Cut(line, " ")
	text, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	blob, err := base64.StdEncoding.DecodeString(text)
	if kind != keyType || err != nil {
		return "", nil, fmt.Errorf("want %s and the key", keyType)
	}
	name, tail, ok := cutText(blob)
	key, tail, ok2 := cutText(tail)
	if !ok || !ok2 || string(name) != keyType || len(key) != ed25519.PublicKeySize || len(tail) > 0 {
		return "", nil, errors.New("not an Ed25519 key")
	}
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]), key, nil
}

// cutText splits off a string of RFC 4251: four bytes of length and the bytes.
func cutText(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}
