package policies

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// Secrets denies files that hold a secret in plain text: one that is known by its form, or a value under a key that is called
// like a secret. No verdict holds the value.
type Secrets struct{ schema.SecretsSpec }

// Evaluate has one part per line, for all files of the app and not those alone that change: what was there is known by as
// many people.
func (s Secrets) Evaluate(f Facts) schema.Verdict {
	const policy = "secrets"
	if !known(f.Change.To, f.After) {
		return answer(policy, schema.Hold, "evidence-missing", "what", "the app's files")
	}
	var parts []schema.Verdict
	for _, file := range f.After {
		data, ok := f.Files[file.Path]
		if !ok {
			return answer(policy, schema.Hold, "evidence-missing", "what", file.Path)
		}
		for _, at := range s.in(f.reading, file.Path, data) {
			if len(parts) == named {
				break
			}
			parts = append(parts, answer(policy, schema.Deny, "secret", "path", file.Path, "at", at.text(), "kind", at.kind))
		}
	}
	if len(parts) == 0 {
		return allow(policy)
	}
	return schema.All(policy, parts...)
}

// sighting is a place where a secret stands, and what it seems to be.
type sighting struct {
	line, column int
	kind, key    string
}

func (s sighting) text() string { return strconv.Itoa(s.line) + ":" + strconv.Itoa(s.column) }

// in returns the secrets of a file, one a line at most, without what the gate excepts.
func (s Secrets) in(r reading, path string, data []byte) []sighting {
	keys := lineKeys{}
	found := namedSecrets(r, path, data, keys)
	for i, line := range bytes.Split(data, []byte("\n")) {
		if at, ok := formatted(line); ok {
			at.line, at.key = i+1, keys[i+1]
			found = append(found, at)
		}
		if at, ok := insideLine(line); ok {
			at.line, at.key = i+1, keys[i+1]
			found = append(found, at)
		}
	}
	found = slices.DeleteFunc(found, func(at sighting) bool {
		return slices.ContainsFunc(s.Allow, func(e schema.SecretException) bool { return e.Allows(path, at.key) })
	})
	slices.SortFunc(found, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), cmp.Compare(a.kind, b.kind))
	})
	return slices.CompactFunc(found, func(a, b sighting) bool { return a.line == b.line })
}

// lineKeys are the keys by line; a line with several has none, so that an exception for one is none for the other.
type lineKeys map[int]string

func (k lineKeys) add(line int, key string) {
	if have, ok := k[line]; ok && have != key {
		key = ""
	}
	k[line] = key
}

// formatted finds the first secret of a line that its form gives away.
func formatted(line []byte) (at sighting, ok bool) {
	begin := len(line)
	for _, format := range secretFormats {
		if !format.in(line) {
			continue
		}
		if m := format.re.FindIndex(line); m != nil && m[0] < begin {
			begin, at.kind, ok = m[0], format.kind, true
		}
	}
	urls := line
	if bytes.IndexByte(line, '@') < 0 {
		urls = nil
	}
	for _, m := range urlPassword.FindAllSubmatchIndex(urls, -1) {
		if m[2] < begin && !reference.Match(line[m[2]:m[3]]) {
			begin, at.kind, ok = m[2], "the password of a URL", true
		}
	}
	if offset, found := curlPassword(line); found && offset < begin {
		begin, at.kind, ok = offset, "the password of a command", true
	}
	if offset, found := clientPassword(line); found && offset < begin {
		begin, at.kind, ok = offset, "the password of a command", true
	}
	if offset, found := headerLogin(line); found && offset < begin {
		begin, at.kind, ok = offset, "the credential of a header", true
	}
	if offset, found := encodedKey(line); found && offset < begin {
		begin, at.kind, ok = offset, "a private key in base64", true
	}
	at.column = utf8.RuneCount(line[:begin]) + 1
	return at, ok
}

// namedSecrets finds the values under keys that are called like secrets, and notes the key of each line.
func namedSecrets(r reading, path string, data []byte, keys lineKeys) []sighting {
	leaves, findings := map[string]schema.Leaf(nil), schema.Diagnostics(nil)
	if isData(path) {
		leaves, findings = r.flatten(path, data)
	}
	if leaves == nil || len(findings) > 0 { // another format, or none that can be read
		return namedLines(data, keys)
	}
	manifest := leaves["/kind"].Value == `"Secret"`
	var found []sighting
	for pointer, leaf := range leaves {
		segments := strings.Split(pointer, "/")
		key := keyOf(segments)
		keys.add(leaf.Position.Line, key)
		value, text := textOf(leaf)
		if !text {
			value = leaf.Value // a number, true, false or nothing
		}
		full := withParent(segments)
		if name := pairKey(leaves, pointer); name != "" {
			key, full = name, name
		}
		kept := manifest && len(segments) > 2 && (segments[1] == "data" || segments[1] == "stringData")
		if (kept && text && value != "" && !reference.MatchString(value)) || isSecret(key, value) && (text || value[0] != '-' && schema.NamesPassword(key)) || text && (isSecretBelow(full, value) || isOwned(segments, value)) {
			found = append(found, sighting{leaf.Position.Line, leaf.Position.Column, "the value of " + key, key})
		} else if kind, ok := insideText(value); ok && text {
			found = append(found, sighting{leaf.Position.Line, leaf.Position.Column, kind, key})
		}
	}
	return found
}

// textOf is a leaf's text; false for a number, true, false or nothing.
func textOf(leaf schema.Leaf) (text string, ok bool) {
	return text, json.Unmarshal([]byte(leaf.Value), &text) == nil
}

// keyOf is the last key of a JSON Pointer; the places of a list are none.
func keyOf(segments []string) string {
	for i := len(segments) - 1; i > 0; i-- {
		if _, err := strconv.Atoi(segments[i]); err != nil {
			return pointerPlain.Replace(segments[i])
		}
	}
	return ""
}

// assignment is a line of a .properties, .env, .toml or the like.
var assignment = regexp.MustCompile(`^\s*(?:export\s+)?["']?([A-Za-z0-9_.-]+)["']?\s*[=:]\s*["']?([^\s"']+)`)

func namedLines(data []byte, keys lineKeys) []sighting {
	var found []sighting
	for i, line := range bytes.Split(data, []byte("\n")) {
		key := ""
		if m := assignment.FindSubmatchIndex(line); m != nil {
			key = string(line[m[2]:m[3]])
			keys.add(i+1, key)
			if isSecret(key, string(line[m[4]:m[5]])) {
				found = append(found, sighting{i + 1, utf8.RuneCount(line[:m[4]]) + 1, "the value of " + key, key})
				continue
			}
		}
		if kind, ok := insideText(string(line)); ok {
			found = append(found, sighting{i + 1, 1, kind, key})
		}
	}
	return found
}
