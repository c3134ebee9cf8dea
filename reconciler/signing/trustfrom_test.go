package signing_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// verdict judges a commit vector under what TrustFrom read.
func verdict(t testing.TB, trust schema.Trust, raw []byte, at time.Time) schema.CommitVerdict {
	t.Helper()
	ring, _ := signing.NewKeyring(trust)
	return ring.Commit(idOf(raw), raw, signing.Acceptance{At: at})
}

func TestTrustFromAllowedSigners(t *testing.T) {
	ann, bob, eve := newSigner(t), newSigner(t), newSigner(t)
	second, git, shared, renewed := newSigner(t), newSigner(t), newSigner(t), newSigner(t)
	file := write(t, "allowed_signers", []byte(strings.Join([]string{
		"# who may sign",
		"ann@example.com,ann@home.example " + ann.PublicKey(),
		"ann@example.com,ann@home.example " + ann.PublicKey() + " said twice",
		`bob@example.com valid-before="20260114Z" ` + bob.PublicKey(),
		`eve@example.com namespaces="file" ` + eve.PublicKey(),
		"*@example.com cert-authority " + eve.PublicKey(),
		"ann@example.com " + second.PublicKey(),
		`git@example.com namespaces="file,git" ` + git.PublicKey(),
		"one@example.com " + shared.PublicKey(),
		"two@example.com " + shared.PublicKey(),
		`new@example.com valid-after="20200101Z" ` + renewed.PublicKey(),
		`new@example.com valid-after="20210101Z" ` + renewed.PublicKey(),
	}, "\n")))
	trust, err := signing.TrustFrom(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		sentence string
		signer   *signing.SSHSigner
		code     schema.Code
		who      string
	}{
		{"ann", ann, "ok", "ann@example.com"},
		{"bob, whose key ran out the day before", bob, "key-expired", "bob@example.com"},
		{"eve, who may sign files", eve, "unknown-key", ""},
		{"ann with another key", second, "ok", "ann@example.com"},
		{"somebody who may sign files and commits", git, "ok", "git@example.com"},
		{"one of two who share a key", shared, "ambiguous-key", ""},
		{"a key with two windows", renewed, "ambiguous-key", ""},
	} {
		v := verdict(t, trust, signedCommit(t, row.signer, rawCommit(noon, "x")), noon)
		if v.Code != row.code || v.Principal != row.who {
			t.Errorf("%s: got %s by %q, want %s by %q", row.sentence, v.Code, v.Principal, row.code, row.who)
		}
	}
	names := map[string]int{}
	for _, p := range trust.Principals {
		names[p.ID]++
	}
	if names["ann@example.com"] != 1 || names["bob@example.com"] != 1 || names["eve@example.com"] != 0 {
		t.Errorf("principals: got %v, want each of them once", names)
	}
}

func TestPeopleOfARingAreNamedByTheirUserIDs(t *testing.T) {
	m := newPGP(t)
	for name, identity := range m.Identities {
		delete(m.Identities, name)
		identity.Name, identity.UserId.Id, identity.UserId.Name, identity.UserId.Email = "Ann of the ring", "Ann of the ring", "Ann of the ring", ""
		m.Identities[identity.Name] = identity
	}
	m.says(m.about(0x13, noon.Add(-30*day), nil))
	trust, err := signing.TrustFrom(write(t, "ring.asc", m.key("x").Data))
	if err != nil || len(trust.Principals) != 1 || trust.Principals[0].ID != "Ann of the ring" {
		t.Errorf("got %+v, %v", trust.Principals, err)
	}
}

func TestTrustFromAnOpenPGPRing(t *testing.T) {
	one, two := newPGP(t), newPGP(t)
	for name, identity := range two.Identities {
		delete(two.Identities, name)
		identity.Name, identity.UserId.Id, identity.UserId.Name, identity.UserId.Email = "Bob\x1b[31m <bob@example.com>", "Bob\x1b[31m <bob@example.com>", "Bob\x1b[31m", "bob@example.com"
		two.Identities[identity.Name] = identity
	}
	two.says(two.about(0x13, noon.Add(-30*day), nil))
	block := one.armored("PGP PUBLIC KEY BLOCK", one.Serialize, two.Serialize)
	blocks := append(one.key("x").Data, append([]byte("\n\n"), two.key("y").Data...)...)
	for name, data := range map[string][]byte{"one block": block, "two blocks": blocks} {
		trust, err := signing.TrustFrom(write(t, "ring.asc", data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for who, m := range map[string]pgpMaker{"ann@example.com": one, "bob@example.com": two} {
			if v := verdict(t, trust, m.commit(m.PrivateKey, nil), noon); v.Code != "ok" || v.Principal != who {
				t.Errorf("%s, %s: got %s by %q: %s", name, who, v.Code, v.Principal, v.Detail)
			}
		}
	}
	// Keys that gpg exported, as git users have them.
	var ring []byte
	for _, name := range []string{"frank-gpg.asc", "grace-gpg.asc", "heidi-gpg.asc"} {
		ring = append(ring, testdata(t, "keys", name)...)
	}
	trust, err := signing.TrustFrom(write(t, "ring.asc", ring))
	if err != nil || len(trust.Keys) != 3 {
		t.Fatalf("got %d keys, %v", len(trust.Keys), err)
	}
	for name, at := range map[string]time.Time{
		"frank-gpg-ed25519": noon.Add(time.Minute), "heidi-gpg-rsa3072": noon.Add(time.Minute),
		"grace-gpg-subkey": time.Date(2025, 12, 22, 12, 0, 0, 0, time.UTC),
	} {
		if v := verdict(t, trust, testdata(t, "commits", name), at); v.Code != "ok" {
			t.Errorf("%s: got %s: %s", name, v.Code, v.Detail)
		}
	}
}

func TestTrustFromADirectory(t *testing.T) {
	c := newCouncil(t)
	checkout := t.TempDir()
	for path, data := range c.trust.Files() {
		file := filepath.Join(checkout, ".sluice/trust", path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{checkout, filepath.Join(checkout, ".sluice/trust")} {
		trust, err := signing.TrustFrom(dir)
		if err != nil || trust.RootDigest != c.trust.RootDigest {
			t.Errorf("%s: got %s, %v", dir, trust.RootDigest, err)
		}
	}
	if err := os.Remove(filepath.Join(checkout, ".sluice/trust/principals.yaml")); err != nil {
		t.Fatal(err)
	}
	if trust, err := signing.TrustFrom(checkout); err == nil {
		t.Errorf("without principals.yaml: got %+v", trust)
	}
}

func TestTrustFromRefuses(t *testing.T) {
	private, _, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	ring := newPGP(t).key("x").Data
	for name, data := range map[string][]byte{
		"an empty file":                  nil,
		"comments alone":                 []byte("# nobody\n"),
		"a private key":                  private,
		"a binary key ring":              {0x99, 0x01, 0x0d, 0x04, 0x00},
		"a line that is none":            []byte("ann@example.com what is this\n"),
		"a ring that is cut off":         ring[:len(ring)/2],
		"an armored message":             []byte("-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n"),
		"an unknown option before a key": []byte("ann@example.com no-such-thing " + newSigner(t).PublicKey() + "\n"),
		"keys for files alone":           []byte(`ann@example.com namespaces="file" ` + newSigner(t).PublicKey() + "\n"),
	} {
		trust, err := signing.TrustFrom(write(t, "keys", data))
		if err == nil {
			t.Errorf("%s: got %+v", name, trust)
		}
	}
	large := write(t, "keys", nil)
	if err := os.Truncate(large, 17<<20); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{large: "larger than", write(t, "id", private): "private key", write(t, "ring", []byte{0}): "gpg --armor"} {
		if _, err := signing.TrustFrom(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
	if _, err := signing.TrustFrom(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
	if _, err := signing.TrustFrom(t.TempDir()); err == nil {
		t.Error("an empty directory was taken for a trust directory")
	}
}

func TestNamesFromFilesAreSafeToPrint(t *testing.T) {
	trust, err := signing.TrustFrom(write(t, "allowed_signers", []byte("ann\x1b[31m\u202e@example.com "+newSigner(t).PublicKey()+"\n")))
	if err != nil {
		t.Fatal(err)
	}
	if id := trust.Principals[0].ID; strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) || !slices.ContainsFunc(trust.Keys, func(k schema.Key) bool { return k.Principal == id }) {
		t.Errorf("got %q", id)
	}
}

func FuzzTrustFrom(f *testing.F) {
	f.Add([]byte("ann@example.com " + newSigner(f).PublicKey() + "\n"))
	f.Add(testdata(f, "keys", "frank-gpg.asc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		trust, err := signing.TrustFrom(write(t, "keys", data))
		if err != nil {
			return
		}
		signing.NewKeyring(trust)
		for _, p := range trust.Principals {
			if schema.Printable(p.ID) != p.ID || p.ID == "" {
				t.Errorf("principal %q", p.ID)
			}
		}
	})
}
