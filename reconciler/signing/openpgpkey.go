package signing

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	pgparmor "github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/sluice-gitops/sluice/schema"
)

// openpgpKey is a primary key or subkey of a file of the trust that can make signatures.
type openpgpKey struct {
	*owner    // of the file; its fingerprint is the primary key's
	public    *packet.PublicKey
	algorithm string
	weak      schema.Code // why this key of the file may not sign; empty for a good one
	why       string
	revoked   bool
	primary   selfClaims // what the primary key says of itself in its user ids
	direct    selfClaims // and directly
	binding   selfClaims // what it says of this subkey; nil for the primary key itself
}

// addOpenPGP takes an armored public key into the ring, with its subkeys.
func (k *Keyring) addOpenPGP(o owner) error {
	entity, err := readEntity(o.key.Data)
	if err != nil {
		return err
	}
	o.fingerprint = strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))
	keys := entityKeys(&o, entity)
	if err := k.clashes(keys, o.key); err != nil {
		return err
	}
	for _, each := range keys {
		k.openpgp[string(each.public.Fingerprint)] = each
		k.byID[each.public.KeyId] = append(k.byID[each.public.KeyId], each)
	}
	problem := entityProblem(keys, entity)
	if problem == nil {
		return nil
	}
	code := problem.code
	if code == CodeMalformedObject {
		code = CodeUnknownKey // said of a commit, it would be the commit's fault
	}
	o.disable(code, "the key in the trust cannot be used: "+problem.problem)
	return problem
}

// clashes disables every file that shares a key with the new one. The new one's other keys are listed as disabled.
func (k *Keyring) clashes(keys []*openpgpKey, second schema.Key) error {
	var problem error
	for _, each := range keys {
		if first, found := k.openpgp[string(each.public.Fingerprint)]; found {
			problem = first.clash(second)
		}
	}
	if problem == nil {
		return nil
	}
	for _, each := range keys {
		each.disable(CodeAmbiguousKey, "the key stands in the trust twice")
		if _, found := k.openpgp[string(each.public.Fingerprint)]; !found {
			k.openpgp[string(each.public.Fingerprint)] = each
			k.byID[each.public.KeyId] = append(k.byID[each.public.KeyId], each)
		}
	}
	return problem
}

// readEntity reads exactly one armored public key.
func readEntity(data []byte) (*openpgp.Entity, error) {
	if bytes.Count(data, armorBegin) != 1 {
		return nil, refusedKey(CodeMalformedObject, "want one armored OpenPGP public key")
	}
	block, err := pgparmor.Decode(bytes.NewReader(data))
	if err != nil || block.Type != openpgp.PublicKeyType {
		return nil, refusedKey(CodeMalformedObject, "want an armored OpenPGP public key (gpg --armor --export)")
	}
	packets := packet.NewReader(block.Body)
	entity, err := openpgp.ReadEntity(packets)
	if err != nil {
		return nil, refusedKey(CodeMalformedObject, "OpenPGP key: %v", err)
	}
	if entity.PrivateKey != nil {
		return nil, refusedKey(CodeMalformedObject, "a private key; export the public one")
	}
	if _, err := packets.Next(); !errors.Is(err, io.EOF) {
		return nil, refusedKey(CodeMalformedObject, "more than one OpenPGP key; want one per file")
	}
	if entity.PrimaryKey.Version != 4 {
		return nil, refusedKey(CodeUnsupportedKeyType, "OpenPGP key of version %d; want 4", entity.PrimaryKey.Version)
	}
	return entity, nil
}

// entityKeys returns the primary key and those subkeys that can make signatures. Every self-signature is checked here,
// once, without a clock.
func entityKeys(o *owner, e *openpgp.Entity) []*openpgpKey {
	primary := identityClaims(e)
	direct := directClaims(e)
	revoked := entityRevoked(e)
	keys := []*openpgpKey{{owner: o, public: e.PrimaryKey, primary: primary, direct: direct, revoked: revoked}}
	for i := range e.Subkeys {
		sub := &e.Subkeys[i]
		if !sub.PublicKey.PubKeyAlgo.CanSign() || sub.PublicKey.Version != 4 {
			continue
		}
		binding, weak := bindingClaims(e, sub)
		if binding == nil && !weak {
			continue
		}
		k := &openpgpKey{
			owner: o, public: sub.PublicKey, primary: primary, direct: direct, binding: binding,
			revoked: revoked || subkeyRevoked(e, sub),
		}
		if binding == nil {
			k.weak, k.why = CodeWeakAlgorithm, "the primary key's word about the subkey rests on a weak hash; renew it (gpg --quick-set-expire)"
		}
		keys = append(keys, k)
	}
	for _, each := range keys {
		name, code, why := openpgpAlgorithm(each.public)
		each.algorithm = name
		if code != CodeOK {
			each.weak, each.why = code, why
		}
	}
	return keys
}

// entityProblem says why no signature by the file's keys could count.
func entityProblem(keys []*openpgpKey, e *openpgp.Entity) *refusal {
	first := keys[0]
	if first.weak != "" {
		return &refusal{code: first.weak, problem: "primary key: " + first.why}
	}
	if len(first.primary) > 0 {
		return nil
	}
	for _, identity := range e.Identities {
		for _, sig := range identity.SelfCertifications {
			if !strongHash(sig.Packet.Hash) {
				return &refusal{code: CodeWeakAlgorithm, problem: fmt.Sprintf(
					"the key's signature on itself uses %s; renew it (gpg --quick-set-expire)", hashName(sig.Packet.Hash))}
			}
		}
	}
	return &refusal{code: CodeMalformedObject, problem: "no user id with a valid signature of the key on itself"}
}

// selfState says whether the key may sign by its own word, at the time of acceptance.
func (key *openpgpKey) selfState(at Acceptance) (schema.Code, string) {
	if key.revoked {
		return CodeKeyRevoked, "the OpenPGP key was revoked by its owner"
	}
	if code, detail := key.primary.state(at); code != CodeOK {
		return code, detail
	}
	if newest, found := key.direct.newest(at); found && newest.ranOut(at.At) {
		return CodeKeyExpiredOpenPGP, newest.expiry()
	}
	claims := key.primary
	if key.binding != nil {
		if code, detail := key.binding.state(at); code != CodeOK {
			return code, detail
		}
		claims = key.binding
	}
	if newest, _ := claims.newest(at); !newest.sign {
		return CodeKeyUsage, "the OpenPGP key is not for signing, by its own flags"
	}
	return CodeOK, ""
}

// expired reports whether something that lives for a number of seconds from its creation has run out.
func expired(from time.Time, seconds *uint32, at time.Time) bool {
	return seconds != nil && *seconds != 0 && at.After(from.Add(time.Duration(*seconds)*time.Second))
}
