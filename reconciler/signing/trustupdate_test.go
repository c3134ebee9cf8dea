package signing_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// renewed moves the end of the root, the smallest change there is.
func renewed(t *schema.Trust) { t.Root.ExpiresAt = noon.AddDate(2, 0, 0) }

func removeKey(t *schema.Trust, path string) {
	t.Keys = slices.DeleteFunc(t.Keys, func(k schema.Key) bool { return k.Path == path })
}

func keyAt(t *schema.Trust, path string) *schema.Key {
	for i := range t.Keys {
		if t.Keys[i].Path == path {
			return &t.Keys[i]
		}
	}
	panic("no key " + path)
}

func revoked(reason string) *schema.Revocation { return &schema.Revocation{Reason: reason, At: noon} }

func TestUpdates(t *testing.T) {
	c := newCouncil(t)
	c.key("erin")
	c.key("alice2")
	c.key("weak")
	// before is version 2, with keys in many states.
	before := c.next(c.trust, func(t *schema.Trust) {
		add := func(name string, edit func(*schema.Key)) {
			k := c.proved(c.keyOf("dave", name), name, 2)
			edit(&k)
			t.Keys = append(t.Keys, k)
		}
		c.key("retired")
		c.key("stolen")
		c.key("ended")
		add("retired", func(k *schema.Key) { k.Revoked = revoked("retired") })
		add("stolen", func(k *schema.Key) {
			k.Revoked = &schema.Revocation{Reason: "compromised", At: noon, DistrustAfterEntry: 55}
		})
		add("ended", func(k *schema.Key) { k.ValidUntil = noon.Add(-time.Hour) })
	}, "alice", "bob")
	if u := signing.CheckUpdate(c.trust, before, noon, 1); !u.OK {
		t.Fatalf("version 2: %+v", u)
	}
	old := before.Trust
	const (
		alice, dave = "keys/alice/alice.pub", "keys/dave/dave.pub"
		retired     = "keys/dave/retired.pub"
		stolen      = "keys/dave/stolen.pub"
	)
	two := []string{"alice", "bob"}
	for _, row := range []struct {
		sentence string
		edit     func(*schema.Trust)
		signers  []string
		after    func(*signing.TrustVersion)
		code     schema.Code // of one of the findings; ok for none
	}{
		{"two of three roots signed", renewed, two, nil, "ok"},
		{"all of them", renewed, []string{"alice", "bob", "carol"}, nil, "ok"},
		{"one alone", renewed, []string{"alice"}, nil, "trust-threshold"},
		{"nobody", renewed, nil, nil, "trust-threshold"},
		{"a root and somebody who is none", renewed, []string{"alice", "dave"}, nil, "trust-threshold"},
		{"the same signature under two names", renewed, []string{"alice"}, func(v *signing.TrustVersion) { v.Signatures["bob.sig"] = v.Signatures["alice.sig"] }, "trust-threshold"},
		{"one person with two files", renewed, []string{"alice"}, func(v *signing.TrustVersion) { v.Signatures["alice.asc"] = v.Signatures["alice.sig"] }, "trust-threshold"},
		{"signatures of the version before", renewed, nil, func(v *signing.TrustVersion) { v.Signatures = before.Signatures }, "trust-threshold"},
		{"a signature for another purpose", renewed, []string{"alice"}, func(v *signing.TrustVersion) {
			v.Signatures["bob.sig"], _ = c.keys["bob"].Sign(signing.ApprovalNamespace, v.Root)
		}, "trust-threshold"},

		{"a version skipped", func(t *schema.Trust) { t.Root.Version++ }, two, nil, "trust-sequence"},
		{"the same version again", func(t *schema.Trust) { t.Root.Version-- }, two, nil, "trust-rollback"},
		{"another version before it", func(t *schema.Trust) { t.Root.Prev = schema.DigestOf([]byte("fork")) }, two, nil, "trust-sequence"},
		{"another project", func(t *schema.Trust) { t.Root.Project = "4a2a9c1e" }, two, nil, "config"},
		{"an end in the past", func(t *schema.Trust) {
			t.Root.CreatedAt, t.Root.ExpiresAt = noon.AddDate(0, 0, -9), noon.AddDate(0, 0, -1)
		}, two, nil, "root-expired"},
		{"a trust that is not of these bytes", renewed, two, func(v *signing.TrustVersion) { v.Root = append(bytes.Clone(v.Root), '\n') }, "config"},
		{"a threshold of none", renewed, two, func(v *signing.TrustVersion) { v.Trust.Root.Threshold = 0 }, "config"},
		{"a threshold past the roots", renewed, two, func(v *signing.TrustVersion) { v.Trust.Root.Threshold = 4 }, "config"},
		{"a root twice", renewed, two, func(v *signing.TrustVersion) { v.Trust.Root.Roots = []string{"alice", "alice", "bob", "carol"} }, "config"},

		{"a key of the forge, which proves nothing", func(t *schema.Trust) { t.ForgeKeys = []schema.Key{forgeKey(c.key("forge"))} }, two, nil, "ok"},
		{"a key of the forge that nobody can read", func(t *schema.Trust) {
			t.ForgeKeys = []schema.Key{{Path: "forge/web.asc", Format: schema.OpenPGPKey, Data: []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")}}
		}, two, nil, "trust-key"},
		{"a person's key that becomes the forge's", func(t *schema.Trust) {
			t.ForgeKeys = []schema.Key{forgeKey(c.key("dave"))}
			removeKey(t, dave)
		}, two, nil, "trust-revocation"},
		{"the forge as a root", renewed, []string{"alice"}, func(v *signing.TrustVersion) {
			v.Trust.ForgeKeys = []schema.Key{forgeKey(c.key("forge"))}
			v.Signatures["bob.sig"], _ = c.keys["forge"].Sign(signing.RootNamespace, v.Root)
		}, "trust-threshold"},

		{"a root who cannot sign", func(t *schema.Trust) { keyAt(t, alice).Usages = []schema.KeyUsage{schema.UsageCommit} }, []string{"bob", "carol"}, nil, "trust-roots"},
		{"a root whose only key was revoked", func(t *schema.Trust) { keyAt(t, alice).Revoked = revoked("retired") }, []string{"bob", "carol"}, nil, "trust-roots"},
		{"a root who left, with a spare one left", func(t *schema.Trust) {
			t.Root.Roots, t.Root.Threshold = []string{"bob", "carol"}, 1
			t.Principals[0].Roles = nil
			keyAt(t, alice).Revoked = revoked("retired")
		}, two, nil, "ok"},
		{"two roots of whom two have to sign", func(t *schema.Trust) {
			t.Root.Roots = []string{"bob", "carol"}
			t.Principals[0].Roles = nil
			keyAt(t, alice).Revoked = revoked("retired")
		}, []string{"bob", "carol"}, nil, "trust-lockout"},
		{"a new root in place of one", func(t *schema.Trust) {
			t.Root.Roots = []string{"alice", "bob", "erin"}
			t.Principals[2].Roles = []schema.Role{{Name: schema.RoleAdmin}}
			t.Principals = append(t.Principals, schema.Principal{ID: "erin", Roles: []schema.Role{{Name: schema.RoleRoot}}})
			t.Keys = append(t.Keys, c.proved(c.keyOf("erin", "erin"), "erin", 3))
		}, two, nil, "ok"},
		{"a new root who signed needs no proof", func(t *schema.Trust) {
			t.Root.Roots = append(slices.Clone(t.Root.Roots), "erin")
			t.Principals = append(t.Principals, schema.Principal{ID: "erin", Roles: []schema.Role{{Name: schema.RoleRoot}}})
			t.Keys = append(t.Keys, c.keyOf("erin", "erin"))
		}, []string{"alice", "bob", "erin"}, nil, "ok"},
		{"a new root cannot bring itself in", func(t *schema.Trust) {
			t.Root.Roots = append(slices.Clone(t.Root.Roots), "erin")
			t.Principals = append(t.Principals, schema.Principal{ID: "erin", Roles: []schema.Role{{Name: schema.RoleRoot}}})
			t.Keys = append(t.Keys, c.keyOf("erin", "erin"))
		}, []string{"alice", "erin"}, nil, "trust-threshold"},
		{"roots of the old version alone, where none of them stays", func(t *schema.Trust) {
			t.Root.Roots, t.Root.Threshold = []string{"erin"}, 1
			for i := range 3 {
				t.Principals[i].Roles = []schema.Role{{Name: schema.RoleAdmin}}
			}
			t.Principals = append(t.Principals, schema.Principal{ID: "erin", Roles: []schema.Role{{Name: schema.RoleRoot}}})
			t.Keys = append(t.Keys, c.proved(c.keyOf("erin", "erin"), "erin", 3))
		}, two, nil, "trust-threshold"},

		{"a key without a proof", func(t *schema.Trust) { t.Keys = append(t.Keys, c.keyOf("dave", "erin")) }, two, nil, "trust-proof"},
		{"a key with a proof", func(t *schema.Trust) { t.Keys = append(t.Keys, c.proved(c.keyOf("dave", "erin"), "erin", 3)) }, two, nil, "ok"},
		{"a proof by another key", func(t *schema.Trust) { t.Keys = append(t.Keys, c.proved(c.keyOf("dave", "erin"), "alice2", 3)) }, two, nil, "trust-proof"},
		{"a proof for an earlier version", func(t *schema.Trust) { t.Keys = append(t.Keys, c.proved(c.keyOf("dave", "erin"), "erin", 2)) }, two, nil, "trust-proof"},
		{"a proof for another person", func(t *schema.Trust) {
			k := c.keyOf("dave", "erin")
			k.Proof = c.proved(c.keyOf("carol", "erin"), "erin", 3).Proof
			t.Keys = append(t.Keys, k)
		}, two, nil, "trust-proof"},
		{"a proof for another file", func(t *schema.Trust) {
			k := c.proved(c.keyOf("dave", "erin"), "erin", 3)
			k.Data = append(bytes.TrimSpace(k.Data), " comment\n"...)
			t.Keys = append(t.Keys, k)
		}, two, nil, "trust-proof"},
		{"a proof for another project", func(t *schema.Trust) {
			k := c.proved(c.keyOf("dave", "erin"), "erin", 3)
			other, err := signing.ProveKey(c.keys["erin"], "4a2a9c1e", 3, k)
			if err != nil {
				panic(err)
			}
			k.Proof = other
			t.Keys = append(t.Keys, k)
		}, two, nil, "trust-proof"},
		{"a proof that was signed as something else", func(t *schema.Trust) {
			k := c.proved(c.keyOf("dave", "erin"), "erin", 3)
			k.Proof.Signature, _ = c.keys["erin"].Sign(signing.RequestNamespace, k.Proof.Statement())
			t.Keys = append(t.Keys, k)
		}, two, nil, "trust-proof"},
		{"a key that counts from tomorrow", func(t *schema.Trust) {
			k := c.proved(c.keyOf("dave", "erin"), "erin", 3)
			k.ValidFrom = noon.AddDate(0, 0, 1)
			t.Keys = append(t.Keys, k)
		}, two, nil, "ok"},

		{"a key that vanished", func(t *schema.Trust) { removeKey(t, dave) }, two, nil, "trust-revocation"},
		{"a key that was given to somebody else", func(t *schema.Trust) {
			removeKey(t, dave)
			t.Keys = append(t.Keys, c.proved(c.keyOf("carol", "dave"), "dave", 3))
		}, two, nil, "trust-revocation"},
		{"a key that was revoked and ended at once", func(t *schema.Trust) {
			k := keyAt(t, dave)
			k.Revoked, k.ValidUntil = revoked("superseded"), noon.Add(-time.Minute)
		}, two, nil, "ok"},
		{"a key that was revoked", func(t *schema.Trust) { keyAt(t, dave).Revoked = revoked("superseded") }, two, nil, "ok"},
		{"a key that ended without a word", func(t *schema.Trust) { keyAt(t, dave).ValidUntil = noon.Add(-time.Minute) }, two, nil, "trust-revocation"},
		{"a key that will end", func(t *schema.Trust) { keyAt(t, dave).ValidUntil = noon.Add(time.Hour) }, two, nil, "ok"},
		{"a key under another file name", func(t *schema.Trust) { keyAt(t, dave).Path = "keys/dave/desk.pub" }, two, nil, "ok"},
		{"a revoked key that left", func(t *schema.Trust) { removeKey(t, retired) }, two, nil, "ok"},
		{"a key that had ended and left", func(t *schema.Trust) { removeKey(t, "keys/dave/ended.pub") }, two, nil, "ok"},
		{"a revoked key that is back", func(t *schema.Trust) { keyAt(t, retired).Revoked = nil }, two, nil, "trust-revocation"},
		{"a revoked key that is back as another's", func(t *schema.Trust) {
			removeKey(t, retired)
			t.Keys = append(t.Keys, c.proved(c.keyOf("carol", "retired"), "retired", 3))
		}, two, nil, "trust-revocation"},
		{"a revocation put off", func(t *schema.Trust) {
			keyAt(t, retired).Revoked = &schema.Revocation{Reason: "retired", At: noon.Add(time.Hour)}
		}, two, nil, "trust-revocation"},
		{"a stolen key that left", func(t *schema.Trust) { removeKey(t, stolen) }, two, nil, "trust-revocation"},
		{"a stolen key that only retired", func(t *schema.Trust) { keyAt(t, stolen).Revoked = revoked("retired") }, two, nil, "trust-revocation"},
		{"fewer entries tainted", func(t *schema.Trust) {
			keyAt(t, stolen).Revoked = &schema.Revocation{Reason: "compromised", At: noon, DistrustAfterEntry: 60}
		}, two, nil, "trust-revocation"},
		{"more entries tainted", func(t *schema.Trust) {
			keyAt(t, stolen).Revoked = &schema.Revocation{Reason: "compromised", At: noon, DistrustAfterEntry: 50}
		}, two, nil, "ok"},
		{"a retired key that turns out stolen", func(t *schema.Trust) {
			keyAt(t, retired).Revoked = &schema.Revocation{Reason: "compromised", At: noon, DistrustAfterEntry: 50}
		}, two, nil, "ok"},
		{"a revoked key that is listed as another's, revoked", func(t *schema.Trust) {
			removeKey(t, retired)
			k := c.proved(c.keyOf("carol", "retired"), "retired", 3)
			k.Revoked = revoked("retired")
			t.Keys = append(t.Keys, k)
		}, two, nil, "trust-revocation"},

		{"another log key at once", func(t *schema.Trust) { t.Root.LogKeys = []string{c.key("log2")} }, two, nil, "trust-log-keys"},
		{"a log key that is none", renewed, two, func(v *signing.TrustVersion) { v.Trust.Root.LogKeys = []string{"ssh-ed25519 AAAA"} }, "trust-log-keys"},
		{"another log key beside the first", func(t *schema.Trust) { t.Root.LogKeys = append(slices.Clone(t.Root.LogKeys), c.key("log2")) }, two, nil, "ok"},
		{"the log key with another comment", func(t *schema.Trust) { t.Root.LogKeys = []string{c.key("log") + " the ledger"} }, two, nil, "ok"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			next := c.next(old, row.edit, row.signers...)
			if row.after != nil {
				row.after(&next)
			}
			u := signing.CheckUpdate(old, next, noon, old.Root.Version)
			has := slices.ContainsFunc(u.Findings, func(f signing.UpdateFinding) bool { return f.Code == row.code })
			if u.OK != (row.code == "ok") || !u.OK && !has {
				t.Errorf("got %+v, want %s", u, row.code)
			}
		})
	}
}

// TestAMalformedKeyBlocksTheUpdate (THREATS 21, 23): in force, such a key is disabled alone.
func TestAMalformedKeyBlocksTheUpdate(t *testing.T) {
	c := newCouncil(t)
	two := []string{"alice", "bob"}
	for _, row := range []struct {
		sentence string
		key      func(*schema.Trust) schema.Key
		code     schema.Code
	}{
		{"the key of two people", func(t *schema.Trust) schema.Key {
			k := *keyAt(t, "keys/alice/alice.pub")
			k.Principal, k.Path = "dave", "keys/dave/copy.pub"
			return k
		}, "ambiguous-key"},
		{"a key that is too short", func(*schema.Trust) schema.Key {
			return schema.Key{Principal: "dave", Path: "keys/dave/walter.asc", Format: schema.OpenPGPKey, Data: testdata(c.t, "keys", "walter-gpg.asc")}
		}, "trust-key"},
		{"an OpenPGP key that is cut off", func(*schema.Trust) schema.Key {
			return schema.Key{Principal: "dave", Path: "keys/dave/frank.asc", Format: schema.OpenPGPKey, Data: testdata(c.t, "keys", "frank-gpg.asc")[:200]}
		}, "trust-key"},
		{"a certificate", func(*schema.Trust) schema.Key {
			return schema.Key{Principal: "dave", Path: "keys/dave/cert.pub", Format: schema.SSHKey, Data: []byte("ssh-ed25519-cert-v01@openssh.com AAAA\n")}
		}, "trust-key"},
	} {
		next := c.next(c.trust, renewed, two...)
		next.Trust.Keys = append(slices.Clone(next.Trust.Keys), row.key(&next.Trust))
		u := signing.CheckUpdate(c.trust, next, noon, 1)
		if u.OK || u.Code != row.code {
			t.Errorf("%s: got %+v, want %s", row.sentence, u, row.code)
		}
	}
	files := c.trust.Files()
	files["keys/dave/dave.pub"] = []byte("ssh-ed25519 AAAA\n")
	if v, err := signing.ReadTrustVersion(files); err == nil {
		t.Errorf("a directory with a broken key was read: %+v", v)
	}
}

func TestTrustNeverRollsBack(t *testing.T) {
	c := newCouncil(t)
	two := []string{"alice", "bob"}
	v2 := c.next(c.trust, renewed, two...)
	v3 := c.next(v2.Trust, func(t *schema.Trust) { keyAt(t, "keys/dave/dave.pub").Revoked = revoked("compromised") }, two...)
	for _, row := range []struct {
		sentence  string
		old       schema.Trust
		next      signing.TrustVersion
		highWater int
		code      schema.Code
	}{
		{"forward", v2.Trust, v3, 2, "ok"},
		{"back to the version before, which its roots signed", v3.Trust, v2, 3, "trust-rollback"},
		{"the version in force once more", v2.Trust, v2, 2, "trust-rollback"},
		{"a reconciler that forgot version 3", v2.Trust, v3, 3, "trust-rollback"},
		{"a second version 2 after version 1", c.trust, c.next(c.trust, nil, two...), 2, "trust-rollback"},
	} {
		if u := signing.CheckUpdate(row.old, row.next, noon, row.highWater); u.OK != (row.code == "ok") || !u.OK && u.Code != row.code {
			t.Errorf("%s: got %+v, want %s", row.sentence, u, row.code)
		}
	}
}

func TestARootThatRanOutCanBeRenewed(t *testing.T) {
	c := newCouncil(t)
	late := noon.AddDate(1, 0, 1)
	next := c.next(c.trust, renewed, "alice", "bob")
	if u := signing.CheckUpdate(c.trust, next, late, 1); !u.OK {
		t.Errorf("got %+v, want the new version in force", u)
	}
}

func TestLogKeysHandOverThroughAVersionThatNamesBoth(t *testing.T) {
	c := newCouncil(t)
	both := c.next(c.trust, func(t *schema.Trust) { t.Root.LogKeys = append(slices.Clone(t.Root.LogKeys), c.key("log2")) }, "alice", "bob")
	alone := c.next(both.Trust, func(t *schema.Trust) { t.Root.LogKeys = []string{c.key("log2")} }, "alice", "bob")
	if u := signing.CheckUpdate(both.Trust, alone, noon, 2); !u.OK {
		t.Errorf("got %+v", u)
	}
}

func TestRootsSignWithOpenPGPToo(t *testing.T) {
	c := newCouncil(t)
	pgp := newPGP(t)
	key := pgp.key("alice")
	key.Path = "keys/alice/card.asc"
	key.Usages = []schema.KeyUsage{schema.UsageRoot}
	proof, err := signing.ProveKey(pgp, c.trust.Root.Project, 2, key)
	if err != nil {
		t.Fatal(err)
	}
	key.Proof = proof
	v2 := c.next(c.trust, func(t *schema.Trust) { t.Keys = append(t.Keys, key) }, "alice", "bob")
	if u := signing.CheckUpdate(c.trust, v2, noon, 1); !u.OK || !slices.Equal(u.Added, []string{key.Path}) {
		t.Fatalf("version 2: got %+v", u)
	}
	v3 := c.next(v2.Trust, renewed, "bob")
	if v3.Signatures["alice.asc"], err = signing.SignRoot(pgp, v3.Root); err != nil {
		t.Fatal(err)
	}
	u := signing.CheckUpdate(v2.Trust, v3, noon, 2)
	if !u.OK || !slices.Equal(u.By, []string{"alice", "bob"}) || !slices.Equal(u.New, []string{"alice", "bob"}) {
		t.Errorf("version 3: got %+v", u)
	}
	// The copy of the key is exported again, longer valid: it is no new key.
	v4 := c.next(v3.Trust, func(t *schema.Trust) {
		pgp.says(pgp.about(0x13, noon.Add(-time.Hour), nil))
		keyAt(t, key.Path).Data = pgp.key("alice").Data
	}, "alice", "bob")
	if u := signing.CheckUpdate(v3.Trust, v4, noon, 3); !u.OK || len(u.Added) > 0 {
		t.Errorf("version 4: got %+v", u)
	}
}

func TestSignaturesThatDoNotCountAreNamed(t *testing.T) {
	c := newCouncil(t)
	v := c.next(c.trust, renewed, "alice", "bob", "dave")
	v.Signatures["carol.sig"] = []byte("hello")
	u := signing.CheckUpdate(c.trust, v, noon, 1)
	want := []string{"root.sig/carol.sig: malformed-object", "root.sig/dave.sig: dave is no root"}
	if !u.OK || !slices.Equal(u.Refused, want) {
		t.Errorf("got %v and %q, want %q", u.OK, u.Refused, want)
	}
}

// TestWhatIsSaidOfSignatures: the words that tell a root whose signature is still missing.
func TestWhatIsSaidOfSignatures(t *testing.T) {
	c := newCouncil(t)
	c.key("erin")
	v := c.next(c.trust, func(t *schema.Trust) {
		t.Root.Roots = []string{"alice", "bob", "erin"}
		t.Principals[2].Roles = []schema.Role{{Name: schema.RoleAdmin}}
		t.Principals = append(t.Principals, schema.Principal{ID: "erin", Roles: []schema.Role{{Name: schema.RoleRoot}}}, schema.Principal{ID: "finn"})
		t.Keys = append(t.Keys, c.proved(c.keyOf("erin", "erin"), "erin", 2), c.proved(c.keyOf("finn", "finn"), "finn", 2))
	}, "carol", "finn")
	v.Signatures["bob.sig"] = v.Signatures["carol.sig"]
	u := signing.CheckUpdate(c.trust, v, noon, 1)
	want := []string{
		"root.sig/bob.sig: it is carol's signature",
		"root.sig/finn.sig: unknown-key; in the new version finn is no root",
	}
	if !slices.Equal(u.Refused, want) {
		t.Errorf("refused: got %q, want %q (carol's counts for the version before)", u.Refused, want)
	}
	wantFindings := []signing.UpdateFinding{
		{Code: "trust-threshold", Detail: "1 of 2 roots of the version before signed: carol"},
		{Code: "trust-threshold", Detail: "0 of 2 roots of the new version signed"},
	}
	if !slices.Equal(u.Findings, wantFindings) {
		t.Errorf("findings: got %q, want %q", u.Findings, wantFindings)
	}
}

func TestAVersionIsReadWithItsSignatures(t *testing.T) {
	c := newCouncil(t)
	next := c.next(c.trust, renewed, "alice", "bob")
	files := next.Trust.Files()
	for name, sig := range next.Signatures {
		files["root.sig/"+name] = sig
	}
	v, err := signing.ReadTrustVersion(files)
	if err != nil {
		t.Fatal(err)
	}
	if u := signing.CheckUpdate(c.trust, v, noon, 1); !u.OK {
		t.Errorf("got %+v", u)
	}
}

// TestAKeyThatNeverCountedMayGo: else a weak key in version 1 would block every change.
func TestAKeyThatNeverCountedMayGo(t *testing.T) {
	c := newCouncil(t)
	weak := c.trust
	weak.Keys = append(slices.Clone(weak.Keys), schema.Key{
		Principal: "dave", Path: "keys/dave/walter.asc", Format: schema.OpenPGPKey, Data: testdata(t, "keys", "walter-gpg.asc"),
	}, schema.Key{
		Principal: "dave", Path: "keys/dave/frank.asc", Format: schema.OpenPGPKey, Data: testdata(t, "keys", "frank-gpg.asc"),
	})
	v1 := c.load(weak)
	two := []string{"alice", "bob"}
	if u := signing.CheckUpdate(v1.Trust, c.next(v1.Trust, renewed, two...), noon, 1); u.Code != "trust-key" {
		t.Errorf("while it stays: got %+v", u)
	}
	gone := c.next(v1.Trust, func(t *schema.Trust) { removeKey(t, "keys/dave/walter.asc") }, two...)
	if u := signing.CheckUpdate(v1.Trust, gone, noon, 1); !u.OK {
		t.Errorf("when it goes: got %+v", u)
	}
	both := c.next(gone.Trust, func(t *schema.Trust) { removeKey(t, "keys/dave/frank.asc") }, two...)
	if u := signing.CheckUpdate(gone.Trust, both, noon, 2); u.Code != "trust-revocation" {
		t.Errorf("when a good one goes: got %+v", u)
	}
}

// TestARootNeedsAnOpenPGPKeyThatCanSign asks the key's own word as well as the trust's.
func TestARootNeedsAnOpenPGPKeyThatCanSign(t *testing.T) {
	for _, row := range []struct {
		sentence string
		key      func(pgpMaker) schema.Key
		code     schema.Code
	}{
		{"a good one", func(m pgpMaker) schema.Key { return m.key("carol") }, "ok"},
		{"one that ran out by its own word", func(m pgpMaker) schema.Key {
			m.says(m.about(0x13, noon.Add(-30*day), func(s *packet.Signature) { s.KeyLifetimeSecs = seconds(20 * day) }))
			return m.key("carol")
		}, "trust-roots"},
		{"one for commits", func(m pgpMaker) schema.Key {
			k := m.key("carol")
			k.Usages = []schema.KeyUsage{schema.UsageCommit}
			return k
		}, "trust-roots"},
	} {
		c := newCouncil(t)
		pgp := newPGP(t)
		key := row.key(pgp)
		var err error
		if key.Proof, err = signing.ProveKey(pgp, c.trust.Root.Project, 2, key); err != nil {
			t.Fatal(err)
		}
		next := c.next(c.trust, func(t *schema.Trust) {
			keyAt(t, "keys/carol/carol.pub").Revoked = revoked("superseded")
			t.Keys = append(t.Keys, key)
		}, "alice", "bob")
		u := signing.CheckUpdate(c.trust, next, noon, 1)
		has := slices.ContainsFunc(u.Findings, func(f signing.UpdateFinding) bool { return f.Code == row.code })
		if u.OK != (row.code == "ok") || !u.OK && !has {
			t.Errorf("%s: got %+v, want %s", row.sentence, u, row.code)
		}
	}
}
