package schema

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxKeySize bounds a key file; an OpenPGP key with many signatures fits.
const maxKeySize = 64 << 10

// readKeys reads keys/<person>/*.pub and *.asc with the files beside them.
func (r *trustReader) readKeys() {
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		name, ok := cutAny(path, ".pub", ".asc")
		parts := strings.Split(path, "/")
		if !ok || len(parts) != 3 || parts[0]+"/" != keysDir {
			continue
		}
		k, ok := r.key(path)
		if !ok {
			continue
		}
		k.Principal = parts[1]
		if r.has(name + ".yaml") {
			r.sidecar(&k, name+".yaml")
		}
		r.readProof(&k)
		r.trust.Keys = append(r.trust.Keys, k)
	}
}

// readForgeKeys reads forge/*.pub and *.asc: the keys that the forge signs its own commits with.
func (r *trustReader) readForgeKeys() {
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		if _, isKey := cutAny(path, ".pub", ".asc"); !isKey || !strings.HasPrefix(path, forgeDir) {
			continue
		}
		if k, ok := r.key(path); ok {
			r.trust.ForgeKeys = append(r.trust.ForgeKeys, k)
		}
	}
}

// key reads a key file, whosever it is; what does not look like a public key is reported.
func (r *trustReader) key(path string) (Key, bool) {
	k := Key{Path: path, Format: SSHKey, Data: r.files[path]}
	if strings.HasSuffix(path, ".asc") {
		k.Format = OpenPGPKey
	}
	if why := badKey(k); why != "" {
		src := newSource(TrustDir+"/"+path, nil)
		src.report(span{}, "trust-key", "", args{"why": why})
		r.done(src)
		return Key{}, false
	}
	return k, true
}

// badKey says why a file is no public key; empty if it looks like one. The signing package reads the key itself.
func badKey(k Key) string {
	switch {
	case len(k.Data) > maxKeySize:
		return "it is larger than " + count(maxKeySize) + " bytes"
	case bytes.Contains(k.Data, []byte("PRIVATE KEY")):
		return "it is a private key; it must be thrown away, because it was in a repository"
	case k.Format == OpenPGPKey && !bytes.HasPrefix(k.Data, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")):
		return "want an armored OpenPGP public key"
	case k.Format == OpenPGPKey:
		return ""
	}
	lines := bytes.Split(bytes.TrimRight(k.Data, "\n"), []byte("\n"))
	if len(lines) != 1 {
		return "want one line, as ssh-keygen writes NAME.pub"
	}
	if _, _, err := sshBlob(string(lines[0])); err != nil {
		return err.Error()
	}
	return ""
}

// sshBlob reads a line of the authorized_keys form without options and returns the key's type and bytes.
func sshBlob(line string) (kind, blob string, err error) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return "", "", fmt.Errorf("want an SSH public key: its type and its base64")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(fields[1])
	if err != nil {
		return "", "", fmt.Errorf("the key's base64 is broken")
	}
	name := fields[0]
	if len(raw) < 4+len(name) || int(raw[0])<<24|int(raw[1])<<16|int(raw[2])<<8|int(raw[3]) != len(name) || string(raw[4:4+len(name)]) != name {
		return "", "", fmt.Errorf("the key is not of the type %s that its line names", name)
	}
	return name, string(raw), nil
}

// sidecar reads the file beside a key: what it may sign, and in which time.
func (r *trustReader) sidecar(k *Key, path string) {
	src, v := r.open(path)
	if v == nil {
		return
	}
	defer func() { r.done(src) }()
	if v.kind == nullValue {
		return
	}
	o, ok := src.object(v, keyShape, "")
	if !ok {
		return
	}
	k.ValidFrom, k.ValidUntil = o.when("valid_from"), o.when("valid_until")
	if !k.ValidUntil.IsZero() && !k.ValidUntil.After(k.ValidFrom) {
		until, path := o.get("valid_until")
		src.badValue(until, path, "", "it is not after valid_from")
	}
	k.Usages = r.usages(src, o)
	if v, path := o.get("revoked"); v != nil {
		k.Revoked = revocation(src, v, path)
	}
}

func (r *trustReader) usages(src *source, o object) []KeyUsage {
	items, path := o.list("usages")
	known := []string{string(UsageCommit), string(UsageApproval), string(UsageRoot)}
	var out []KeyUsage
	for i, item := range items {
		text := src.text(item, at(path, i))
		switch {
		case text == "":
		case !slices.Contains(known, text):
			src.badValue(item, at(path, i), didYouMean(text, known), fmt.Sprintf("%q is none of %s", text, strings.Join(known, ", ")))
		default:
			out = append(out, KeyUsage(text))
		}
	}
	if v, path := o.get("usages"); v != nil && len(items) == 0 {
		src.badValue(v, path, "leave usages out for all", "want at least one usage")
	}
	return out
}

func revocation(src *source, v *value, path string) *Revocation {
	o, ok := src.object(v, revokedShape, path)
	if !ok {
		return nil
	}
	rev := &Revocation{
		Reason:             o.choice("reason", "superseded", "retired", "compromised"),
		At:                 o.when("at"),
		DistrustAfterEntry: o.whole("distrust_after_entry", 0, 1<<53, 0),
	}
	if n, path := o.get("distrust_after_entry"); n != nil && rev.Reason != "compromised" {
		src.badValue(n, path, "", "is for reason: compromised alone")
	}
	return rev
}
