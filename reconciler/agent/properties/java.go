package properties

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Parse reads the form of java.util.Properties, in UTF-8: comments with # and !, a key up to =, : or a blank, lines that a
// backslash continues, and escapes. A key that is there twice is an error; Java would take the last silently.
func Parse(data []byte) (map[string]string, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	keys := map[string]string{}
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n"), "\n")
	for n := 0; n < len(lines); n++ {
		line := strings.TrimLeft(lines[n], blanks)
		at := n + 1
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		for continued(line) {
			line = line[:len(line)-1]
			if n+1 == len(lines) {
				break
			}
			n++
			line += strings.TrimLeft(lines[n], blanks)
		}
		name, value := split(line)
		key, err := unescape(name)
		if err == nil {
			value, err = unescape(value)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
		if _, twice := keys[key]; twice {
			return nil, fmt.Errorf("line %d: the key %q is there twice", at, key)
		}
		keys[key] = value
	}
	return keys, nil
}

const blanks = " \t\f"

// continued reports whether the last backslash of a line is none that another one escapes.
func continued(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// split ends the key at the first separator that no backslash escapes.
func split(line string) (key, value string) {
	end := len(line)
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
		} else if strings.IndexByte("=: \t\f", line[i]) >= 0 {
			end = i
			break
		}
	}
	rest := strings.TrimLeft(line[end:], blanks)
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], blanks)
	}
	return line[:end], rest
}

var escapes = map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f'}

func unescape(text string) (string, error) {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		if text[i] != 'u' {
			c, ok := escapes[text[i]]
			if !ok {
				c = text[i]
			}
			out = append(out, c)
			continue
		}
		r, used, err := unit(text[i-1:])
		if err != nil {
			return "", err
		}
		out = utf8.AppendRune(out, r)
		i += used - 2
	}
	return string(out), nil
}

// unit reads \uXXXX at the beginning, or two of them that are one character together.
func unit(text string) (r rune, used int, err error) {
	first, ok := hex(text)
	if !ok {
		return 0, 0, errors.New(`want four hexadecimal digits after \u`)
	}
	if !utf16.IsSurrogate(first) {
		return first, 6, nil
	}
	second, ok := hex(text[6:])
	if both := utf16.DecodeRune(first, second); ok && both != utf8.RuneError {
		return both, 12, nil
	}
	return 0, 0, errors.New(`half a character after \u`)
}

func hex(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}

// Format writes what Parse reads, sorted by key. Characters beyond ASCII stay as they are.
func Format(keys map[string]string) []byte {
	var out []byte
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		out = escape(out, key, true)
		out = append(out, '=')
		out = escape(out, keys[key], false)
		out = append(out, '\n')
	}
	return out
}

func escape(out []byte, text string, key bool) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\t':
			out = append(out, `\t`...)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\f':
			out = append(out, `\f`...)
		case c == '\\', key && strings.IndexByte("=: #!", c) >= 0, !key && i == 0 && strings.IndexByte(" #!=:", c) >= 0:
			out = append(out, '\\', c)
		default:
			out = append(out, c)
		}
	}
	return out
}
