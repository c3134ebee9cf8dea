package diff

import (
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
)

// Hidden stands for a value that is not shown.
const Hidden = "(hidden)"

// userInfo is what stands before the host of a URL.
var userInfo = regexp.MustCompile(`://[^/\s@"']+@`)

// Mask hides values, and keys, that look like secrets, as the policy "secrets" knows them. That they differ still shows.
func Mask(edits []Edit) []Edit {
	out := make([]Edit, len(edits))
	for i, e := range edits {
		secret := e.Secret || policies.HidesUnder(keysOf(e), strings.HasPrefix(e.From+e.To, `"`), e.From, e.To)
		e.From, e.To = masked(e.From, secret), masked(e.To, secret)
		out[i] = withoutSecretKeys(e)
	}
	return out
}

// withoutSecretKeys hides the names of an edit that are secrets themselves, as the users of a map from tokens are.
func withoutSecretKeys(e Edit) Edit {
	for _, name := range keysOf(e) {
		plain := strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		if shown := masked(plain, false); shown != plain {
			e.Key = strings.ReplaceAll(e.Key, strings.ReplaceAll(plain, `"`, `\"`), Hidden)
			e.Pointer = strings.ReplaceAll(e.Pointer, name, Hidden)
		}
	}
	return e
}

// Hide is a value of a file as Mask shows it, for who has it alone: the name that a variable has beside its value is not known then, so no
// such value is shown.
func Hide(pointer, value string) string {
	return masked(value, strings.HasSuffix(pointer, "/value") || policies.HidesUnder(strings.Split(pointer, "/"), true, value))
}

// keysOf are the keys of an edit, of one without a pointer as people write them.
func keysOf(e Edit) []string {
	name := strings.TrimPrefix(e.Key, e.File+": ")
	if e.Pointer != "" || name == e.File {
		return strings.Split(e.Pointer, "/")
	}
	return strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(`."/ `, r) })
}

func masked(value string, secret bool) string {
	if value == "" {
		return ""
	}
	shown := userInfo.ReplaceAllString(value, "://"+Hidden+"@")
	if secret || policies.HidesText(shown) {
		return Hidden
	}
	return shown
}
