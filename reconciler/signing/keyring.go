package signing

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// Keyring holds the keys of one version of the trust. It never changes after NewKeyring, so it may be shared freely.
type Keyring struct {
	ssh     map[string]*sshKey       // by the key's bytes on the wire
	openpgp map[string]*openpgpKey   // by the fingerprint of each key and subkey that can sign
	byID    map[uint64][]*openpgpKey // the same by key id, for signatures that name no fingerprint
}

// owner is what the trust says about one key file.
type owner struct {
	key         schema.Key
	fingerprint string
	disabled    schema.Code // why no signature by the key counts; empty for a good key
	detail      string
	forge       bool // the forge's own key, which is nobody's
}

// KeyError says which key file of the trust is disabled, and why.
type KeyError struct {
	Path    string // as schema.Key has it
	Code    schema.Code
	Problem string
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("trust key %s: %s [%s]", e.Path, e.Problem, e.Code)
}

// NewKeyring builds the ring of a trust. A key that cannot be used is disabled, and named by one *KeyError; the others
// work. A key that stands in the trust twice is disabled everywhere, because it would not say who signed; so is one that is
// a person's and the forge's.
func NewKeyring(t schema.Trust) (*Keyring, []error) {
	k := &Keyring{ssh: map[string]*sshKey{}, openpgp: map[string]*openpgpKey{}, byID: map[uint64][]*openpgpKey{}}
	var problems []error
	for _, key := range t.Keys {
		err := refusedKey(CodeUnknownKey, "belongs to nobody")
		if key.Principal != "" {
			err = k.add(owner{key: key})
		}
		if err != nil {
			problems = append(problems, keyError(key, err))
		}
	}
	for _, key := range t.ForgeKeys {
		key.Principal = ""
		if err := k.add(owner{key: key, forge: true}); err != nil {
			problems = append(problems, keyError(key, err))
		}
	}
	return k, problems
}

func (k *Keyring) add(o owner) error {
	switch o.key.Format {
	case schema.SSHKey:
		return k.addSSH(o)
	case schema.OpenPGPKey:
		return k.addOpenPGP(o)
	default:
		return refusedKey(CodeUnsupportedKeyType, "format %q: want %q or %q", o.key.Format, schema.SSHKey, schema.OpenPGPKey)
	}
}

// disable marks a key so that signatures by it are told apart from those of strangers.
func (o *owner) disable(code schema.Code, detail string) {
	if o.disabled == "" {
		o.disabled, o.detail = code, detail
	}
}

// clash disables a key that stands in the trust twice, and says so.
func (o *owner) clash(second schema.Key) error {
	whose := o.key.Principal
	if o.forge {
		whose = "the forge"
	}
	text := fmt.Sprintf("is the key of %s in %s too", whose, o.key.Path)
	o.disable(CodeAmbiguousKey, fmt.Sprintf("the key stands in %s and in %s", o.key.Path, second.Path))
	return refusedKey(CodeAmbiguousKey, "%s", text)
}

// mayUse reports whether the trust lets the key sign things of that usage.
func (o *owner) mayUse(usage schema.KeyUsage) bool {
	return len(o.key.Usages) == 0 || slices.Contains(o.key.Usages, usage)
}

// refusal is why a key cannot be used, before it is known which file it came from.
type refusal struct {
	code    schema.Code
	problem string
}

func (r *refusal) Error() string { return r.problem }

func refusedKey(code schema.Code, format string, args ...any) error {
	return &refusal{code: code, problem: fmt.Sprintf(format, args...)}
}

func keyError(key schema.Key, err error) error {
	out := &KeyError{Path: key.Path, Code: CodeUnsupportedKeyType, Problem: err.Error()}
	var r *refusal
	if errors.As(err, &r) {
		out.Code = r.code
	}
	return out
}
