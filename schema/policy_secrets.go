package schema

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// SecretsSpec is the value of the secrets policy: what looks like a secret and is none.
//
// Invariant: sorted; each occurs once.
type SecretsSpec struct {
	Allow []SecretException `json:"allow"`
}

// SecretException names values that may stand in plain text.
type SecretException struct {
	Files string `json:"files"` // pattern, relative to the app
	Key   string `json:"key"`   // pattern of the key whose value it is; empty: everything in the files
}

// Allows reports whether the exception is about a value; key is empty where a file has none there.
func (e SecretException) Allows(file, key string) bool {
	if e.Files != AllFiles && !(Patterns{e.Files}).Match(file) {
		return false
	}
	ok, err := path.Match(e.Key, key)
	return e.Key == "" || key != "" && err == nil && ok
}

// Secrets reads the value of a secrets policy.
func (s PolicySpec) Secrets() (SecretsSpec, error) {
	var spec SecretsSpec
	err := s.decode("secrets", func(src *source, v *value) { spec = src.secrets(v, "secrets") })
	return spec, err
}

func (s *source) secrets(v *value, path string) SecretsSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map; {} allows no exception")
		return SecretsSpec{}
	}
	o, _ := s.object(v, secretsShape, path)
	items, path := o.list("allow")
	var spec SecretsSpec
	for i, item := range items {
		text := s.text(item, at(path, i))
		if text == "" {
			continue
		}
		e, why := secretException(text)
		if why != "" {
			s.badValue(item, at(path, i), "", why)
			continue
		}
		spec.Allow = append(spec.Allow, e)
	}
	slices.SortFunc(spec.Allow, func(a, b SecretException) int {
		return cmp.Or(cmp.Compare(a.Files, b.Files), cmp.Compare(a.Key, b.Key))
	})
	spec.Allow = slices.Compact(spec.Allow)
	return spec
}

// everything reports whether the exception leaves nothing to judge, or no key.
func (e SecretException) everything() bool {
	return (Patterns{e.Files}).coverAll() == 0 && (e.Key == "" || strings.Trim(e.Key, "*") == "")
}

// secretException reads FILES or FILES#KEY; why says what is wrong with it.
func secretException(text string) (e SecretException, why string) {
	files, key, keyed := strings.Cut(text, "#")
	if _, err := ParsePatterns([]string{files}); err != nil {
		return e, err.Error()
	}
	if _, err := path.Match(key, ""); err != nil || keyed && key == "" {
		return e, fmt.Sprintf(`%q: want a pattern of files, or one of files and one of keys, like "app.yaml#tokenName"`, text)
	}
	return SecretException{Files: files, Key: key}, ""
}

// NamesSecret reports whether a key says that its value is a secret, in any of the ways in which keys are written. One that is
// about a secret (its name, file, lifetime) does not.
func NamesSecret(key string) bool {
	if !MentionsSecret(key) {
		return false // most keys, and what follows is slower
	}
	if key == strings.ToUpper(key) {
		key = strings.ToLower(key)
	}
	about := []string{
		"file", "path", "name", "id", "url", "uri", "ref", "reference", "ttl", "lifetime", "expiry", "type", "kind", "issuer", "endpoint", "length", "policy", "provider", "enabled",
		"age", "limit", "count", "size", "version", "timeout", "interval", "field", "header", "algorithm",
	}
	if slices.ContainsFunc(about, func(word string) bool { return endsInWord(key, word) }) {
		return false
	}
	return looksSecret(key) || hasWord(key, []string{"pwd", "pass"}) || namesForeign(key) || NamesPIN(key) || endsInWord(key, "pw") || endsInWord(key, "bearer") || EndsAsSecret(key)
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

var passwordWords = []string{"password", "passwd", "passphrase"}

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
	return slices.ContainsFunc(passwordWords, func(word string) bool { return strings.HasSuffix(folded, word) }) || endsInWord(strings.ToLower(key), "pwd") ||
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
