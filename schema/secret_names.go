package schema

import (
	"slices"
	"strings"
)

// NamesSecret reports whether a key says that its value is a secret, in any of the ways in which keys are written. One that is
// about a secret (its name, file, lifetime) does not.
func NamesSecret(key string) bool {
	if !MentionsSecret(key) {
		return false // most keys, and what follows is slower
	}
	if key == strings.ToUpper(key) {
		key = strings.ToLower(key)
	}
	if AboutSecret(key) {
		return false
	}
	return looksSecret(key) || hasWord(key, []string{"pwd", "pass"}) || namesForeign(key) || NamesPIN(key) || endsInWord(key, "pw") || endsInWord(key, "bearer") || EndsAsSecret(key)
}

// AboutSecret reports whether a key ends in what there is to say about a secret, like its name or file.
func AboutSecret(key string) bool {
	if key == strings.ToUpper(key) {
		key = strings.ToLower(key)
	}
	about := []string{
		"file", "path", "name", "id", "url", "uri", "ref", "reference", "ttl", "lifetime", "expiry", "type", "kind", "issuer", "endpoint", "length", "policy", "provider", "enabled",
		"age", "limit", "count", "size", "version", "timeout", "interval", "field", "header", "algorithm",
	}
	return slices.ContainsFunc(about, func(word string) bool { return endsInWord(key, word) })
}

// MentionsSecret reports whether a key of a secret may be in a text at all.
func MentionsSecret(text string) bool {
	lower := strings.ToLower(text)
	stems := slices.Concat([]string{"token", "pass", "pwd", "pw", "bearer", "secret", "key", "credential", "auth", "pin"}, foreignPasswords)
	return slices.ContainsFunc(stems, func(stem string) bool { return strings.Contains(lower, stem) })
}

// EndsAsSecret reports whether a key is a secret's to its end: what stands below it belongs to one, and below "token-service" nothing
// does.
func EndsAsSecret(key string) bool {
	folded := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(key))
	compound := append([]string{"apikey", "privatekey", "accesskey", "secretkey", "cookiekey", "token", "secret"}, passwordWords...)
	return slices.ContainsFunc(compound, func(word string) bool { return strings.HasSuffix(folded, word) })
}

// passwordWords end the names of passwords. "pass" alone ends other words as well (bypass), so it has before it what it lets in to.
var passwordWords = []string{"password", "passwd", "passphrase", "pwd", "dbpass", "sqlpass", "userpass", "adminpass", "rootpass", "mailpass", "smtppass", "ldappass", "redispass"}

// foreignPasswords are what other languages call one, as keys are written: folded, with and without what is not ASCII.
var foreignPasswords = []string{
	"passwort", "kennwort", "contraseña", "contrasena", "contraseñas", "motdepasse", "senha", "wachtwoord", "lösenord", "losenord", "hasło", "haslo", "parola", "пароль", "密码", "密碼", "パスワード", "비밀번호",
}

// namesForeign reports whether a key ends in what another language calls a password.
func namesForeign(key string) bool {
	folded := strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(key))
	return slices.ContainsFunc(foreignPasswords, func(word string) bool { return strings.HasSuffix(folded, word) })
}

// NamesPassword reports whether a key says that its value is typed by people, so that a number is one as well.
func NamesPassword(key string) bool {
	folded := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(key))
	return slices.ContainsFunc(passwordWords, func(word string) bool { return strings.HasSuffix(folded, word) }) ||
		endsInWord(strings.ToLower(key), "pw") || namesForeign(key) || NamesPIN(key)
}

// NamesPIN reports whether a key is that of a number that people type, or of a version or a board that is pinned to something.
func NamesPIN(key string) bool { return endsInWord(key, "pin") }

// NamesLogin reports whether a key may be that of a credential, as in the file of a container registry, and as well of a way to log in
// or of a service.
func NamesLogin(key string) bool { return endsInWord(key, "auth") }

// CarriesSecret reports whether a key says that its value has a secret in it or is a key to something, so that it is not shown. Such a
// value may as well have none, so nothing is refused for its name.
func CarriesSecret(key string) bool {
	folded := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(key))
	words := []string{
		"authorization", "cookie", "connectionstring", "connstring", "connstr", "dsn", "jaasconfig", "dockerconfigjson",
		"signingkey", "encryptionkey", "masterkey", "sharedkey", "accountkey", "hmackey", "sshkey", "salt",
	}
	return slices.ContainsFunc(words, func(word string) bool { return strings.HasSuffix(folded, word) })
}

// endsInWord reports whether the last word of a key is that one: password_file, tokenTTL, secret.name.
func endsInWord(key, word string) bool {
	i := len(key) - len(word)
	if i < 0 || !strings.EqualFold(key[i:], word) {
		return false
	}
	upper := func(b byte) bool { return b >= 'A' && b <= 'Z' }
	return i == 0 || strings.IndexByte("_-. ", key[i-1]) >= 0 || upper(key[i]) && !upper(key[i-1])
}

// NamesKey reports whether a key may be that of one that encrypts or signs, in the way that the words after it are written; whole says
// that it is called more than "key", which is the name of whatever there is a list of. A key that everybody may know, and one by which
// something is found, is none.
func NamesKey(key string) (named, whole bool) {
	key = strings.TrimRight(key, "0123456789_-.")
	for _, ending := range []string{"hex", "Hex", "HEX"} {
		key = strings.TrimRight(strings.TrimSuffix(key, ending), "_-.")
	}
	if !endsInWord(key, "key") {
		return endsInWord(key, "aes"), true
	}
	before := strings.TrimRight(key[:len(key)-len("key")], "_-. ")
	others := []string{
		"public", "pub", "verify", "verifying", "verification", "trusted", "host", "peer", "known",
		"cache", "primary", "foreign", "partition", "sort", "routing", "object", "idempotency", "lookup", "index", "map", "hash", "group", "row", "shard", "etag", "file", "build", "layer", "license",
	}
	if slices.ContainsFunc(others, func(word string) bool { return endsInWord(before, word) }) {
		return false, false
	}
	return true, before != ""
}
