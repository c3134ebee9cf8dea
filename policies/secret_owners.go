package policies

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// plural is the name of one of the secrets that a key says it holds several of; false for any other key.
func plural(key string) (one string, ok bool) {
	if one = strings.TrimRight(key, "sS"); len(key)-len(one) != 1 {
		return "", false
	}
	return one, schema.EndsAsSecret(one)
}

// holdsSecrets reports whether what stands below a key belongs to a secret, or is one of several.
func holdsSecrets(key string) bool {
	_, several := plural(key)
	return several || schema.EndsAsSecret(key) || strings.EqualFold(key, "credentials")
}

var (
	// objectName is how people call what is kept elsewhere, in words: a list of secrets is mostly one of such names.
	objectName = regexp.MustCompile(`^[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)+$`)
	// plainName is such a name that no password looks like: words, and at the end a number.
	plainName = regexp.MustCompile(`^[a-z]+(?:[-_.][a-z]+)*[-_.](?:[a-z]+|v?[0-9]{1,3})$`)
	// counted begins the name of what there are so many of, as the words of a language model.
	counted = regexp.MustCompile(`^(?i:max|min|num|stop|total)`)
	// placeInStore is where a store of secrets has one.
	placeInStore = regexp.MustCompile(`^[a-z0-9_.-]+(?:/[a-z0-9_.-]+)+$`)
)

// elsewhere reports whether a value says where a secret is.
func elsewhere(value string) bool {
	return reference.MatchString(value) || call.MatchString(value) || aPath.MatchString(value) || placeInStore.MatchString(value)
}

// isOneOfSeveral reports whether a value is a secret for a key that says it has several: passwords: [a, b].
func isOneOfSeveral(key, value string) bool {
	one, ok := plural(key)
	if !ok || counted.MatchString(key) || elsewhere(value) || strings.EqualFold(one[max(0, len(one)-len("secret")):], "secret") && objectName.MatchString(value) {
		return false
	}
	return secretUnder(one, value)
}

// isOwned reports whether a text is a secret for a key above its own, as in passwords: {ann: …}. The keys between are whose it is.
func isOwned(segments []string, value string) bool {
	if elsewhere(value) {
		return false
	}
	keys := slices.DeleteFunc(slices.Clone(segments[1:]), func(key string) bool { _, err := strconv.Atoi(key); return err == nil })
	for i := len(keys) - 2; i >= 0; i-- {
		below := pointerPlain.Replace(keys[i+1])
		if schema.AboutSecret(below) || says(below, aboutAny) {
			return false
		}
		if above := strings.TrimRight(pointerPlain.Replace(keys[i]), "0123456789_-"); holdsSecrets(above) {
			return ownedBy(above, pointerPlain.Replace(keys[len(keys)-1]), value)
		}
	}
	return false
}

// Below a secret's key these say what it has to be like, or what people read about it; below one that is not of passwords, also whose it
// is and where. "key" is then the one in a Kubernetes Secret.
var (
	aboutAny   = []string{"pattern", "regex", "regexp", "description", "comment", "title", "label", "hint", "help", "message", "placeholder", "format", "schedule", "expires", "annotations", "labels"}
	aboutOther = []string{"user", "username", "host", "hostname", "email", "role", "region", "namespace", "key", "bucket", "account", "mount", "store", "service", "audience", "scope", "image", "tag", "release"}
	valueKeys  = []string{"value", "plain", "plaintext", "literal", "raw"}
)

func says(key string, words []string) bool {
	return strings.HasPrefix(key, "$") || slices.Contains(words, strings.ToLower(key))
}

// ownedBy judges a value by the key above. One secret has settings of all kinds below its key, of which few are the secret.
func ownedBy(above, key, value string) bool {
	one, several := plural(above)
	switch {
	case !several && strings.EqualFold(above, "credentials"):
		one, several = "secret", true
	case !several:
		one = above
	}
	switch password := schema.NamesPassword(one); {
	case several && !password:
		return !says(key, aboutOther) && !plainName.MatchString(value) && secretUnder(one, value)
	case !several && (!password || strings.Contains(value, " ")) && !says(key, valueKeys):
		return false
	}
	return secretUnder(one, value)
}

// begunInBase64 is what base64 makes of "-----BEGIN " and a capital, as in a manifest or in a variable of a pipeline.
var begunInBase64 = []byte("LS0tLS1CRUdJTi")

// encodedKey is where a private key begins that is written in base64; false where there is none.
func encodedKey(line []byte) (offset int, ok bool) {
	for from := 0; ; from = offset + len(begunInBase64) {
		i := bytes.Index(line[from:], begunInBase64)
		if i < 0 {
			return 0, false
		}
		offset = from + i
		head := line[offset:min(len(line), offset+64)]
		text := make([]byte, base64.StdEncoding.DecodedLen(len(head)))
		n, _ := base64.StdEncoding.Decode(text, head) // to where it ends: what comes before that is looked at
		if pemKey.Match(text[:n]) {
			return offset, true
		}
	}
}

var pemKey = regexp.MustCompile(`^-----BEGIN [A-Z0-9 ]*PRIVATE KEY`)
