package signing

import (
	"cmp"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/sluice-gitops/sluice/schema"
)

// selfClaim is what a key's signature on itself, or on a subkey, says of it. Its cryptography has been checked.
type selfClaim struct {
	made  time.Time
	until time.Time // until when the claim holds; zero is for ever
	dies  time.Time // when the key expires; zero is never
	sign  bool      // the key may sign
}

// selfClaims are ordered: newest first, and of two made in one second the one that allows less.
type selfClaims []selfClaim

func newClaim(public *packet.PublicKey, sig *packet.Signature, signByDefault bool) selfClaim {
	c := selfClaim{made: sig.CreationTime, sign: sig.FlagSign || (!sig.FlagsValid && signByDefault)}
	if s := sig.SigLifetimeSecs; s != nil && *s != 0 {
		c.until = sig.CreationTime.Add(time.Duration(*s) * time.Second)
	}
	if s := sig.KeyLifetimeSecs; s != nil && *s != 0 {
		c.dies = public.CreationTime.Add(time.Duration(*s) * time.Second)
	}
	return c
}

func (c selfClaim) ranOut(at time.Time) bool { return !c.dies.IsZero() && at.After(c.dies) }

func (c selfClaim) expiry() string {
	return "the OpenPGP key expired at " + stamp(c.dies) + " by its own word; if its owner has extended it, refresh the copy in the trust"
}

func sorted(claims selfClaims) selfClaims {
	slices.SortFunc(claims, func(a, b selfClaim) int {
		if c := b.made.Compare(a.made); c != 0 {
			return c
		}
		if a.dies.IsZero() != b.dies.IsZero() {
			return cmp.Compare(boolInt(a.dies.IsZero()), boolInt(b.dies.IsZero()))
		}
		if c := a.dies.Compare(b.dies); c != 0 {
			return c
		}
		return cmp.Compare(boolInt(a.sign), boolInt(b.sign))
	})
	return claims
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// newest returns the newest claim that holds at the time. Claims may be as far ahead as a signer's clock may be.
func (cs selfClaims) newest(at Acceptance) (selfClaim, bool) {
	latest := at.At.Add(at.skew())
	for _, c := range cs {
		if c.made.After(latest) || (!c.until.IsZero() && at.At.After(c.until)) {
			continue
		}
		return c, true
	}
	return selfClaim{}, false
}

// state says whether the newest claim lets the key live at the time.
func (cs selfClaims) state(at Acceptance) (schema.Code, string) {
	newest, found := cs.newest(at)
	if found && newest.ranOut(at.At) {
		return CodeKeyExpiredOpenPGP, newest.expiry()
	}
	if found {
		return CodeOK, ""
	}
	if len(cs) > 0 && !cs[len(cs)-1].made.After(at.At) {
		return CodeKeyExpiredOpenPGP, "the OpenPGP key's signature on itself has run out"
	}
	return CodeKeyNotYetValid, "the OpenPGP key is younger than the judgement"
}

// identityClaims are the primary key's signatures on its user ids, those that it took back left out.
func identityClaims(e *openpgp.Entity) selfClaims {
	var out selfClaims
	for _, identity := range e.Identities {
		var revoked time.Time
		for _, r := range identity.Revocations {
			if e.PrimaryKey.VerifyUserIdSignature(identity.Name, e.PrimaryKey, r.Packet) == nil && r.Packet.CreationTime.After(revoked) {
				revoked = r.Packet.CreationTime
			}
		}
		for _, s := range identity.SelfCertifications {
			if !strongHash(s.Packet.Hash) || (!revoked.IsZero() && !s.Packet.CreationTime.After(revoked)) {
				continue
			}
			if e.PrimaryKey.VerifyUserIdSignature(identity.Name, e.PrimaryKey, s.Packet) == nil {
				out = append(out, newClaim(e.PrimaryKey, s.Packet, true))
			}
		}
	}
	return sorted(out)
}

// directClaims are the primary key's signatures on itself without a user id. They can only shorten its life.
func directClaims(e *openpgp.Entity) selfClaims {
	var out selfClaims
	for _, s := range e.DirectSignatures {
		if e.PrimaryKey.VerifyDirectKeySignature(s.Packet) == nil {
			out = append(out, newClaim(e.PrimaryKey, s.Packet, true))
		}
	}
	return sorted(out)
}

// bindingClaims are the primary key's signatures on a subkey. One that lets it sign carries the subkey's own signature;
// without such a one anybody could have put the subkey there, and there are no claims. Weak is whether there would be
// some, but for their hashes.
func bindingClaims(e *openpgp.Entity, sub *openpgp.Subkey) (claims selfClaims, weak bool) {
	agreed := false
	for _, s := range sub.Bindings {
		if e.PrimaryKey.VerifyKeySignature(sub.PublicKey, s.Packet) != nil {
			continue
		}
		back := s.Packet.EmbeddedSignature
		if !strongHash(s.Packet.Hash) || (back != nil && !strongHash(back.Hash)) {
			weak = weak || s.Packet.FlagSign
			continue
		}
		claims = append(claims, newClaim(sub.PublicKey, s.Packet, false))
		agreed = agreed || s.Packet.FlagSign
	}
	if !agreed {
		return nil, weak
	}
	return sorted(claims), false
}

// entityRevoked reports whether the key revoked itself. For which reason and when does not matter: the copy in the trust
// says that it is over.
func entityRevoked(e *openpgp.Entity) bool {
	return slices.ContainsFunc(e.Revocations, func(r *packet.VerifiableSignature) bool {
		return e.PrimaryKey.VerifyRevocationSignature(r.Packet) == nil
	})
}

func subkeyRevoked(e *openpgp.Entity, sub *openpgp.Subkey) bool {
	return slices.ContainsFunc(sub.Revocations, func(r *packet.VerifiableSignature) bool {
		return e.PrimaryKey.VerifySubkeyRevocationSignature(r.Packet, sub.PublicKey) == nil
	})
}
