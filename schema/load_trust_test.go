package schema_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// sshKey makes a line that has the form of a public key; the loader checks no curve.
func sshKey(seed byte) string {
	var b bytes.Buffer
	for _, part := range [][]byte{[]byte("ssh-ed25519"), bytes.Repeat([]byte{seed}, 32)} {
		binary.Write(&b, binary.BigEndian, uint32(len(part)))
		b.Write(part)
	}
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(b.Bytes())
}

func witness(name string, seed byte) schema.WitnessKey {
	return schema.WitnessKey{Name: name, Key: bytes.Repeat([]byte{seed}, 32)}
}

func trust() schema.Trust {
	day := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	return schema.Trust{
		Root: schema.Root{
			Version: 2, Prev: schema.DigestOf([]byte("v1")), Project: "3f2a9c1e", CreatedAt: day, ExpiresAt: day.AddDate(1, 0, 0),
			Threshold: 1, Admin: 1, Roots: []string{"alice"}, LogKeys: []string{sshKey(9) + " log"},
			Witnesses: schema.Witnesses{Quorum: 1, Keys: []string{witness("w.example/1", 5).String(), witness("w.example/2", 6).String()}},
		},
		Principals: []schema.Principal{
			{
				ID: "alice", Name: `Alice "Al" Ünal`, Emails: []string{"alice@example.com"},
				Roles: []schema.Role{
					{Name: schema.RoleRoot}, {Name: schema.RoleAdmin}, {Name: schema.RoleAuthor},
					{Name: schema.RoleApprover, Stage: "production", Apps: schema.Patterns{"payments/*"}},
				},
				Forge: []schema.ForgeAccount{{Host: "gitlab.example.com", UserID: 42}},
			},
			{ID: "bob"},
			{ID: "null", Name: "yes: #no"},
			{ID: "robot", Roles: []schema.Role{{Name: schema.RoleBot}}},
		},
		Keys: []schema.Key{
			{Principal: "alice", Path: "keys/alice/laptop.pub", Format: schema.SSHKey, Data: []byte(sshKey(1) + " alice\n")},
			{
				Principal: "alice", Path: "keys/alice/old.pub", Format: schema.SSHKey, Data: []byte(sshKey(2) + "\n"),
				ValidFrom: day, ValidUntil: day.AddDate(0, 6, 0), Usages: []schema.KeyUsage{schema.UsageCommit},
				Revoked: &schema.Revocation{Reason: "compromised", At: day, DistrustAfterEntry: 55},
			},
			{Principal: "robot", Path: "keys/robot/bot.pub", Format: schema.SSHKey, Data: []byte(sshKey(3) + "\n")},
		},
		ForgeKeys: []schema.Key{{Path: "forge/web-commits.pub", Format: schema.SSHKey, Data: []byte(sshKey(8) + " gitlab\n")}},
	}
}

func TestTrustRoundTrip(t *testing.T) {
	want := trust()
	files := want.Files()
	signed := maps.Clone(files)
	signed[schema.SignatureFile("alice", schema.SSHKey)] = []byte("signatures are not part of what they sign")
	got, ds := schema.LoadTrust(signed)
	if err := ds.Err(); err != nil {
		t.Fatalf("LoadTrust: %v\n%s\n%s", err, files["root.yaml"], files["principals.yaml"])
	}
	if got.RootDigest != schema.DigestOf(files["root.yaml"]) {
		t.Errorf("root digest: got %s", got.RootDigest)
	}
	want.Root.Files, want.RootDigest = got.Root.Files, got.RootDigest
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if again := got.Files(); !maps.EqualFunc(again, files, bytes.Equal) {
		t.Error("writing what was read gives other bytes")
	}
}

func TestTrustRefuses(t *testing.T) {
	rows := []struct {
		name string
		code schema.Code
		edit func(*schema.Trust)
		file func(map[string][]byte)
	}{
		{name: "a root that is nobody", code: "unknown-principal", edit: func(t *schema.Trust) { t.Root.Roots = []string{"eve"}; t.Root.Threshold = 1 }},
		{name: "more signatures than roots", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Threshold = 2 }},
		{name: "more admins asked for than there are", code: "trust-admins", edit: func(t *schema.Trust) { t.Root.Admin = 2 }},
		{name: "a key under two people", code: "ambiguous-key", edit: func(t *schema.Trust) { t.Keys[2].Data = t.Keys[0].Data }},
		{name: "the log key as somebody's", code: "ambiguous-key", edit: func(t *schema.Trust) { t.Keys[2].Data = []byte(sshKey(9) + " other comment\n") }},
		{name: "a person's key as the forge's", code: "ambiguous-key", edit: func(t *schema.Trust) { t.ForgeKeys[0].Data = []byte(sshKey(1) + " forge\n") }},
		{name: "the log key as the forge's", code: "ambiguous-key", edit: func(t *schema.Trust) { t.ForgeKeys[0].Data = []byte(sshKey(9) + "\n") }},
		{name: "a key of the forge twice", code: "ambiguous-key", edit: func(t *schema.Trust) {
			t.ForgeKeys = append(t.ForgeKeys, schema.Key{Path: "forge/again.pub", Format: schema.SSHKey, Data: []byte(sshKey(8) + "\n")})
		}},
		{name: "a key of the forge that is none", code: "trust-key", edit: func(t *schema.Trust) { t.ForgeKeys[0].Data = []byte("hello\n") }},
		{name: "limits beside a key of the forge", code: "trust-stray-file", file: func(f map[string][]byte) { f["forge/web-commits.yaml"] = []byte("usages: [commit]") }},
		{name: "a proof beside a key of the forge", code: "trust-stray-file", file: func(f map[string][]byte) { f["forge/web-commits.proof"] = nil }},
		{name: "a key of the forge below a directory", code: "trust-stray-file", file: func(f map[string][]byte) { f["forge/gitlab/web.pub"] = []byte(sshKey(5)) }},
		{name: "a key of the forge added after the roots signed", code: "trust-files", file: func(f map[string][]byte) { f["forge/more.pub"] = []byte(sshKey(5)) }},
		{name: "an account of two people", code: "duplicate-account", edit: func(t *schema.Trust) { t.Principals[1].Forge = t.Principals[0].Forge }},
		{name: "an address of two people", code: "duplicate-account", edit: func(t *schema.Trust) { t.Principals[1].Emails = []string{"ALICE@example.com"} }},
		{name: "a second version without prev", code: "trust-sequence", edit: func(t *schema.Trust) { t.Root.Prev = "" }},
		{name: "a robot that may also author", code: "trust-bot", edit: func(t *schema.Trust) {
			t.Principals[3].Roles = append(t.Principals[3].Roles, schema.Role{Name: schema.RoleAuthor})
		}},
		{name: "a role root outside root.yaml", code: "trust-roots", edit: func(t *schema.Trust) { t.Principals[1].Roles = []schema.Role{{Name: schema.RoleRoot}} }},
		{name: "a root without a key", code: "trust-roots", edit: func(t *schema.Trust) { t.Keys = t.Keys[2:] }},
		{name: "an unknown role", code: "unknown-role", edit: func(t *schema.Trust) { t.Principals[1].Roles = []schema.Role{{Name: "approve", Stage: "gray"}} }},
		{name: "an approver of no stage", code: "unknown-role", edit: func(t *schema.Trust) { t.Principals[1].Roles = []schema.Role{{Name: schema.RoleApprover}} }},
		{name: "a file changed after the roots signed", code: "trust-files", file: func(f map[string][]byte) { f["principals.yaml"] = append(f["principals.yaml"], '\n') }},
		{name: "a key of nobody", code: "unknown-principal", edit: func(t *schema.Trust) {
			t.Keys = append(t.Keys, schema.Key{Principal: "eve", Path: "keys/eve/k.pub", Format: schema.SSHKey, Data: []byte(sshKey(7) + "\n")})
		}},
		{name: "a private key", code: "trust-key", file: func(f map[string][]byte) { f["keys/bob/id.pub"] = []byte("-----BEGIN OPENSSH PRIVATE KEY-----\n") }},
		{name: "a key whose type is not its line's", code: "trust-key", file: func(f map[string][]byte) {
			f["keys/bob/id.pub"] = []byte(strings.Replace(sshKey(5), "ed25519", "rsa", 1))
		}},
		{name: "a file that nobody reads", code: "trust-stray-file", file: func(f map[string][]byte) { f["keys/bob.pub"] = []byte(sshKey(5)) }},
		{name: "a sidecar without its key", code: "trust-stray-file", file: func(f map[string][]byte) { f["keys/bob/id.yaml"] = []byte("usages: [commit]") }},
		{name: "a signature that is nobody's", code: "trust-stray-file", file: func(f map[string][]byte) { f["root.sig/Alice.sig"] = nil }},
		{name: "a signature of no format", code: "trust-stray-file", file: func(f map[string][]byte) { f["root.sig/alice.txt"] = nil }},
		{name: "a key under a name that is none", code: "trust-stray-file", file: func(f map[string][]byte) { f["keys/Bob/id.pub"] = []byte(sshKey(5)) }},
		{name: "a key with a hidden name", code: "trust-stray-file", file: func(f map[string][]byte) { f["keys/bob/.pub"] = []byte(sshKey(5)) }},
		{name: "two keys in one file", code: "trust-key", file: func(f map[string][]byte) { f["keys/bob/id.pub"] = []byte(sshKey(5) + "\n" + sshKey(6) + "\n") }},
		{name: "a key with options before it", code: "trust-key", file: func(f map[string][]byte) { f["keys/bob/id.pub"] = []byte("restrict " + sshKey(5)) }},
		{name: "a key that says another type of the same length", code: "trust-key", file: func(f map[string][]byte) {
			f["keys/bob/id.pub"] = []byte(strings.Replace(sshKey(5), "ssh-ed25519", "ssh-ed25518", 1))
		}},
		{name: "a key with broken base64", code: "trust-key", file: func(f map[string][]byte) { f["keys/bob/id.pub"] = []byte("ssh-ed25519 AAAA!") }},
		{name: "a key that is too large", code: "trust-key", file: func(f map[string][]byte) { f["keys/bob/id.asc"] = make([]byte, 65<<10) }},
		{name: "an OpenPGP key that is none", code: "trust-key", file: func(f map[string][]byte) { f["keys/bob/id.asc"] = []byte("hello") }},
		{name: "a key that ends before it begins", code: "bad-value", file: func(f map[string][]byte) {
			f["keys/alice/laptop.yaml"] = []byte("valid_from: 2026-01-02T00:00:00Z\nvalid_until: 2026-01-01T00:00:00Z\n")
		}},
		{name: "a usage of nobody", code: "bad-value", file: func(f map[string][]byte) { f["keys/alice/laptop.yaml"] = []byte("usages: [comit]") }},
		{name: "no usage", code: "bad-value", file: func(f map[string][]byte) { f["keys/alice/laptop.yaml"] = []byte("usages: []") }},
		{name: "distrust without compromise", code: "bad-value", file: func(f map[string][]byte) {
			f["keys/alice/laptop.yaml"] = []byte("revoked: {reason: retired, at: 2026-01-01T00:00:00Z, distrust_after_entry: 3}")
		}},
		{name: "a revocation without its time", code: "missing-field", file: func(f map[string][]byte) { f["keys/alice/laptop.yaml"] = []byte("revoked: {reason: retired}") }},
		{name: "a date without its time", code: "bad-value", file: func(f map[string][]byte) { f["keys/alice/laptop.yaml"] = []byte("valid_from: 2026-01-01") }},
		{name: "a time that is a number", code: "wrong-type", file: func(f map[string][]byte) { f["keys/alice/laptop.yaml"] = []byte("valid_from: 2026") }},
		{name: "a log key of another kind", code: "bad-value", edit: func(t *schema.Trust) { t.Root.LogKeys = []string{"ssh-rsa AAAAB3NzaC1yc2E="} }},
		{name: "a log key twice", code: "bad-value", edit: func(t *schema.Trust) { t.Root.LogKeys = append(t.Root.LogKeys, sshKey(9)+" twin") }},
		{name: "a log key that is the robot's", code: "ambiguous-key", edit: func(t *schema.Trust) { t.Root.LogKeys = []string{sshKey(3)} }},
		{name: "a quorum of more witnesses than there are", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Witnesses.Quorum = 3 }},
		{name: "a quorum of nobody", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Witnesses.Quorum = 0 }},
		{name: "a witness twice", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Witnesses.Keys[1] = witness("w.example/1", 6).String() }},
		{name: "a witness under two names", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Witnesses.Keys[1] = witness("w.example/2", 5).String() }},
		{name: "a witness with the log key", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Witnesses.Keys[1] = witness("w.example/2", 9).String() }},
		{name: "a witness key that is none", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Witnesses.Keys[1] = "w.example/2+00000000+AAAA" }},
		{name: "no log key", code: "missing-field", edit: func(t *schema.Trust) { t.Root.LogKeys = nil }},
		{name: "a root twice", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Roots = []string{"alice", "alice"} }},
		{name: "an end before the beginning", code: "bad-value", edit: func(t *schema.Trust) { t.Root.ExpiresAt = t.Root.CreatedAt }},
		{name: "a project id with capitals", code: "bad-value", edit: func(t *schema.Trust) { t.Root.Project = "ABCDEFGH" }},
		{name: "an admin of some apps", code: "bad-value", edit: func(t *schema.Trust) { t.Principals[0].Roles[1].Apps = schema.Patterns{"a"} }},
		{name: "a stage for a role without", code: "unknown-role", edit: func(t *schema.Trust) { t.Principals[0].Roles[2].Stage = "gray" }},
		{name: "a host that is a URL", code: "bad-value", edit: func(t *schema.Trust) { t.Principals[0].Forge[0].Host = "https://x" }},
		{name: "an account without a number", code: "bad-value", edit: func(t *schema.Trust) { t.Principals[0].Forge[0].UserID = 0 }},
		{name: "an address that is none", code: "bad-value", edit: func(t *schema.Trust) { t.Principals[0].Emails = []string{"alice"} }},
		{name: "no root.yaml", code: "trust-file-missing", file: func(f map[string][]byte) { delete(f, "root.yaml") }},
	}
	for _, row := range rows {
		tr := trust()
		if row.edit != nil {
			row.edit(&tr)
		}
		files := tr.Files()
		if row.file != nil {
			row.file(files)
		}
		got, ds := schema.LoadTrust(files)
		if !slices.ContainsFunc(ds, func(d schema.Diagnostic) bool { return d.Code == row.code }) {
			t.Errorf("%s: got %v, want %s", row.name, ds.Err(), row.code)
		}
		if len(got.Keys)+len(got.Principals) > 0 {
			t.Errorf("%s: findings, and yet a trust", row.name)
		}
	}
}
