package schema

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// KeyProof is a signature by a key of the trust directory over who has it, since which version: whoever brought the key in
// holds it. It is keys/<person>/NAME.proof beside the key. Nobody can register somebody else's key as his own with it.
type KeyProof struct {
	Project   string
	Principal string
	Key       Digest // of the bytes of the key file
	Version   int    // of the root that the key was added in
	Signature []byte // armored, over Statement: SSHSIG in the namespace sluice-key@v1, or OpenPGP
}

const keyProofHead = "sluice-key v1\n"

// Statement returns the bytes that the key signs.
func (p KeyProof) Statement() []byte {
	return fmt.Appendf(nil, keyProofHead+"project: %s\nprincipal: %s\nkey: %s\nversion: %d\n", p.Project, p.Principal, p.Key, p.Version)
}

// Encode writes the file: the statement, an empty line and the signature.
func (p KeyProof) Encode() []byte { return append(append(p.Statement(), '\n'), p.Signature...) }

// ParseKeyProof reads a proof file. It accepts only what Encode writes; whether the signature is good, and the statement true
// of the key beside it, is the signing package's to say.
func ParseKeyProof(data []byte) (KeyProof, error) {
	statement, signature, found := cutSignature(data)
	if !found {
		return KeyProof{}, fmt.Errorf("proof: no signature below the statement")
	}
	p := KeyProof{Signature: signature}
	lines := strings.Split(string(statement), "\n")
	if len(lines) != 6 || lines[0]+"\n" != keyProofHead {
		return KeyProof{}, fmt.Errorf("proof: want %q and the lines project, principal, key and version", strings.TrimSpace(keyProofHead))
	}
	_, p.Project, _ = strings.Cut(lines[1], ": ")
	_, p.Principal, _ = strings.Cut(lines[2], ": ")
	_, key, _ := strings.Cut(lines[3], ": ")
	_, version, _ := strings.Cut(lines[4], ": ")
	var err error
	if p.Key, err = ParseDigest(key); err != nil {
		return KeyProof{}, fmt.Errorf("proof: key: %w", err)
	}
	if p.Version, err = strconv.Atoi(version); err != nil || p.Version < 1 {
		return KeyProof{}, fmt.Errorf("proof: version %q: want a number from 1", version)
	}
	if !CheckProjectID(p.Project) || CheckSegment(p.Principal) != nil {
		return KeyProof{}, fmt.Errorf("proof: want a project's id and a person's")
	}
	if !bytes.Equal(p.Encode(), data) {
		return KeyProof{}, fmt.Errorf("proof: not in its written form")
	}
	return p, nil
}

// cutSignature splits a statement, with its last line end, from the armored signature below it.
func cutSignature(message []byte) (statement, signature []byte, found bool) {
	statement, signature, found = bytes.Cut(message, []byte("\n\n-----BEGIN "))
	if !found {
		return nil, nil, false
	}
	return append(bytes.Clone(statement), '\n'), append([]byte("-----BEGIN "), signature...), true
}

// proofFile is where the proof of a key is, relative to the trust directory.
func proofFile(keyPath string) string {
	name, _ := cutAny(keyPath, ".pub", ".asc")
	return name + ".proof"
}

// readProof reads the proof beside a key. Two keys of one name share no proof, because it could not tell which it is for.
func (r *trustReader) readProof(k *Key) {
	path := proofFile(k.Path)
	data, ok := r.files[path]
	if !ok {
		return
	}
	name := strings.TrimSuffix(path, ".proof")
	src := newSource(TrustDir+"/"+path, nil)
	proof, err := ParseKeyProof(data)
	switch {
	case len(data) > maxKeySize:
		src.report(span{}, "trust-proof", "", args{"key": k.Path, "why": "the proof is larger than " + count(maxKeySize) + " bytes"})
	case err != nil:
		src.report(span{}, "trust-proof", "", args{"key": k.Path, "why": err.Error()})
	case r.has(name+".pub") && r.has(name+".asc"):
		src.report(span{}, "trust-proof", "", args{"key": k.Path, "why": "two keys have this name"})
	default:
		k.Proof = &proof
	}
	r.done(src)
}
