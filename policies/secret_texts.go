package policies

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/sluice-gitops/sluice/schema"
)

// forms are the ways in which a key stands with its value in a text that is of another format than the file: JSON, XML, a command,
// the file of passwords that programs of the network read.
var forms = []*regexp.Regexp{
	regexp.MustCompile(`["']([A-Za-z][A-Za-z0-9_.-]*)["']\s*:\s*["']([^"']+)["']`),
	regexp.MustCompile(`(?:^|[\s<])([A-Za-z][A-Za-z0-9_.:-]*)\s*=\s*["']([^"']+)["']`),
	regexp.MustCompile(`<([A-Za-z][A-Za-z0-9_.:-]*)(?:\s[^<>]*)?>\s*([^<>\s][^<>]*)</`),
	regexp.MustCompile(`(?:^|\s)(?:machine|login)\s+\S+\s+(?:(?:login|account)\s+\S+\s+)*(password)\s+([^\s"']+)`),
}

var (
	// flag is one of a command with its value behind it, which in prose is a word.
	flag = regexp.MustCompile(`(?:^|[\s"',\[])--?([A-Za-z][A-Za-z0-9_.-]*)["']?[\s,]+["']?([^\s"',\]-][^\s"',\]]*)`)
	// ofNetrc is a line of its own, which may as well be a title.
	ofNetrc = regexp.MustCompile(`^\s*(password)\s+([^\s"']+)\s*$`)
	// flagName is a flag whose value is the next of a list.
	flagName = regexp.MustCompile(`^--?([A-Za-z][A-Za-z0-9_.-]*)$`)
	// aWord is one of prose.
	aWord = regexp.MustCompile(`^\(?[A-Z]?[a-z]+[.,;:!?)]*$`)
	// wayToLogIn is what a key that ends in "auth" says where it has no credential: how, or the address or version of a service.
	wayToLogIn = regexp.MustCompile(`(?i)oauth|oidc|sha-?\d|md5|saml|x509|ldap|ntlm|mtls|jwt|[.:/]`)
)

// insideText finds a secret in a text whose format nobody says. A single line is mostly prose, so a value there has a digit.
func insideText(text string) (kind string, ok bool) {
	if !strings.ContainsAny(text, " =:<") || !schema.MentionsSecret(text) {
		return "", false // most texts, and what follows is slower
	}
	lines := strings.Split(text, "\n")
	for _, line := range lines {
		for _, form := range forms {
			for _, m := range form.FindAllStringSubmatch(line, -1) {
				if isSecret(m[1], strings.TrimSpace(m[2])) {
					return "the value of " + m[1], true
				}
			}
		}
		for _, m := range flag.FindAllStringSubmatch(line, -1) {
			if hasDigit(m[2]) && isSecret(m[1], m[2]) {
				return "the value of " + m[1], true
			}
		}
		if m := ofNetrc.FindStringSubmatch(line); m != nil && hasDigit(m[2]) && isSecret(m[1], m[2]) {
			return "the value of " + m[1], true
		}
		if m := assignment.FindStringSubmatch(line); m != nil && (len(lines) > 1 && !aWord.MatchString(m[2]) || hasDigit(m[2])) && isSecret(m[1], m[2]) {
			return "the value of " + m[1], true
		}
	}
	return "", false
}

// isSecret reports whether a key and its value are those of a secret.
func isSecret(key, value string) bool {
	switch {
	case call.MatchString(value), strings.HasPrefix(value, "//"): // of a URL whose scheme is called so
		return false
	case isNamedKey(key, value), isOneOfSeveral(key, value):
		return true
	case schema.NamesSecret(key):
		return secretUnder(key, value)
	}
	return schema.NamesLogin(key) && len(value) >= 8 && (hasDigit(value) && !wayToLogIn.MatchString(value) && looksRandom(value) || isPair(value))
}

func hasDigit(value string) bool { return strings.ContainsFunc(value, unicode.IsDigit) }

// hidesForm reports whether a line has what [insideText] looks for, whatever the value is.
func hidesForm(line string) bool {
	hides := func(m []string) bool {
		return (schema.NamesSecret(m[1]) || schema.NamesLogin(m[1]) || schema.CarriesSecret(m[1])) && !call.MatchString(m[2]) && !reference.MatchString(m[2])
	}
	for _, form := range append(forms[:len(forms):len(forms)], flag) {
		for _, m := range form.FindAllStringSubmatch(line, -1) {
			if hides(m) {
				return true
			}
		}
	}
	m := ofNetrc.FindStringSubmatch(line)
	return m != nil && hasDigit(m[2]) && hides(m)
}

// flagOf is the name of the flag whose value a leaf is: of "x" in ["--password", "x"]; empty for any other.
func flagOf(leaves map[string]schema.Leaf, pointer string) string {
	cut := strings.LastIndexByte(pointer, '/')
	if cut < 0 {
		return ""
	}
	place, err := strconv.Atoi(pointer[cut+1:])
	if err != nil || place == 0 {
		return ""
	}
	if ofClientList(leaves, pointer[:cut+1], place) {
		return "p.password"
	}
	value, _ := textOf(leaves[pointer])
	before, _ := textOf(leaves[pointer[:cut+1]+strconv.Itoa(place-1)])
	m := flagName.FindStringSubmatch(before)
	switch {
	case m == nil || strings.HasPrefix(value, "-"):
		return ""
	case ofCurlList(leaves, pointer[:cut+1], place, m[1], value):
		return m[1] + ".password"
	}
	return m[1]
}
