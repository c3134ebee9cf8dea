package signing_test

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/eddsa"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

const day = 24 * time.Hour

// pgpMaker makes keys that say unusual things of themselves.
type pgpMaker struct {
	t *testing.T
	*openpgp.Entity
}

// config has the clock of a month before noon.
func pgpConfig() *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, Time: func() time.Time { return noon.Add(-30 * day) }}
}

func newPGP(t *testing.T) pgpMaker {
	t.Helper()
	e, err := openpgp.NewEntity("Ann", "", "ann@example.com", pgpConfig())
	if err != nil {
		t.Fatal(err)
	}
	e.Subkeys = nil
	return pgpMaker{t, e}
}

func (m pgpMaker) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// about is a signature of the primary key, unfinished.
func (m pgpMaker) about(kind packet.SignatureType, made time.Time, change func(*packet.Signature)) *packet.Signature {
	sig := &packet.Signature{
		Version: 4, SigType: kind, PubKeyAlgo: m.PrimaryKey.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: made,
		IssuerKeyId: &m.PrimaryKey.KeyId, IssuerKeyVersion: 4, IssuerFingerprint: m.PrimaryKey.Fingerprint,
		FlagsValid: true, FlagSign: true, FlagCertify: true,
	}
	if change != nil {
		change(sig)
	}
	return sig
}

// says replaces what the key says of itself by the signatures.
func (m pgpMaker) says(sigs ...*packet.Signature) {
	m.t.Helper()
	for name, identity := range m.Identities {
		identity.SelfCertifications = nil
		for _, sig := range sigs {
			m.check(sig.SignUserId(name, m.PrimaryKey, m.PrivateKey, pgpConfig()))
			identity.SelfCertifications = append(identity.SelfCertifications, packet.NewVerifiableSig(sig))
		}
	}
}

// subkey adds a key for signing and returns it; bind is its binding.
func (m pgpMaker) subkey(bind func(*packet.Signature)) *packet.PrivateKey {
	m.t.Helper()
	m.check(m.AddSigningSubkey(pgpConfig()))
	sub := &m.Subkeys[len(m.Subkeys)-1]
	if bind != nil {
		sig := sub.Bindings[0].Packet
		bind(sig)
		m.check(sig.SignKey(sub.PublicKey, m.PrivateKey, pgpConfig()))
	}
	return sub.PrivateKey
}

func (m pgpMaker) key(principal string) schema.Key {
	m.t.Helper()
	return schema.Key{Principal: principal, Path: "keys/" + principal + "/key.asc", Format: schema.OpenPGPKey, Data: m.armored(openpgp.PublicKeyType, m.Serialize)}
}

func (m pgpMaker) armored(kind string, write ...func(w io.Writer) error) []byte {
	m.t.Helper()
	var text bytes.Buffer
	out, err := armor.Encode(&text, kind, nil)
	m.check(err)
	for _, w := range write {
		m.check(w(out))
	}
	m.check(out.Close())
	return text.Bytes()
}

// commit is a commit that the private key signed at noon.
func (m pgpMaker) commit(private *packet.PrivateKey, change func(*packet.Signature)) []byte {
	m.t.Helper()
	payload := rawCommit(noon, "add a timeout")
	sig := &packet.Signature{
		Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: private.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: noon,
		IssuerKeyId: &private.KeyId, IssuerKeyVersion: 4, IssuerFingerprint: private.Fingerprint,
	}
	if change != nil {
		change(sig)
	}
	h := sig.Hash.New()
	h.Write(payload)
	m.check(sig.Sign(h, private, pgpConfig()))
	var data bytes.Buffer
	m.check(sig.Serialize(&data))
	return signing.SignedCommit(payload, signing.Armor(true, data.Bytes()))
}

func seconds(d time.Duration) *uint32 {
	n := uint32(d / time.Second)
	return &n
}

// TestOpenPGPSelf judges a good signature by keys that say different things of themselves. All keys are a month old.
func TestOpenPGPSelf(t *testing.T) {
	const cert, direct = packet.SigTypePositiveCert, packet.SigTypeDirectSignature
	lives := func(d time.Duration) func(*packet.Signature) {
		return func(s *packet.Signature) { s.KeyLifetimeSecs = seconds(d) }
	}
	old, newer := noon.Add(-30*day), noon.Add(-10*day)
	for _, row := range []struct {
		name string
		make func(pgpMaker) *packet.PrivateKey // nil: the primary key signs
		want schema.Code
	}{
		{"without an end", func(pgpMaker) *packet.PrivateKey { return nil }, signing.CodeOK},
		{"with an end that came", func(m pgpMaker) *packet.PrivateKey { m.says(m.about(cert, old, lives(29*day))); return nil }, signing.CodeKeyExpiredOpenPGP},
		{"with an end that will come", func(m pgpMaker) *packet.PrivateKey { m.says(m.about(cert, old, lives(31*day))); return nil }, signing.CodeOK},
		{"with an end that was extended", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, lives(20*day)), m.about(cert, newer, lives(90*day)))
			return nil
		}, signing.CodeOK},
		{"with an end that was brought forward", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, newer, lives(20*day)), m.about(cert, old, lives(90*day)))
			return nil
		}, signing.CodeKeyExpiredOpenPGP},
		{"with two ends said in one second", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, nil), m.about(cert, old, lives(90*day)), m.about(cert, old, lives(20*day)))
			return nil
		}, signing.CodeKeyExpiredOpenPGP},
		{"with two uses said in one second", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, nil), m.about(cert, old, func(s *packet.Signature) { s.FlagSign = false }))
			return nil
		}, signing.CodeKeyUsage},
		{"with an end said directly", func(m pgpMaker) *packet.PrivateKey {
			sig := m.about(direct, old, lives(20*day))
			m.check(sig.SignDirectKeyBinding(m.PrimaryKey, m.PrivateKey, pgpConfig()))
			m.DirectSignatures = append(m.DirectSignatures, packet.NewVerifiableSig(sig))
			return nil
		}, signing.CodeKeyExpiredOpenPGP},
		{"with a word that ran out", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, func(s *packet.Signature) { s.SigLifetimeSecs = seconds(5 * day) }))
			return nil
		}, signing.CodeKeyExpiredOpenPGP},
		{"with a word of tomorrow", func(m pgpMaker) *packet.PrivateKey { m.says(m.about(cert, noon.Add(day), nil)); return nil }, signing.CodeKeyNotYetValid},
		{"with a word of a minute from now", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, judged().At.Add(time.Minute), nil))
			return nil
		}, signing.CodeOK},
		{"with a word of tomorrow and one of last month", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, noon.Add(day), lives(time.Hour)), m.about(cert, old, nil))
			return nil
		}, signing.CodeOK},
		{"for certifying alone", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, func(s *packet.Signature) { s.FlagSign = false }))
			return nil
		}, signing.CodeKeyUsage},
		{"without flags, as very old keys are", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, func(s *packet.Signature) { s.FlagsValid, s.FlagSign, s.FlagCertify = false, false, false }))
			return nil
		}, signing.CodeOK},
		{"revoked", func(m pgpMaker) *packet.PrivateKey {
			m.check(m.Revoke(packet.KeySuperseded, "", pgpConfig()))
			return nil
		}, signing.CodeKeyRevoked},
		{"with a subkey", func(m pgpMaker) *packet.PrivateKey { return m.subkey(nil) }, signing.CodeOK},
		{"with a subkey whose end came", func(m pgpMaker) *packet.PrivateKey { return m.subkey(lives(29 * day)) }, signing.CodeKeyExpiredOpenPGP},
		{"with a subkey, itself at its end", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, lives(20*day)))
			return m.subkey(nil)
		}, signing.CodeKeyExpiredOpenPGP},
		{"with a subkey, itself for certifying alone", func(m pgpMaker) *packet.PrivateKey {
			m.says(m.about(cert, old, func(s *packet.Signature) { s.FlagSign = false }))
			return m.subkey(nil)
		}, signing.CodeOK},
		{"with a subkey that it revoked", func(m pgpMaker) *packet.PrivateKey {
			sub := m.subkey(nil)
			m.check(m.Subkeys[0].Revoke(packet.KeySuperseded, "", pgpConfig()))
			return sub
		}, signing.CodeKeyRevoked},
		{"with a subkey whose key it revoked", func(m pgpMaker) *packet.PrivateKey {
			m.check(m.Revoke(packet.KeyCompromised, "", pgpConfig()))
			return m.subkey(nil)
		}, signing.CodeKeyRevoked},
		{"with a subkey that may not sign", func(m pgpMaker) *packet.PrivateKey {
			return m.subkey(func(s *packet.Signature) { s.FlagSign, s.FlagAuthenticate = false, true })
		}, signing.CodeUnknownKey},
		{"with a subkey that another key bound", func(m pgpMaker) *packet.PrivateKey {
			other := newPGP(t)
			sub := m.subkey(nil)
			m.check(m.Subkeys[0].Bindings[0].Packet.SignKey(m.Subkeys[0].PublicKey, other.PrivateKey, pgpConfig()))
			return sub
		}, signing.CodeUnknownKey},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newPGP(t)
			private := row.make(m)
			if private == nil {
				private = m.PrivateKey
			}
			raw := m.commit(private, nil)
			got := ringOf(t, m.key("ann")).Commit(idOf(raw), raw, judged())
			if got.Code != row.want {
				t.Errorf("got %s (%s), want %s", got.Code, got.Detail, row.want)
			}
			if known := row.want != signing.CodeUnknownKey; known != (got.Principal == "ann") {
				t.Errorf("got principal %q", got.Principal)
			}
		})
	}
}

// TestOpenPGPSignatureSays judges signatures that say unusual things of themselves.
func TestOpenPGPSignatureSays(t *testing.T) {
	m := newPGP(t)
	ring := ringOf(t, m.key("ann"))
	for _, row := range []struct {
		name   string
		change func(*packet.Signature)
		want   schema.Code
	}{
		{"nothing unusual", nil, signing.CodeOK},
		{"SHA-512", func(s *packet.Signature) { s.Hash = crypto.SHA512 }, signing.CodeOK},
		{"SHA3-256", func(s *packet.Signature) { s.Hash = crypto.SHA3_256 }, signing.CodeOK},
		{"older than its key", func(s *packet.Signature) { s.CreationTime = noon.Add(-31 * day) }, signing.CodeBadSignature},
		{"run out since", func(s *packet.Signature) { s.SigLifetimeSecs = seconds(time.Minute) }, signing.CodeSignatureTooOld},
		{"run out later", func(s *packet.Signature) { s.SigLifetimeSecs = seconds(time.Hour) }, signing.CodeOK},
		{"a notation", func(s *packet.Signature) {
			s.Notations = []*packet.Notation{{Name: "x@example.com", Value: []byte("y"), IsHumanReadable: true}}
		}, signing.CodeOK},
		{"a notation that has to be understood", func(s *packet.Signature) {
			s.Notations = []*packet.Notation{{Name: "x@example.com", Value: []byte("y"), IsHumanReadable: true, IsCritical: true}}
		}, signing.CodeBadSignature},
	} {
		raw := m.commit(m.PrivateKey, row.change)
		if got := ring.Commit(idOf(raw), raw, judged()); got.Code != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
	}
}

// craft makes a signature packet that no library would: its signed part is as given, its hash 2 for SHA-1 or 8 for SHA-256.
func (m pgpMaker) craft(private *packet.PrivateKey, kind, hash byte, hashed, unhashed []byte, write func(io.Writer) error) packetParts {
	m.t.Helper()
	p := packetParts{fixed: []byte{4, kind, 22, hash}, hashed: hashed, unhashed: unhashed}
	h := sha256.New()
	if hash == 2 {
		h = sha1.New()
	}
	m.check(write(h))
	signed := slices.Concat(p.fixed, []byte{byte(len(hashed) >> 8), byte(len(hashed))}, hashed)
	h.Write(append(bytes.Clone(signed), 4, 0xff, 0, 0, byte(len(signed)>>8), byte(len(signed))))
	sum := h.Sum(nil)
	p.prefix = sum[:2]
	r, s, err := eddsa.Sign(private.PrivateKey.(*eddsa.PrivateKey), sum)
	m.check(err)
	for _, number := range [][]byte{r, s} {
		number = bytes.TrimLeft(number, "\x00")
		n := len(number)*8 - bits.LeadingZeros8(number[0])
		p.numbers = append(append(p.numbers, byte(n>>8), byte(n)), number...)
	}
	return p
}

// subpackets of the signed part: when, by whom, and whatever more there is.
func (m pgpMaker) subpackets(at time.Time, key *packet.PublicKey, more ...byte) []byte {
	when := binary.BigEndian.AppendUint32([]byte{5, 2}, uint32(at.Unix()))
	return slices.Concat(when, []byte{22, 33, 4}, key.Fingerprint, more)
}

// read turns a crafted signature into one that a key can carry.
func (m pgpMaker) read(p packetParts) *packet.VerifiableSignature {
	m.t.Helper()
	body := p.body()
	read, err := packet.Read(bytes.NewReader(append([]byte{0x89, byte(len(body) >> 8), byte(len(body))}, body...)))
	m.check(err)
	return packet.NewVerifiableSig(read.(*packet.Signature))
}

// bindOver gives the key a subkey whose two signatures have the hashes.
func (m pgpMaker) bindOver(there, back byte) *packet.PrivateKey {
	m.t.Helper()
	private := m.subkey(nil)
	sub := &m.Subkeys[0]
	old := noon.Add(-30 * day)
	both := func(w io.Writer) error {
		m.check(m.PrimaryKey.SerializeForHash(w))
		return sub.PublicKey.SerializeForHash(w)
	}
	inner := m.craft(private, 0x19, back, m.subpackets(old, sub.PublicKey), nil, both).body()
	sub.Bindings = []*packet.VerifiableSignature{m.read(m.craft(m.PrivateKey, 0x18, there,
		m.subpackets(old, m.PrimaryKey, slices.Concat([]byte{2, 27, 2, byte(len(inner) + 1), 32}, inner)...), nil, both))}
	return private
}

// TestOpenPGPSelfOverSHA1: a key's word about itself or a subkey counts as little as its hash.
func TestOpenPGPSelfOverSHA1(t *testing.T) {
	for _, row := range []struct {
		name        string
		there, back byte
		want        schema.Code
	}{
		{"a subkey bound over SHA-256", 8, 8, signing.CodeOK},
		{"a subkey bound over SHA-1", 2, 8, signing.CodeWeakAlgorithm},
		{"a subkey that agreed over SHA-1", 8, 2, signing.CodeWeakAlgorithm},
	} {
		m := newPGP(t)
		raw := m.commit(m.bindOver(row.there, row.back), nil)
		if got := ringOf(t, m.key("ann")).Commit(idOf(raw), raw, judged()); got.Code != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
	}
	for hash, want := range map[byte]schema.Code{8: signing.CodeOK, 2: signing.CodeWeakAlgorithm} {
		m := newPGP(t)
		for name, identity := range m.Identities {
			identity.SelfCertifications = []*packet.VerifiableSignature{m.read(m.craft(m.PrivateKey, 0x13, hash,
				m.subpackets(noon.Add(-30*day), m.PrimaryKey, 2, 27, 3), nil, func(w io.Writer) error {
					m.check(m.PrimaryKey.SerializeForHash(w))
					_, err := w.Write(append(binary.BigEndian.AppendUint32([]byte{0xb4}, uint32(len(name))), name...))
					return err
				}))}
		}
		raw := m.commit(m.PrivateKey, nil)
		ring, problems := signing.NewKeyring(schema.Trust{Keys: []schema.Key{m.key("ann")}})
		if got := ring.Commit(idOf(raw), raw, judged()); got.Code != want || (len(problems) == 0) != (want == signing.CodeOK) {
			t.Errorf("a word over hash %d: got %s (%s) and %v, want %s", hash, got.Code, got.Detail, problems, want)
		}
	}
}

// unnamed is a commit that the primary key signed at noon, in a signature whose signed part names no issuer. Kind is 0
// for bytes, 1 for text.
func (m pgpMaker) unnamed(kind byte, unhashed []byte) []byte {
	m.t.Helper()
	payload := rawCommit(noon, "add a timeout")
	p := m.craft(m.PrivateKey, kind, 8, binary.BigEndian.AppendUint32([]byte{5, 2}, uint32(noon.Unix())), unhashed, func(w io.Writer) error {
		_, err := w.Write(payload)
		return err
	})
	return signing.SignedCommit(payload, signing.Armor(true, p.packet()))
}

// TestOpenPGPWithoutFingerprint is how gpg before 2.1 signed: by key id, unsigned.
func TestOpenPGPWithoutFingerprint(t *testing.T) {
	m := newPGP(t)
	ring := ringOf(t, m.key("ann"))
	id := func(id uint64) []byte { return binary.BigEndian.AppendUint64([]byte{9, 16}, id) }
	for _, row := range []struct {
		name     string
		kind     byte
		unhashed []byte
		want     schema.Code
	}{
		{"the key's id", 0, id(m.PrimaryKey.KeyId), signing.CodeOK},
		{"the key's id, signed as text", 1, id(m.PrimaryKey.KeyId), signing.CodeBadSignature},
		{"another id", 0, id(m.PrimaryKey.KeyId ^ 1), signing.CodeUnknownKey},
		{"the id zero", 0, id(0), signing.CodeUnknownKey},
		{"nothing", 0, nil, signing.CodeUnknownKey},
	} {
		raw := m.unnamed(row.kind, row.unhashed)
		if got := ring.Commit(idOf(raw), raw, judged()); got.Code != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
	}
}

// TestOpenPGPStolenSubkey: a thief of nothing puts ann's public subkey below a primary key of her own.
func TestOpenPGPStolenSubkey(t *testing.T) {
	ann, eve := newPGP(t), newPGP(t)
	private := ann.subkey(nil)
	eve.subkey(nil)
	eve.Subkeys[0].PublicKey = ann.Subkeys[0].PublicKey
	for _, claimsToSign := range []bool{true, false} {
		binding := eve.Subkeys[0].Bindings[0].Packet
		binding.FlagSign, binding.FlagAuthenticate = claimsToSign, !claimsToSign
		if err := binding.SignKey(eve.Subkeys[0].PublicKey, eve.PrivateKey, pgpConfig()); err != nil {
			t.Fatal(err)
		}
		raw := ann.commit(private, nil)
		for _, keys := range [][]schema.Key{{ann.key("ann"), eve.key("eve")}, {eve.key("eve"), ann.key("ann")}} {
			if got := ringOf(t, keys...).Commit(idOf(raw), raw, judged()); got.Code != signing.CodeOK || got.Principal != "ann" {
				t.Errorf("claims to sign %v: got %s by %q, want ok by ann", claimsToSign, got.Code, got.Principal)
			}
		}
	}
}

// TestOpenPGPKeysRefused are key files that a ring disables.
func TestOpenPGPKeysRefused(t *testing.T) {
	for _, row := range []struct {
		name string
		make func(pgpMaker) []byte
		code schema.Code
		want string
	}{
		{"a private key", func(m pgpMaker) []byte {
			return m.armored(openpgp.PublicKeyType, func(w io.Writer) error {
				return m.SerializePrivate(w, pgpConfig())
			})
		}, signing.CodeMalformedObject, "private key"},
		{"a private key, and said so", func(m pgpMaker) []byte {
			return m.armored(openpgp.PrivateKeyType, func(w io.Writer) error {
				return m.SerializePrivate(w, pgpConfig())
			})
		}, signing.CodeMalformedObject, "public key"},
		{"two keys in one armor", func(m pgpMaker) []byte {
			return m.armored(openpgp.PublicKeyType, m.Serialize, newPGP(t).Serialize)
		}, signing.CodeMalformedObject, "one per file"},
		{"a word about another name", func(m pgpMaker) []byte {
			for name, identity := range m.Identities {
				identity.UserId.Id = strings.Replace(name, "Ann", "Eve", 1)
			}
			return m.key("ann").Data
		}, signing.CodeMalformedObject, "user id"},
		{"a user id that it took back", func(m pgpMaker) []byte {
			for name, identity := range m.Identities {
				sig := m.about(packet.SigTypeCertificationRevocation, noon, func(s *packet.Signature) { s.FlagsValid = false })
				m.check(sig.SignUserId(name, m.PrimaryKey, m.PrivateKey, pgpConfig()))
				identity.Revocations = append(identity.Revocations, packet.NewVerifiableSig(sig))
			}
			return m.key("ann").Data
		}, signing.CodeMalformedObject, "user id"},
	} {
		m := newPGP(t)
		key := schema.Key{Principal: "ann", Path: "keys/ann/key.asc", Format: schema.OpenPGPKey, Data: row.make(m)}
		ring, problems := signing.NewKeyring(schema.Trust{Keys: []schema.Key{key}})
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), row.want) || !strings.Contains(problems[0].Error(), string(row.code)) {
			t.Errorf("%s: got %v, want %s and %q", row.name, problems, row.code, row.want)
		}
		raw := m.commit(m.PrivateKey, nil)
		if got := ring.Commit(idOf(raw), raw, judged()); got.OK() || got.Principal != "" {
			t.Errorf("%s: got %s by %q, want a refusal", row.name, got.Code, got.Principal)
		}
	}
}
