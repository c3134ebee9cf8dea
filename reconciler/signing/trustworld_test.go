package signing_test

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// council is three roots of whom two have to sign, a person without power, and the robot, each with a key.
type council struct {
	t      testing.TB
	keys   map[string]signing.MessageSigner
	public map[string]string
	trust  schema.Trust // version 1, as loaded
}

func newCouncil(t testing.TB) *council {
	t.Helper()
	c := &council{t: t, keys: map[string]signing.MessageSigner{}, public: map[string]string{}}
	root := []schema.Role{{Name: schema.RoleRoot}, {Name: schema.RoleAdmin}, {Name: schema.RoleRelease}}
	trust := schema.Trust{
		Root: schema.Root{
			Version: 1, Project: "3f2a9c1e", CreatedAt: noon, ExpiresAt: noon.AddDate(1, 0, 0),
			Threshold: 2, Admin: 2, Roots: []string{"alice", "bob", "carol"}, LogKeys: []string{c.key("log")},
		},
	}
	for _, p := range []schema.Principal{
		{ID: "alice", Roles: root}, {ID: "bob", Roles: root}, {ID: "carol", Roles: root},
		{ID: "dave", Roles: []schema.Role{{Name: schema.RoleAuthor}}}, {ID: "sluice-bot", Roles: []schema.Role{{Name: schema.RoleBot}}},
	} {
		trust.Principals = append(trust.Principals, p)
		trust.Keys = append(trust.Keys, c.keyOf(p.ID, p.ID))
	}
	c.trust = c.load(trust).Trust
	return c
}

// key makes a key of that name and returns its public line.
func (c *council) key(name string) string {
	if _, have := c.public[name]; !have {
		s := newSigner(c.t)
		c.keys[name], c.public[name] = s, s.PublicKey()
	}
	return c.public[name]
}

// keyOf is the key of that name as a person's.
func (c *council) keyOf(person, name string) schema.Key {
	return schema.Key{Principal: person, Path: "keys/" + person + "/" + name + ".pub", Format: schema.SSHKey, Data: []byte(c.key(name) + "\n")}
}

// proved adds the proof that the key needs when it is new in a version.
func (c *council) proved(key schema.Key, name string, version int) schema.Key {
	c.t.Helper()
	proof, err := signing.ProveKey(c.keys[name], c.trust.Root.Project, version, key)
	if err != nil {
		c.t.Fatal(err)
	}
	key.Proof = proof
	return key
}

// load writes the trust as files and reads them back.
func (c *council) load(t schema.Trust) signing.TrustVersion {
	c.t.Helper()
	v, err := signing.ReadTrustVersion(t.Files())
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

// next is the version after one, changed and signed by the keys named. A key signs in the name of the person before "/".
func (c *council) next(from schema.Trust, edit func(*schema.Trust), signers ...string) signing.TrustVersion {
	c.t.Helper()
	t := from
	t.Keys = append([]schema.Key(nil), from.Keys...)
	t.Principals = append([]schema.Principal(nil), from.Principals...)
	t.Root.Version, t.Root.Prev = from.Root.Version+1, from.RootDigest
	if edit != nil {
		edit(&t)
	}
	return c.signed(c.load(t), signers...)
}

func (c *council) signed(v signing.TrustVersion, signers ...string) signing.TrustVersion {
	c.t.Helper()
	for _, name := range signers {
		sig, err := signing.SignRoot(c.keys[name], v.Root)
		if err != nil {
			c.t.Fatal(err)
		}
		v.Signatures[name+".sig"] = sig
	}
	return v
}

// Sign makes an OpenPGP signature with the clock of the tests.
func (m pgpMaker) Sign(_ string, message []byte) ([]byte, error) {
	var b bytes.Buffer
	sig := &packet.Signature{
		Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: m.PrimaryKey.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: noon,
		IssuerKeyId: &m.PrimaryKey.KeyId, IssuerKeyVersion: 4, IssuerFingerprint: m.PrimaryKey.Fingerprint,
	}
	h := crypto.SHA256.New()
	h.Write(message)
	if err := sig.Sign(h, m.PrivateKey, pgpConfig()); err != nil {
		return nil, err
	}
	if err := sig.Serialize(&b); err != nil {
		return nil, err
	}
	return signing.Armor(true, b.Bytes()), nil
}
