package signing

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TrustVersion is one version of the trust directory, with the bytes that its roots sign and their signatures.
type TrustVersion struct {
	Trust      schema.Trust
	Root       []byte            // root.yaml
	Signatures map[string][]byte // below root.sig/, by name: "alice.sig", "bob.asc"
}

// ReadTrustVersion reads the files of a trust directory, by path relative to it. The error is schema.Diagnostics: one
// malformed file, and the version is refused as a whole (THREATS 23).
func ReadTrustVersion(files map[string][]byte) (TrustVersion, error) {
	t, found := schema.LoadTrust(files)
	if err := found.Err(); err != nil {
		return TrustVersion{}, err
	}
	v := TrustVersion{Trust: t, Root: files[schema.RootFile], Signatures: map[string][]byte{}}
	for path, data := range files {
		if name, ok := strings.CutPrefix(path, "root.sig/"); ok {
			v.Signatures[name] = data
		}
	}
	return v, nil
}

// rootSigner is one signature over root.yaml that is good under a trust.
type rootSigner struct {
	principal string
	key       string // fingerprint
}

// signers judges the signatures over root.yaml under a trust, and says of each other one why it does not count. A person
// occurs once, however many keys signed.
func (v TrustVersion) signers(ring *Keyring, t schema.Trust, at Acceptance) (good []rootSigner, refused map[string]string) {
	refused = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(v.Signatures)) {
		person := strings.TrimSuffix(strings.TrimSuffix(name, ".sig"), ".asc")
		who, code := ring.Detached(RootNamespace, v.Root, v.Signatures[name], schema.UsageRoot, at)
		switch {
		case code != CodeOK:
			refused[name] = string(code)
		case who.Principal != person:
			refused[name] = "it is " + who.Principal + "'s signature"
		case !slices.Contains(t.Root.Roots, who.Principal):
			refused[name] = who.Principal + " is no root"
		default:
			good = append(good, rootSigner{principal: who.Principal, key: who.Key})
		}
	}
	return good, refused
}

func people(signers []rootSigner) []string {
	var out []string
	for _, s := range signers {
		out = append(out, s.principal)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sameBytes reports whether the trust was read from these bytes.
func (v TrustVersion) sameBytes() bool { return schema.DigestOf(v.Root) == v.Trust.RootDigest }

// rootsWithKeys are the roots of a trust that can sign with a key at the time.
func rootsWithKeys(ring *Keyring, t schema.Trust, at Acceptance) []string {
	can := map[string]bool{}
	for _, key := range ring.ssh {
		if key.countsFor(schema.UsageRoot, at) {
			can[key.key.Principal] = true
		}
	}
	for _, key := range ring.openpgp {
		if self, _ := key.selfState(at); self == CodeOK && key.weak == "" && key.countsFor(schema.UsageRoot, at) {
			can[key.key.Principal] = true
		}
	}
	var out []string
	for _, id := range t.Root.Roots {
		if can[id] && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// countsFor reports whether the trust would count a signature made now by the key.
func (o *owner) countsFor(usage schema.KeyUsage, at Acceptance) bool {
	code, _ := at.check(o.key, time.Time{}, false)
	return o.disabled == "" && o.mayUse(usage) && code == CodeOK
}
