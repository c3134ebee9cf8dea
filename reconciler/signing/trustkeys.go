package signing

import (
	"encoding/hex"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/schema"
)

// keyChanges compares the keys of two versions by what they are, not by their files.
type keyChanges struct {
	added []schema.Key
	pairs []keyPair
}

// keyPair is a key of the version before, with what the next one says of it.
type keyPair struct {
	old   schema.Key
	same  *schema.Key // the same key of the same person; nil if it left
	moved *schema.Key // the same key of somebody else
}

func newKeyChanges(old, next schema.Trust) keyChanges {
	var c keyChanges
	was := map[string]bool{}
	now := map[string][]schema.Key{}
	for _, key := range next.Keys {
		if id := Fingerprint(key); id != "" {
			now[id] = append(now[id], key)
		}
	}
	for _, key := range old.Keys {
		id := Fingerprint(key)
		if id == "" {
			continue // it never counted, so it may go
		}
		was[key.Principal+" "+id] = true
		pair := keyPair{old: key}
		for _, k := range now[id] {
			if k.Principal == key.Principal {
				pair.same = &k
			} else {
				pair.moved = &k
			}
		}
		c.pairs = append(c.pairs, pair)
	}
	for _, key := range next.Keys {
		if !was[key.Principal+" "+Fingerprint(key)] {
			c.added = append(c.added, key)
		}
	}
	return c
}

// left finds keys that stopped counting without a reason, or count again after one.
func (u *Update) left(c keyChanges, oldRing *Keyring, at Acceptance) {
	for _, pair := range c.pairs {
		if why := pair.problem(at); why != "" && !oldRing.disables(pair.old) {
			u.find(CodeTrustRevocation, "%s: %s", pair.old.Path, why)
		}
	}
}

// problem says what is wrong with what became of a key; empty if nothing is.
func (p keyPair) problem(at Acceptance) string {
	was := p.old.Revoked
	switch {
	case was != nil && p.moved != nil:
		return "a revoked key came back as somebody else's"
	case p.same == nil && was != nil && was.Reason == "compromised":
		return "a compromised key has to stay listed, because entries that rest on it are tainted"
	case p.same == nil && was == nil && !ended(p.old, at):
		return "it left without having been revoked"
	case p.same == nil:
		return ""
	}
	is := p.same.Revoked
	switch {
	case was == nil && is == nil && !ended(p.old, at) && ended(*p.same, at):
		return "it was ended without a reason"
	case was == nil:
		return ""
	case is == nil:
		return "its revocation was taken back"
	case was.Reason == "compromised" && is.Reason != was.Reason:
		return "it was compromised and cannot be " + is.Reason
	case was.Reason == "compromised" && is.DistrustAfterEntry > was.DistrustAfterEntry:
		return "entries that were tainted would be no more"
	case is.At.After(was.At):
		return "its revocation was put off"
	}
	return ""
}

// ended reports whether a key's window is closed, whatever its revocation says.
func ended(key schema.Key, at Acceptance) bool {
	key.Revoked = nil
	code, _ := at.check(key, time.Time{}, false)
	return code != CodeOK
}

// disables reports whether the ring counts nothing that the key signs, because the file is malformed or ambiguous.
func (k *Keyring) disables(key schema.Key) bool {
	for _, each := range k.ssh {
		if each.key.Path == key.Path {
			return each.disabled != ""
		}
	}
	for _, each := range k.openpgp {
		if each.key.Path == key.Path {
			return each.disabled != ""
		}
	}
	return true
}

// Fingerprint names a key by what it is, as verdicts do; empty for one that cannot be read. An OpenPGP key that was exported
// again is the same key.
func Fingerprint(key schema.Key) string {
	switch key.Format {
	case schema.SSHKey:
		if public, err := parsePublicLine(key.Data); err == nil {
			return ssh.FingerprintSHA256(public)
		}
	case schema.OpenPGPKey:
		if entity, err := readEntity(key.Data); err == nil {
			return strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))
		}
	}
	return ""
}
