package main

import (
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// visible is where JSON goes: the encoder escapes the control characters of ASCII, and this the others that a terminal obeys or
// a reader's eye does not see (THREATS 25). They stand inside strings alone, so the values stay what they are. A value is
// written at once, as json.Encoder and slog do, so that no character is cut.
type visible struct{ w io.Writer }

func (v visible) Write(p []byte) (int, error) {
	var out []byte
	done := 0
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRune(p[i:])
		if hidden(r) {
			out = append(out, p[done:i]...)
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
			done = i + size
		}
		i += size
	}
	if out == nil {
		return v.w.Write(p)
	}
	if _, err := v.w.Write(append(out, p[done:]...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func hidden(r rune) bool {
	return r >= 0x7f && !schema.Shown(r)
}
