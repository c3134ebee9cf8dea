package policies

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// hexKey is a key of AES as programs are given it: of 128, 192 or 256 bits. A commit has other lengths, or another name, as a digest has.
var hexKey = regexp.MustCompile(`^(?:0[xX])?(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64})$`)

// isHexKey reports whether a value is one, and no row of zeros that stands for one.
func isHexKey(value string) bool { return hexKey.MatchString(value) && entropy(value) >= 2.5 }

// isNamedKey reports whether a value is a key that encrypts or signs by its form and by what it is called. One that is called "key" alone
// is as well what something is found by: it is refused nowhere, and not shown.
func isNamedKey(name, value string) bool {
	named, whole := schema.NamesKey(name)
	return named && whole && isHexKey(value)
}

// aPath is where a key lies, as in private: {key: /run/tls.key}.
var aPath = regexp.MustCompile(`^\.{0,2}/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+$`)

// isSecretBelow reports whether a value is a secret for its key together with the key above, as in api: {key: …}.
func isSecretBelow(name, value string) bool {
	return isNamedKey(name, value) || schema.EndsAsSecret(name) && !aPath.MatchString(value) && !call.MatchString(value) && secretUnder(name, value)
}

// withParent is the last key of a JSON Pointer with the key above it; the last alone where that is in a list.
func withParent(segments []string) string {
	for i := len(segments) - 1; i > 0; i-- {
		if _, err := strconv.Atoi(segments[i]); err != nil {
			return withAbove(segments[i-1], segments[i])
		}
	}
	return ""
}

func withAbove(above, key string) string {
	key = pointerPlain.Replace(key)
	if _, err := strconv.Atoi(above); above == "" || err == nil {
		return key
	}
	return pointerPlain.Replace(above) + "." + key
}

// hidesJoined reports whether what stands under the last of these keys is not to be shown for what it is called together with the one above,
// or for being a key.
func hidesJoined(keys []string, values []string) bool {
	for i := 1; i < len(keys); i++ {
		if name := withAbove(keys[i-1], keys[i]); strings.Contains(name, ".") && (schema.EndsAsSecret(name) || schema.CarriesSecret(name)) {
			return true
		}
	}
	named, _ := schema.NamesKey(withParent(append([]string{""}, keys...)))
	return named && slices.ContainsFunc(values, func(value string) bool {
		var text string
		if json.Unmarshal([]byte(value), &text) != nil {
			text = value
		}
		return isHexKey(text)
	})
}

// ofCurl is a name and a password as curl takes them, in a line or in a list that is written in one. What is two numbers is a user and a
// group of another command.
var ofCurl = regexp.MustCompile(`\bcurl\b[^|;\n]*?["'\s](?:-[fgikLsSvN]*[uU]["'\s,=]*|--(?:proxy-)?user["'\s,=]+)((?:\$\{[^}\s]*\}|\$\([^)\s]*\)|[^\s:"',])+?):([^\s"']+)`)

// curlPassword is where the password of a curl begins; false where there is none.
func curlPassword(line []byte) (offset int, ok bool) {
	if !containsFold(line, "curl") {
		return 0, false
	}
	for _, m := range ofCurl.FindAllSubmatchIndex(line, -1) {
		if secret := line[m[4]:m[5]]; !reference.Match(secret) && !onlyDigits(string(line[m[2]:m[3]])+string(secret)) {
			return m[4], true
		}
	}
	return 0, false
}

// ofCurlList reports whether a leaf of a list is what follows -u or --user after curl, with a password in it.
func ofCurlList(leaves map[string]schema.Leaf, list string, place int, flag, value string) bool {
	name, password, pair := strings.Cut(value, ":")
	if flag != "u" && flag != "user" && flag != "proxy-user" || !pair || password == "" || reference.MatchString(name) || reference.MatchString(password) {
		return false
	}
	for i := range place {
		before, _ := textOf(leaves[list+strconv.Itoa(i)])
		if before == "curl" || strings.HasSuffix(before, "/curl") {
			return true
		}
	}
	return false
}
