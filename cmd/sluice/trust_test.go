package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// trustMaker makes versions of a trust directory with a root and somebody else.
type trustMaker struct {
	t       *testing.T
	signers map[string]*signing.SSHSigner
}

func (m *trustMaker) signer(name string) *signing.SSHSigner {
	m.t.Helper()
	if m.signers == nil {
		m.signers = map[string]*signing.SSHSigner{}
	}
	if m.signers[name] == nil {
		private, _, err := signing.GenerateEd25519()
		if err != nil {
			m.t.Fatal(err)
		}
		if m.signers[name], err = signing.NewSSHSigner(private); err != nil {
			m.t.Fatal(err)
		}
	}
	return m.signers[name]
}

func (m *trustMaker) key(person, name string) schema.Key {
	return schema.Key{Principal: person, Path: "keys/" + person + "/" + name + ".pub", Format: schema.SSHKey, Data: []byte(m.signer(name).PublicKey() + "\n")}
}

// first is version 1: ann is its root, bob writes.
func (m *trustMaker) first() schema.Trust {
	return schema.Trust{
		Root: schema.Root{
			Version: 1, Project: "3f2a9c1e", CreatedAt: noon, ExpiresAt: noon.AddDate(1, 0, 0), Threshold: 1, Admin: 1,
			Roots: []string{"ann"}, LogKeys: []string{m.signer("log").PublicKey()},
		},
		Principals: []schema.Principal{
			{ID: "ann", Roles: []schema.Role{{Name: schema.RoleRoot}, {Name: schema.RoleAdmin}}},
			{
				ID: "bob", Name: "Bob", Emails: []string{"bob@example.com"}, Forge: []schema.ForgeAccount{{Host: "gitlab.example.com", UserID: 42}},
				Roles: []schema.Role{{Name: schema.RoleApprover, Stage: "production", Apps: schema.Patterns{"shop"}}},
			},
		},
		Keys: []schema.Key{m.key("ann", "ann"), m.key("bob", "bob")},
	}
}

// version reads a trust back from its files, signed by ann.
func (m *trustMaker) version(t schema.Trust) signing.TrustVersion {
	m.t.Helper()
	v, err := signing.ReadTrustVersion(t.Files())
	if err != nil {
		m.t.Fatal(err)
	}
	signature, err := signing.SignRoot(m.signer("ann"), v.Root)
	if err != nil {
		m.t.Fatal(err)
	}
	v.Signatures["ann.sig"] = signature
	return v
}

// TestTrustChangesTellEverything: a root signs what it was shown, so nothing may differ and not be told.
func TestTrustChangesTellEverything(t *testing.T) {
	m := &trustMaker{t: t}
	revoked := &schema.Revocation{Reason: "compromised", At: noon, DistrustAfterEntry: 7}
	forge := m.key("", "web")
	forge.Path = "forge/web.pub"
	for _, row := range []struct {
		sentence string
		edit     func(*schema.Trust)
		told     string
	}{
		{"another project", func(t *schema.Trust) { t.Root.Project = "aaaaaaaa" }, "~ project aaaaaaaa, was 3f2a9c1e"},
		{"a second more", func(t *schema.Trust) { t.Root.ExpiresAt = t.Root.ExpiresAt.Add(time.Second) }, "~ expiry 2027-11-23 12:00:01 UTC, was 2027-11-23 12:00:00 UTC"},
		{"more roots to sign", func(t *schema.Trust) { t.Root.Threshold = 2 }, "~ threshold 1 → 2 roots sign a change of the trust directory"},
		{"more admins to sign", func(t *schema.Trust) { t.Root.Admin = 2 }, "~ threshold 1 → 2 admins sign a change of the other control files"},
		{"a root more", func(t *schema.Trust) { t.Root.Roots = []string{"ann", "bob"} }, "+ root bob signs changes of the trust directory"},
		{"a root less", func(t *schema.Trust) { t.Root.Roots = nil }, "- root ann signs no changes"},
		{"a log key more", func(t *schema.Trust) { t.Root.LogKeys = append(t.Root.LogKeys, m.signer("log2").PublicKey()) }, "+ log key SHA256:"},
		{"a log key less", func(t *schema.Trust) { t.Root.LogKeys = nil }, "- log key SHA256:"},
		{"a person more", func(t *schema.Trust) { t.Principals = append(t.Principals, schema.Principal{ID: "eve"}) }, "+ person eve no role"},
		{"a person less", func(t *schema.Trust) { t.Principals = t.Principals[:1] }, "- person bob had approver:production for shop"},
		{"another name", func(t *schema.Trust) { t.Principals[1].Name = "B\x1b[31m" }, `~ person bob name "B\\x1b[31m", was "Bob"`},
		{"another address", func(t *schema.Trust) { t.Principals[1].Emails = []string{"eve@example.com"} }, "~ person bob gains address eve@example.com"},
		{"an address less", func(t *schema.Trust) { t.Principals[1].Emails = nil }, "~ person bob loses address bob@example.com"},
		{"another account", func(t *schema.Trust) { t.Principals[1].Forge[0].UserID = 43 }, "~ person bob gains account gitlab.example.com user 43"},
		{"a role more", func(t *schema.Trust) {
			t.Principals[1].Roles = append(t.Principals[1].Roles, schema.Role{Name: schema.RoleRelease})
		}, "~ person bob gains role release"},
		{"a role less", func(t *schema.Trust) { t.Principals[0].Roles = t.Principals[0].Roles[:1] }, "~ person ann loses role admin"},
		{"a role for every app", func(t *schema.Trust) { t.Principals[1].Roles[0].Apps = nil }, "~ person bob gains role approver:production"},
		{"a key more", func(t *schema.Trust) { t.Keys = append(t.Keys, m.key("bob", "bob2")) }, "+ key keys/bob/bob2.pub ssh-ed25519 SHA256:"},
		{"a key less", func(t *schema.Trust) { t.Keys = t.Keys[:1] }, "- key keys/bob/bob.pub SHA256:"},
		{"another key under the same name", func(t *schema.Trust) { t.Keys[1].Data = m.key("bob", "eve").Data }, "~ key keys/bob/bob.pub another key: ssh-ed25519 SHA256:"},
		{"a key that may only approve", func(t *schema.Trust) { t.Keys[1].Usages = []schema.KeyUsage{schema.UsageApproval} }, "~ key keys/bob/bob.pub signs only approvals; was without limits"},
		{"a key that begins later", func(t *schema.Trust) { t.Keys[1].ValidFrom = noon }, "~ key keys/bob/bob.pub from 2026-11-23 12:00:00 UTC; was without limits"},
		{"a key that ends", func(t *schema.Trust) { t.Keys[1].ValidUntil = noon }, "~ key keys/bob/bob.pub until 2026-11-23 12:00:00 UTC; was without limits"},
		{"a key that was stolen", func(t *schema.Trust) { t.Keys[1].Revoked = revoked }, "~ key keys/bob/bob.pub compromised at 2026-11-23 12:00:00 UTC, distrusted after entry 7; was without limits"},
		{"a key of the forge", func(t *schema.Trust) { t.ForgeKeys = append(t.ForgeKeys, forge) }, "+ forge key forge/web.pub ssh-ed25519 SHA256:"},
		{"a witness", func(t *schema.Trust) { t.Root.Witnesses.Keys = []string{"w1+00000000+AAAA"} }, "+ witness w1+00000000+AAAA"},
		{"more witnesses to cosign", func(t *schema.Trust) { t.Root.Witnesses.Quorum = 2 }, "~ witness 0 → 2 have to cosign the ledger"},
	} {
		next := m.first()
		row.edit(&next)
		var lines []string
		for _, c := range trustChanges(m.first(), next) {
			lines = append(lines, strings.Join(strings.Fields(c.Sign+" "+c.What+" "+c.Name+" "+c.Text), " "))
		}
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, row.told) }) {
			t.Errorf("%s: got %q, want %q", row.sentence, lines, row.told)
		}
		if back := trustChanges(next, m.first()); len(back) == 0 {
			t.Errorf("%s, taken back: nothing is told", row.sentence)
		}
	}
	if same := trustChanges(m.first(), m.first()); len(same) > 0 {
		t.Errorf("no change: got %v", same)
	}
}

// untold are the fields of a trust that no change is told of, and why.
var untold = map[string]string{
	"Root":            "its fields are, each below",
	"Root.Version":    "the heading has it",
	"Root.Prev":       "the digest of the version before, which is compared",
	"Root.CreatedAt":  "when the version was made, which gives nobody anything",
	"Root.Files":      "the digest of what is told",
	"RootDigest":      "the digest of what is told",
	"Keys.Principal":  "whose a key is, its path says",
	"Keys.Path":       "another path is a key gone and a key added",
	"Keys.Format":     "the path says it",
	"Keys.Proof":      "shown apart while it is missing, and counts once",
	"ForgeKeys.Proof": "there is none", "ForgeKeys.Usages": "there are none", "ForgeKeys.ValidFrom": "there is none", "ForgeKeys.ValidUntil": "there is none",
	"ForgeKeys.Revoked": "there is none", "ForgeKeys.Principal": "there is none", "ForgeKeys.Path": "as of keys", "ForgeKeys.Format": "as of keys",
	"Principals.ID": "another id is a person gone and a person added",
}

// TestNoFieldOfTheTrustIsUntold: a field that the trust directory gets later has to be told as well.
func TestNoFieldOfTheTrustIsUntold(t *testing.T) {
	m := &trustMaker{t: t}
	base := func() schema.Trust {
		trust := m.first()
		trust.ForgeKeys = []schema.Key{{Path: "forge/web.pub", Format: schema.SSHKey, Data: m.key("", "web").Data}}
		trust.Root.Witnesses = schema.Witnesses{Quorum: 1, Keys: []string{"w1+00000000+AAAA"}}
		return trust
	}
	fields := 0
	check := func(name string, change func(v reflect.Value), at func(t *schema.Trust) reflect.Value) {
		fields++
		next := base()
		change(at(&next))
		if _, known := untold[name]; known {
			return
		}
		if len(trustChanges(base(), next)) == 0 {
			t.Errorf("%s: a change of it is not told", name)
		}
	}
	for prefix, at := range map[string]func(t *schema.Trust) reflect.Value{
		"":                func(t *schema.Trust) reflect.Value { return reflect.ValueOf(t).Elem() },
		"Root.":           func(t *schema.Trust) reflect.Value { return reflect.ValueOf(&t.Root).Elem() },
		"Root.Witnesses.": func(t *schema.Trust) reflect.Value { return reflect.ValueOf(&t.Root.Witnesses).Elem() },
		"Principals.":     func(t *schema.Trust) reflect.Value { return reflect.ValueOf(&t.Principals[1]).Elem() },
		"Keys.":           func(t *schema.Trust) reflect.Value { return reflect.ValueOf(&t.Keys[1]).Elem() },
		"ForgeKeys.":      func(t *schema.Trust) reflect.Value { return reflect.ValueOf(&t.ForgeKeys[0]).Elem() },
	} {
		kind := at(ptr(base())).Type()
		for i := range kind.NumField() {
			check(prefix+kind.Field(i).Name, another, func(t *schema.Trust) reflect.Value { return at(t).Field(i) })
		}
	}
	if fields < 40 {
		t.Errorf("only %d fields were looked at", fields)
	}
}

func ptr[T any](v T) *T { return &v }

// another gives a field another value of its type.
func another(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Slice:
		if v.Len() > 0 {
			v.Set(v.Slice(0, v.Len()-1))
			return
		}
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Hour)))
			return
		}
		another(v.Field(v.NumField() - 1))
	}
}

// TestPrivateKeysAreRefused: whatever kind it is, and whatever the file is called.
func TestPrivateKeysAreRefused(t *testing.T) {
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	d := &trustDesk{app: &app{dir: t.TempDir(), environ: os.Getenv}}
	for name, data := range map[string][]byte{
		"id": private, "id.pub": private, "both.pub": append(slices.Clone(public), private...), "old": []byte("-----BEGIN RSA PRIVATE KEY-----\n"),
		"key.asc": []byte("-----BEGIN PGP PRIVATE KEY BLOCK-----\n"), "plain": []byte("-----BEGIN PRIVATE KEY-----\n"), "locked": []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
	} {
		file := filepath.Join(d.app.dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := d.readPublic(context.Background(), "bob", file)
		if err == nil || len(key.Data) > 0 || !strings.Contains(err.Error(), "is a PRIVATE key; nothing was copied or written") {
			t.Errorf("%s: got %q, %v", name, key.Data, err)
		}
	}
}

// TestTwoCompleteVersionsOfOneNumber: one takes the other's place in a history only while it was not complete.
func TestTwoCompleteVersionsOfOneNumber(t *testing.T) {
	m := &trustMaker{t: t}
	one := m.version(m.first())
	second := func(name string) signing.TrustVersion {
		next := one.Trust.Next(noon)
		next.Principals[1].Name = name
		return m.version(next)
	}
	whole, other, bare := second("Robert"), second("Bobby"), second("Rob")
	bare.Signatures = nil
	begun := m.first()
	begun.Principals[1].Name = "Draft"
	draft := m.version(begun)
	at := func(v signing.TrustVersion) signing.TrustStep { return signing.TrustStep{TrustVersion: v, At: noon} }
	anchor := one.Trust.RootDigest
	for _, row := range []struct {
		sentence string
		chain    []signing.TrustStep
		next     signing.TrustVersion
		anchor   schema.Digest
		want     bool
	}{
		{"the version after", []signing.TrustStep{at(one)}, whole, anchor, false},
		{"the same, signed once more", []signing.TrustStep{at(one), at(whole)}, whole, anchor, true},
		{"another in place of one that nobody signed", []signing.TrustStep{at(one), at(bare)}, other, anchor, true},
		{"another in place of one that was signed", []signing.TrustStep{at(one), at(whole)}, other, anchor, false},
		{"another first one before it was sealed", []signing.TrustStep{at(draft)}, one, anchor, true},
		{"another first one after it was sealed", []signing.TrustStep{at(one)}, draft, anchor, false},
	} {
		if got := stillPrepared(row.chain, at(row.next), row.anchor); got != row.want {
			t.Errorf("%s: got %t, want %t", row.sentence, got, row.want)
		}
	}
	h := judgeHistory(anchor, []signing.TrustStep{at(one), at(whole), at(other)}, make([]schema.Hash, 3))
	if last := h.Versions[len(h.Versions)-1]; h.Proven || last.Code != signing.CodeTrustRollback {
		t.Errorf("two complete versions: got %+v, want trust-rollback", last)
	}
}

func TestShowWarnsOfTheEnd(t *testing.T) {
	m := &trustMaker{t: t}
	end := m.first().Root.ExpiresAt
	for _, row := range []struct {
		sentence string
		at       time.Time
		warning  string
	}{
		{"a year before", end.AddDate(-1, 0, 0), ""},
		{"31 days before", end.AddDate(0, 0, -31), ""},
		{"10 days before", end.AddDate(0, 0, -10), "it runs out in 10 days; sluice trust renew"},
		{"at the end", end, "it has run out: nothing new is admitted until a new version is in force; sluice trust renew [root-expired]"},
	} {
		if got := strings.Join(showTrust(m.first(), "", row.at).Warnings, "; "); got != row.warning {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.warning)
		}
	}
}

func TestParseAccount(t *testing.T) {
	for _, row := range []struct {
		text string
		want schema.ForgeAccount
	}{
		{"gitlab.example.com:42", schema.ForgeAccount{Host: "gitlab.example.com", UserID: 42}},
		{"gitlab.example.com:8443:42", schema.ForgeAccount{Host: "gitlab.example.com:8443", UserID: 42}},
		{"gitlab.example.com", schema.ForgeAccount{}}, {"gitlab.example.com:bob", schema.ForgeAccount{}}, {":42", schema.ForgeAccount{}},
		{"gitlab.example.com:0", schema.ForgeAccount{}}, {"gitlab.example.com:-1", schema.ForgeAccount{}},
	} {
		if got, err := parseAccount(row.text); got != row.want || (err == nil) != (row.want.UserID > 0) {
			t.Errorf("%s: got %+v, %v", row.text, got, err)
		}
	}
}

func TestParseTime(t *testing.T) {
	for _, text := range []string{"2026-12-31T12:00:00Z", "2026-12-31", "90d", "12h"} {
		if at, err := parseTime("--at", text); err != nil || at.IsZero() || at.Nanosecond() != 0 {
			t.Errorf("%s: got %s, %v", text, at, err)
		}
	}
	for _, text := range []string{"soon", "-3d", "12", "2026-13-01", "-5h", "99999999d"} {
		if at, err := parseTime("--at", text); err == nil {
			t.Errorf("%s: got %s", text, at)
		}
	}
}

func TestKeyName(t *testing.T) {
	for _, row := range []struct{ file, want string }{
		{"id_ed25519", "id_ed25519"}, {"bob's key", "bob-s-key"}, {".hidden", "hidden"}, {"ключ", "key"}, {"", "key"}, {strings.Repeat("a", 99), strings.Repeat("a", 60)},
	} {
		if got := keyName(row.file); got != row.want {
			t.Errorf("%q: got %q, want %q", row.file, got, row.want)
		}
	}
}
