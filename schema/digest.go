package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Digest is a SHA-256 of bytes, written "sha256:" and 64 hexadecimal digits. The empty Digest names nothing.
type Digest string

const digestPrefix = "sha256:"

// DigestOf returns the digest of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	text := make([]byte, 0, len(digestPrefix)+2*len(sum))
	return Digest(hex.AppendEncode(append(text, digestPrefix...), sum[:]))
}

var digestShape = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ParseDigest reads a digest in its written form.
func ParseDigest(s string) (Digest, error) {
	if !digestShape.MatchString(s) {
		return "", fmt.Errorf("digest %q: want sha256: and 64 hexadecimal digits", s)
	}
	return Digest(s), nil
}

// Hex returns the 64 digits without the algorithm's name, as the ledger names its evidence files.
func (d Digest) Hex() string {
	if len(d) < len(digestPrefix) {
		return ""
	}
	return string(d[len(digestPrefix):])
}

// Revision names an app's promoted files by the digest of their manifest. It is [None] when there are no such files,
// and the same in every stage, so that what production runs can be compared with what gray ran.
type Revision string

// Content names all files of a cell, stage-local ones included, by the digest of their manifest. It is what was approved,
// delivered and read back. It is "none" for a cell without files.
type Content string

// None is the revision of an app without promoted files: its absence (RULES R2, R13).
const None Revision = "none"

// NoContent is the content of a cell without files.
const NoContent Content = "none"

// String returns the short form people see: "r:" and eight digits, so that nobody takes it for a commit.
func (r Revision) String() string { return shortDigest(string(r), "r:") }

// String returns the short form: "c:" and eight digits.
func (c Content) String() string { return shortDigest(string(c), "c:") }

func shortDigest(s, prefix string) string {
	if s == "" || s == string(None) {
		return string(None)
	}
	hexed, ok := strings.CutPrefix(s, digestPrefix)
	if !ok || len(hexed) < 8 {
		return prefix + "invalid" // what is there is no content: a link, or a name that cannot be one
	}
	return prefix + hexed[:8]
}
