package schema

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Witnesses are parties outside who cosign the ledger's checkpoints, and how many of them make a quorum. The zero value
// asks for none.
type Witnesses struct {
	Quorum int
	Keys   []string // verifier keys as C2SP signed-note has them, type 4 (cosignature/v1)
}

// WitnessKey is the public key of a witness.
type WitnessKey struct {
	Name string // "witness.example/w1"
	Key  ed25519.PublicKey
}

// cosignatureV1 is the type byte of Ed25519 keys that make timestamped cosignatures.
const cosignatureV1 = 4

// ParseWitnessKey reads a verifier key: NAME+HASH+KEY, with the hash of eight hexadecimal digits and the key in base64.
func ParseWitnessKey(text string) (WitnessKey, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || !witnessName(parts[0]) {
		return WitnessKey{}, fmt.Errorf("witness key %q: want NAME+HASH+KEY", Printable(text))
	}
	data, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(data) != 1+ed25519.PublicKeySize {
		return WitnessKey{}, fmt.Errorf("witness key of %s: not the base64 of a type and 32 bytes", Printable(parts[0]))
	}
	if data[0] != cosignatureV1 {
		return WitnessKey{}, fmt.Errorf("witness key of %s: type %d, want 4 (cosignature/v1)", Printable(parts[0]), data[0])
	}
	k := WitnessKey{Name: parts[0], Key: ed25519.PublicKey(data[1:])}
	if fmt.Sprintf("%08x", k.ID()) != parts[1] {
		return WitnessKey{}, fmt.Errorf("witness key of %s: the hash %s is not that of the key", Printable(parts[0]), Printable(parts[1]))
	}
	return k, nil
}

// witnessName holds for a name that can stand in a signature line.
func witnessName(name string) bool {
	return name != "" && len(name) <= 255 && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) })
}

// ID is the number that stands before the signature in a signature line.
func (k WitnessKey) ID() uint32 {
	sum := sha256.Sum256(append([]byte(k.Name+"\n"+string(rune(cosignatureV1))), k.Key...))
	return binary.BigEndian.Uint32(sum[:])
}

// String writes the verifier key.
func (k WitnessKey) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.Name, k.ID(), base64.StdEncoding.EncodeToString(append([]byte{cosignatureV1}, k.Key...)))
}

// Parsed returns the keys; those of a trust that was loaded are all good.
func (w Witnesses) Parsed() ([]WitnessKey, error) {
	keys := make([]WitnessKey, len(w.Keys))
	for i, text := range w.Keys {
		var err error
		if keys[i], err = ParseWitnessKey(text); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// readWitnesses reads who watches the ledger from outside.
func (r *trustReader) readWitnesses(src *source, root object) {
	v, path := root.get("witnesses")
	if v == nil {
		return
	}
	o, ok := src.object(v, witnessesShape, path)
	if !ok {
		return
	}
	w := Witnesses{Quorum: int(o.whole("quorum", 1, maxThreshold, 0)), Keys: o.texts("keys")}
	r.trust.Root.Witnesses = w
	items, listPath := o.list("keys")
	var known []WitnessKey
	for i, text := range w.Keys {
		k, err := ParseWitnessKey(text)
		if err == nil {
			err = r.checkWitness(k, known)
		}
		if err != nil {
			src.badValue(items[i], at(listPath, i), "", err.Error())
			continue
		}
		known = append(known, k)
	}
	if w.Quorum > len(w.Keys) {
		q, qPath := o.get("quorum")
		src.badValue(q, qPath, "", strconv.Itoa(w.Quorum)+" of "+strconv.Itoa(len(w.Keys))+" witnesses cannot cosign")
	}
}

// checkWitness refuses one who would count twice, or who is the log itself.
func (r *trustReader) checkWitness(k WitnessKey, known []WitnessKey) error {
	for _, other := range known {
		if other.Name == k.Name || bytes.Equal(other.Key, k.Key) {
			return fmt.Errorf("%s and %s are one witness", other.Name, k.Name)
		}
	}
	for _, line := range r.trust.Root.LogKeys {
		if _, blob, err := sshBlob(line); err == nil && strings.HasSuffix(blob, string(k.Key)) {
			return fmt.Errorf("%s has the log key: it would watch itself", k.Name)
		}
	}
	return nil
}

// WitnessConflict is what a witness answers when it cosigned another size of the ledger than it was told. Size is the one
// that it knows; -1 where it did not say.
type WitnessConflict struct {
	Size int64
}

// ErrWitnessInconsistent is wrapped where a witness found that what it cosigned does not lead to the checkpoint it was shown.
var ErrWitnessInconsistent = errors.New("the witness cosigned another ledger")

// Error says which size the witness knows.
func (c *WitnessConflict) Error() string {
	return fmt.Sprintf("the witness knows the ledger with %d entries", c.Size)
}
