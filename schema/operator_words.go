package schema

import (
	"slices"
	"strings"
)

// looksOperator reports whether a key names where a system is or how to log in there: that is the operator's, and in the
// repository it would let any author redirect the reconciler.
func looksOperator(key string) bool {
	words := []string{
		"endpoint", "endpoints", "url", "uri", "address", "host", "server", "port", "repository", "user", "username", "login", "kubeconfig",
		"credential", "credentials", "auth", "cert", "ca", "insecure", "proxy", "gitlab",
	}
	return looksSecret(key) || hasWord(key, words)
}

// looksSecret reports whether a key names a secret itself. What names a file with one (token_file) does not.
func looksSecret(key string) bool {
	if strings.HasSuffix(strings.ToLower(key), "_file") {
		return false
	}
	words := []string{"token", "password", "passwd", "passphrase", "secret", "apikey", "privatekey", "accesskey", "secretkey", "credential", "credentials"}
	folded := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
	return hasWord(key, words) || slices.Contains(words, folded)
}

// hasWord looks for a whole word of a key that is written with _, - or capitals.
func hasWord(key string, words []string) bool {
	var b strings.Builder
	for i, r := range key {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	fields := strings.FieldsFunc(strings.ToLower(b.String()), func(r rune) bool { return strings.ContainsRune(" _-.", r) })
	return slices.ContainsFunc(fields, func(f string) bool { return slices.Contains(words, f) })
}

// secretHint names the field that takes a file instead.
func secretHint(key string, s shape) string {
	want := strings.ToLower(key) + "_file"
	if slices.Contains(s.fields(), want) {
		return "put it into a file and write " + want + ": PATH"
	}
	return "put it into a file that only the reconciler reads"
}
