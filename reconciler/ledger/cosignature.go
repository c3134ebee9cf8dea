package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/sluice-gitops/sluice/schema"
)

// Cosignature is what a witness states: at that moment this was the largest ledger of the project that it knew, and every
// one it knew before leads to it (C2SP tlog-cosignature).
type Cosignature struct {
	Witness string    `json:"witness"`
	At      time.Time `json:"at"`
}

// Cosignatures returns those on a checkpoint that the witnesses' keys made, each witness once, the oldest first. It does
// not ask who signed the checkpoint itself; [OpenCheckpoint] does.
func Cosignatures(signed []byte, witnesses []schema.WitnessKey) ([]Cosignature, error) {
	opened, err := openCosigned(signed, witnesses)
	var none *note.UnverifiedNoteError
	switch {
	case len(witnesses) == 0, errors.As(err, &none):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var out []Cosignature
	for _, sig := range opened.Sigs {
		at, err := cosignedAt(sig)
		if err != nil {
			return nil, err
		}
		out = append(out, Cosignature{Witness: sig.Name, At: at})
	}
	slices.SortStableFunc(out, func(a, b Cosignature) int { return a.At.Compare(b.At) })
	return out, nil
}

// Cosign adds to a signed checkpoint what a witness answered: signature lines, of which those by other keys are left out.
// A cosignature by the same witness that is there already is replaced.
func Cosign(signed, lines []byte, witness schema.WitnessKey) ([]byte, Cosignature, error) {
	text, _, ok := bytes.Cut(signed, []byte("\n\n"))
	if !ok {
		return nil, Cosignature{}, errors.New("cosign: not a signed checkpoint")
	}
	answered := slices.Concat(text, []byte("\n\n"), lines)
	opened, err := openCosigned(answered, []schema.WitnessKey{witness})
	if err != nil {
		return nil, Cosignature{}, fmt.Errorf("cosignature of %s: %w", witness.Name, err)
	}
	at, err := cosignedAt(opened.Sigs[0])
	if err != nil {
		return nil, Cosignature{}, fmt.Errorf("cosignature of %s: %w", witness.Name, err)
	}
	line := signatureLine(witness, opened.Sigs[0])
	return append(withoutWitness(signed, witness), line...), Cosignature{Witness: witness.Name, At: at}, nil
}

func openCosigned(signed []byte, witnesses []schema.WitnessKey) (*note.Note, error) {
	verifiers := make([]note.Verifier, len(witnesses))
	for i, w := range witnesses {
		verifiers[i] = cosigner{w}
	}
	return note.Open(signed, note.VerifierList(verifiers...))
}

func signatureLine(w schema.WitnessKey, sig note.Signature) []byte {
	return fmt.Appendf(nil, "— %s %s\n", w.Name, sig.Base64)
}

// withoutWitness leaves out the lines by a witness's key.
func withoutWitness(signed []byte, w schema.WitnessKey) []byte {
	prefix := []byte("— " + w.Name + " ")
	var out []byte
	for line := range bytes.Lines(signed) {
		rest, found := bytes.CutPrefix(line, prefix)
		if data, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(rest))); found && err == nil && len(data) > 4 && binary.BigEndian.Uint32(data) == w.ID() {
			continue
		}
		out = append(out, line...)
	}
	return out
}

// cosigner verifies cosignature/v1: a time of eight bytes, and Ed25519 over that time and the checkpoint.
type cosigner struct{ key schema.WitnessKey }

// Name is the witness's.
func (c cosigner) Name() string { return c.key.Name }

// KeyHash is the number in its signature lines.
func (c cosigner) KeyHash() uint32 { return c.key.ID() }

// Verify checks a signature over a note's text.
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at <= math.MaxInt64 && ed25519.Verify(c.key.Key, cosignedMessage(int64(at), msg), sig[8:])
}

// cosignedMessage is what a witness signs: a header, the time in seconds since 1970, and the checkpoint's text.
func cosignedMessage(at int64, text []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
}

func cosignedAt(sig note.Signature) (time.Time, error) {
	data, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || len(data) < 12 {
		return time.Time{}, errors.New("a cosignature without a time")
	}
	return time.Unix(int64(binary.BigEndian.Uint64(data[4:])), 0).UTC(), nil
}
