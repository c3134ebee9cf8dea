package diff

import (
	"regexp"
	"strings"
)

// Hidden stands for a value that is not shown.
const Hidden = "(hidden)"

var (
	// secretName is a word of a key that says: what follows is a secret. "maxTokens" and "tokenLifetime" are none.
	secretName = regexp.MustCompile(`(?i)(?:^|[._ \-"/])[a-z0-9_-]*(?:token|passw(?:or)?d|passphrase|secret|api_?-?key|private_?-?key|access_?-?key|credentials?)"?(?:[.:]|$)`)
	// secretValue is a key in a value, whatever it is called.
	secretValue = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)
	// userInfo is what stands before the host of a URL.
	userInfo = regexp.MustCompile(`://[^/\s@"']+@`)
)

// Mask hides values that look like secrets. That they differ still shows.
func Mask(edits []Edit) []Edit {
	out := make([]Edit, len(edits))
	for i, e := range edits {
		name := strings.TrimPrefix(e.Key, e.File+": ")
		secret := name != e.File && secretName.MatchString(name)
		e.From, e.To = masked(e.From, secret), masked(e.To, secret)
		out[i] = e
	}
	return out
}

func masked(value string, secret bool) string {
	switch {
	case value == "":
		return ""
	case secret, secretValue.MatchString(value):
		return Hidden
	}
	return userInfo.ReplaceAllString(value, "://"+Hidden+"@")
}
