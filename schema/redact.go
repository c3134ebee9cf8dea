package schema

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// keyInLine is a key up to its value, which a line after it may have.
	keyInLine = regexp.MustCompile(`([\pL0-9_.-]+)["']?\s*[:=]\s*`)
	// quotedValue and flowValue are where a value ends in its line; any other goes to the line's end.
	quotedValue = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"?|'[^']*'?)`)
	flowValue   = regexp.MustCompile(`^[^\s,}#][^,}]*`)
	// anchored is a value that a key elsewhere may take, whatever that one is called.
	anchored = regexp.MustCompile(`(?:^|[\s\[{,])&[^\s,\[\]{}&]+\s+([^\s,\[\]{}#&][^,\]}]*)`)
	// open is what a key has behind it whose value is in the lines below: nothing, or how it is written, or an anchor.
	open = regexp.MustCompile(`^(?:[|>&!][^\s]*\s*|[{\[]\s*)*(?:#.*)?$`)
	// userInfo is what stands before the host of a URL.
	userInfo = regexp.MustCompile(`://[^/\s@"']+@`)
)

// leastSecret is how long a text is at least that may be a secret under any key.
const leastSecret = 6

// RedactLine is a line of a file, counted from 1, as it may be shown: what looks like a secret is hidden, rune by rune so that a caret
// stays where it was. A finding about a secret must not be what spreads it (THREATS 82), and the key of a value may stand lines above it.
func RedactLine(file string, lines []string, n int) string {
	if n < 1 || n > len(lines) {
		return ""
	}
	if belowSecret(file, lines, n) {
		return starred(lines[n-1])
	}
	return redact(file, lines[n-1])
}

func redact(file, line string) string {
	var b strings.Builder
	done := 0
	for _, m := range keyInLine.FindAllStringSubmatchIndex(line, -1) {
		if m[0] < done || !hidesKey(file, line[m[2]:m[3]]) {
			continue
		}
		value := line[m[1]:]
		end := len(value)
		if q := quotedValue.FindString(value); q != "" {
			end = len(q)
		} else if strings.HasPrefix(value, "#") {
			end = 0
		} else if f := flowValue.FindString(value); strings.ContainsAny(line[:m[0]], "{[") && strings.IndexAny(value, "{[") != 0 {
			end = len(f)
		}
		b.WriteString(line[done:m[1]] + stars(value[:end]))
		done = m[1] + end
	}
	line = b.String() + line[done:]
	if m := anchored.FindStringSubmatchIndex(line); m != nil && m[3]-m[2] >= leastSecret {
		line = line[:m[2]] + stars(line[m[2]:m[3]]) + line[m[3]:]
	}
	return userInfo.ReplaceAllStringFunc(line, func(user string) string {
		return "://" + stars(user[len("://"):len(user)-1]) + "@"
	})
}

// hidesKey reports whether what stands at a key is not shown. The project file has a policy that is called secrets.
func hidesKey(file, key string) bool {
	if file == ProjectFile && key == "secrets" {
		return false
	}
	return NamesSecret(key) || CarriesSecret(key) || EndsAsSecret(strings.TrimSuffix(key, "s")) || NamesLogin(key)
}

// belowSecret reports whether a line is part of the value of a secret's key, by how it is indented or since the line before ends in such
// a key: a file that cannot be parsed is shown as well.
func belowSecret(file string, lines []string, n int) bool {
	indent, item := indentOf(lines[n-1])
	next := true // whether it is the line before, of those that are not empty
	for i := n - 2; i >= 0 && (indent > 0 || item || next); i-- {
		line := lines[i]
		if strings.TrimSpace(line) == "" {
			continue
		}
		at, isItem := indentOf(line)
		above := at < indent || at == indent && item && !isItem
		if m := lastKey(line); m != nil && hidesKey(file, line[m[2]:m[3]]) {
			if above && (m[2] < indent || m[2] == indent && item) || next && open.MatchString(line[m[1]:]) {
				return true
			}
		}
		if next = false; above {
			indent, item = at, isItem
		}
	}
	return false
}

// lastKey is the key whose value the lines below may go on with.
func lastKey(line string) []int {
	all := keyInLine.FindAllStringSubmatchIndex(line, -1)
	for _, m := range all {
		if open.MatchString(line[m[1]:]) {
			return m
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[0] // of a plain text over several lines
}

func indentOf(line string) (indent int, item bool) {
	text := strings.TrimLeft(line, " \t")
	return len(line) - len(text), strings.HasPrefix(text, "- ") || text == "-"
}

func stars(text string) string { return strings.Repeat("*", utf8.RuneCountInString(text)) }

// starred hides all of a line but where it begins.
func starred(line string) string {
	text := strings.TrimLeftFunc(line, unicode.IsSpace)
	return line[:len(line)-len(text)] + stars(strings.TrimRightFunc(text, unicode.IsSpace)) + text[len(strings.TrimRightFunc(text, unicode.IsSpace)):]
}
