package schema

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// secretPair is a key that names a secret, and its value up to the end of the line or of a flow map's entry.
	secretPair = regexp.MustCompile(`(?i)([a-z0-9_.-]*(?:token|passw(?:or)?d|passphrase|secret|api_?-?key|private_?-?key|access_?-?key|credentials?)["']?\s*:\s*)` +
		`("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}#][^,}]*)`)
	// userInfo is what stands before the host of a URL.
	userInfo = regexp.MustCompile(`://[^/\s@"']+@`)
)

// redact hides what looks like a secret in a line that is shown to people, rune by rune so that a caret stays where it was. A
// finding about a secret must not be what spreads it (THREATS 82).
func redact(line string) string {
	line = secretPair.ReplaceAllStringFunc(line, func(pair string) string {
		m := secretPair.FindStringSubmatch(pair)
		return m[1] + stars(m[2])
	})
	return userInfo.ReplaceAllStringFunc(line, func(user string) string {
		return "://" + stars(user[len("://"):len(user)-1]) + "@"
	})
}

// Redact is a line of a file as it may be shown: what looks like a secret is hidden, in its own width.
func Redact(line string) string { return redact(line) }

func stars(text string) string { return strings.Repeat("*", utf8.RuneCountInString(text)) }
