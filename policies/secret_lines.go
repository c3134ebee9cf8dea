package policies

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

var (
	// setting is a key with its value inside of a line: of a connection string, the query of a URL or a flag of a command.
	setting = regexp.MustCompile(`(?:^|[?&;,"'\s]|--)([A-Za-z][A-Za-z0-9_.-]*)=([^=?&;\s"'][^?&;\s"']*)`)
	// call is what a program does in the place of a value.
	call = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*\(`)
	// login is the credential of a header.
	login = regexp.MustCompile(`(?i)authorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+([^\s"']{8,})`)
	// remark begins what is left out of a file's values.
	remark = regexp.MustCompile(`(?:^|\s)(?:#|//)[#/\s]*`)
)

// insideLine finds the first secret that stands in a line and in no value of its own: a setting in a text, a header, a remark.
func insideLine(line []byte) (at sighting, ok bool) {
	if bytes.IndexByte(line, '=') < 0 && bytes.IndexByte(line, '#') < 0 && !bytes.Contains(line, []byte("//")) && !containsFold(line, "authorization") {
		return at, false // most lines, and what follows is slower
	}
	begin := len(line)
	note := func(offset int, kind string) {
		if offset < begin {
			begin, at.kind, ok = offset, kind, true
		}
	}
	for _, m := range setting.FindAllSubmatchIndex(line, -1) {
		key, value := string(line[m[2]:m[3]]), string(line[m[4]:m[5]])
		if schema.NamesSecret(key) && !call.MatchString(value) && secretUnder(key, value) || isNamedKey(key, value) {
			note(m[4], "the value of "+key)
		}
	}
	if m := login.FindSubmatchIndex(line); m != nil && looksRandom(string(line[m[2]:m[3]])) {
		note(m[2], "the credential of a header")
	}
	if offset, key, found := remarked(line); found {
		note(offset, "the value of "+key)
	}
	at.column = utf8.RuneCount(line[:begin]) + 1
	return at, ok
}

func containsFold(line []byte, word string) bool {
	return bytes.Contains(bytes.ToLower(line), []byte(word))
}

// remarked finds a secret that was commented out. A remark is mostly prose, so a value without a digit is taken for a word.
func remarked(line []byte) (offset int, key string, ok bool) {
	m := remark.FindIndex(line)
	if m == nil {
		return 0, "", false
	}
	a := assignment.FindSubmatchIndex(line[m[1]:])
	if a == nil {
		return 0, "", false
	}
	rest := line[m[1]:]
	key = string(rest[a[2]:a[3]])
	value := strings.TrimRight(string(rest[a[4]:a[5]]), ".,;:)")
	ok = schema.NamesSecret(key) && strings.ContainsFunc(value, unicode.IsDigit) && secretUnder(key, value)
	return m[1] + a[4], key, ok
}

// secretUnder reports whether a value under the name of a secret is one. Digits alone are a password where the name says so, and
// a number under any other.
func secretUnder(key, value string) bool {
	digits := len(value) >= 6 && onlyDigits(value)
	if schema.NamesPIN(key) {
		return len(value) >= shortestPIN && len(value) <= longestPIN && onlyDigits(value)
	}
	return looksRandom(value) || digits && schema.NamesPassword(key)
}

// A number that people type is as long as this; shorter ones are those of a board, and longer ones of something else.
const shortestPIN, longestPIN = 4, 12

func onlyDigits(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

// pairKey is the name in {name: DB_PASSWORD, value: …}, as lists of variables are written, or of a flag before its value; empty for any
// other leaf.
func pairKey(leaves map[string]schema.Leaf, pointer string) string {
	parent, ok := strings.CutSuffix(pointer, "/value")
	if !ok {
		return flagOf(leaves, pointer)
	}
	for _, name := range []string{"/name", "/key"} {
		if text, ok := textOf(leaves[parent+name]); ok {
			return text
		}
	}
	return ""
}
