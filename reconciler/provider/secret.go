package provider

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const sealed = "[sealed]"

// Secret is text that does not print: not with any verb of fmt, not in JSON or any other text encoding, not in a log, and
// not as an unexported field of a struct that is printed. Only Reveal returns it. Two of them are compared by Equal, not by ==.
type Secret struct{ text *string }

// NewSecret seals a text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text. Where it is called is where to look for leaks.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Equal compares in constant time.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns "[sealed]".
func (s Secret) String() string { return sealed }

// GoString returns "[sealed]".
func (s Secret) GoString() string { return sealed }

// Format writes "[sealed]", whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(sealed)) }

// MarshalText writes "[sealed]"; encoding/json, encoding/xml and others use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(sealed), nil }

// GobEncode writes "[sealed]".
func (s Secret) GobEncode() ([]byte, error) { return []byte(sealed), nil }

// LogValue is "[sealed]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(sealed) }
