package schema

import (
	"encoding/hex"
	"fmt"
)

// Hash is a Git object id (SHA-1). It names an object and proves nothing about it: whoever reads the object recomputes it.
type Hash [20]byte

// ParseHash reads the 40 lower-case hexadecimal digits of a full object id.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 2*len(h) {
		return Hash{}, fmt.Errorf("object id %q: want %d hexadecimal digits", s, 2*len(h))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("object id %q: %w", s, err)
	}
	return h, nil
}

// String returns the 40 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short returns the first 8 digits, as people write commits.
func (h Hash) Short() string { return h.String()[:8] }

// IsZero reports whether h names no object, as git writes a missing ref.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText writes the 40 digits; the zero hash is empty text.
func (h Hash) MarshalText() ([]byte, error) {
	if h.IsZero() {
		return nil, nil
	}
	return []byte(h.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*h = Hash{}
		return nil
	}
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}
