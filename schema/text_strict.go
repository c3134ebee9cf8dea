package schema

import (
	"bytes"
	"unicode/utf8"
)

// textRules say what checkText lets pass.
type textRules struct {
	bom    bool // a leading byte order mark
	breaks bool // NEL, LS and PS, which are line breaks for some parsers of YAML
}

// checkText refuses bytes that parsers read differently: too many of them, not UTF-8, control characters, and line
// breaks that only some of them know. It reports the first one and returns whether the text may be parsed.
func (s *source) checkText(data []byte, rules textRules) bool {
	if len(data) > maxFileSize {
		s.report(span{}, "file-too-large", "split the file", args{"size": count(len(data)), "limit": count(maxFileSize)})
		return false
	}
	body := data
	if bytes.HasPrefix(data, []byte(byteOrderBOM)) {
		if !rules.bom {
			s.report(span{1, 1, 1}, "encoding", "save the file as UTF-8 without a byte order mark", args{"what": "a byte order mark"})
			return false
		}
		body = data[len(byteOrderBOM):]
	}
	if i, what := forbiddenAt(body, rules.breaks); what != "" {
		s.report(newCursor(body).span(i, 1), "encoding", "save the file as UTF-8 text; write the character as an escape in double quotes", args{"what": what})
		return false
	}
	return true
}

// forbiddenAt finds the first byte that a text may not have, and says what it is.
func forbiddenAt(data []byte, breaks bool) (int, string) {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			return i, "bytes that are not UTF-8"
		case r == 0:
			return i, "a NUL byte"
		case r == '\t' || r == '\n' || r == '\r':
		case r < ' ', r >= 0x7f && r < 0xa0 && r != 0x85:
			return i, "a control character"
		case !breaks && (r == 0x85 || r == 0x2028 || r == 0x2029):
			return i, "a line break that only some parsers know"
		case r == 0xfeff:
			return i, "a byte order mark inside the text"
		case r == 0xfffe, r == 0xffff:
			return i, "a character that no text may have"
		}
		i += size
	}
	return 0, ""
}
