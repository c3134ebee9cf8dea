package schema

import (
	"fmt"
	"regexp"
	"strings"
)

// Spellings that other tools have for what a key or a pattern says. Taken as they stand they are names that nothing has, so a guard with one
// would guard nothing; who means such a name puts a backslash before its first character.
var (
	indexed  = regexp.MustCompile(`([^\\])\[(\d+|\*)\]`)
	pointed  = regexp.MustCompile(`^(.*\S) at (/.*)$`)
	choosing = regexp.MustCompile(`(^|[^\\])\{[^{}/]*,[^{}/]*\}`)
)

// badSpelling says that a key is written as a JSON Pointer, a JSON Path or with places in brackets, and how it is written here; empty if it is none.
func badSpelling(key string) string {
	plain := key
	if strings.HasPrefix(plain, "$.") || strings.HasPrefix(plain, "$[") {
		plain = strings.TrimPrefix(strings.TrimPrefix(plain, "$"), ".")
	}
	if strings.HasPrefix(plain, "/") {
		plain = pointedKey(plain)
	}
	plain = strings.TrimPrefix(indexed.ReplaceAllString(plain, "$1.$2"), ".")
	if plain == key {
		return ""
	}
	return fmt.Sprintf(`%q is no key: names, and places in lists, are joined by dots: write %s; in a name, \%s is the character itself`, key, plain, sign(key))
}

// sign is the character that makes a key one of another tool.
func sign(key string) string {
	if strings.HasPrefix(key, "$") || strings.HasPrefix(key, "/") {
		return key[:1]
	}
	return "["
}

// pointedKey is the key for a JSON Pointer.
func pointedKey(pointer string) string {
	names := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, name := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~", ".", `\.`).Replace(name)
	}
	return strings.Join(names, ".")
}

// badPlace says that a field is written as a verdict prints a place, and how it is written here; empty if it is not.
func badPlace(field string) string {
	m := pointed.FindStringSubmatch(field)
	if m == nil {
		return ""
	}
	return fmt.Sprintf("%q is a place as it is printed: write %s#%s", field, m[1], pointedKey(m[2]))
}

// badBraces says that a pattern has alternatives in braces, which would be the text itself; empty if it has none.
func badBraces(pattern string) string {
	if !choosing.MatchString(pattern) {
		return ""
	}
	return fmt.Sprintf(`pattern %q: braces are no alternatives here: write a pattern for each; a brace in a name is written \{`, pattern)
}
