package ledger

import (
	"crypto/ed25519"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says how long a ledger is and what it holds: the root of RFC 6962 over the bytes of its entries.
type Checkpoint struct {
	Origin string    `json:"origin"` // project id
	Size   int64     `json:"size"`
	Root   tlog.Hash `json:"root"` // base64 in text
}

// text is the body that is signed, as C2SP tlog-checkpoint has it.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

func parseCheckpointText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, fmt.Errorf("checkpoint of %d lines, want origin, size and root", len(lines)-1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint size: %w", err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint root: %w", err)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if size < 0 || c.text() != text {
		return Checkpoint{}, fmt.Errorf("checkpoint is not in its written form")
	}
	return c, nil
}

// Sign returns the checkpoint as a C2SP signed note; the key's name is the origin.
func (c Checkpoint) Sign(s Signer) ([]byte, error) {
	v, err := noteVerifier(c.Origin, s.PublicKey())
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: c.text()}, noteSigner{v, s})
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// OpenCheckpoint reads a signed checkpoint of the project and checks that one of the keys signed it. Signatures by other
// keys, such as a witness's, do not disturb.
func OpenCheckpoint(signed []byte, project string, keys []ed25519.PublicKey) (Checkpoint, error) {
	verifiers := make([]note.Verifier, len(keys))
	for i, key := range keys {
		v, err := noteVerifier(project, key)
		if err != nil {
			return Checkpoint{}, err
		}
		verifiers[i] = v
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := parseCheckpointText(opened.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != project {
		return Checkpoint{}, fmt.Errorf("checkpoint of project %q, want %q", c.Origin, project)
	}
	return c, nil
}

// noteSigner gives the log key the shape that package note asks for.
type noteSigner struct {
	note.Verifier
	signer Signer
}

// Sign signs a note's text.
func (s noteSigner) Sign(msg []byte) ([]byte, error) { return s.signer.SignNote(msg) }

func noteVerifier(name string, key ed25519.PublicKey) (note.Verifier, error) {
	vkey, err := note.NewEd25519VerifierKey(name, key)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("log key of %q: %w", name, err)
	}
	return v, nil
}
