package signing_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// vector is a commit made by git itself, and what the keyring says of it.
type vector struct {
	Name      string      `json:"name"`
	ID        schema.Hash `json:"id"`
	At        time.Time   `json:"at"`
	Code      schema.Code `json:"code"`
	Principal string      `json:"principal,omitempty"`
	Algorithm string      `json:"alg,omitempty"`
	Key       string      `json:"key,omitempty"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	var all []vector
	if err := json.Unmarshal(testdata(t, "vectors.json"), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no vectors")
	}
	return all
}

// TestVectors judges commits that the real git, ssh-keygen and gpg made. It needs none of them; -update makes them again.
func TestVectors(t *testing.T) {
	if *update {
		makeVectors(t)
	}
	ring := vectorRing(t)
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			raw := testdata(t, "commits", v.Name)
			got := ring.Commit(v.ID, raw, signing.Acceptance{At: v.At})
			if got.Code != v.Code || got.Principal != v.Principal || got.Algorithm != v.Algorithm || got.Key != v.Key {
				t.Errorf("got %s by %q with %s %s (%s)\nwant %s by %q with %s %s",
					got.Code, got.Principal, got.Algorithm, got.Key, got.Detail, v.Code, v.Principal, v.Algorithm, v.Key)
			}
			if v.Code == signing.CodeMalformedObject {
				return
			}
			c := mustParse(t, raw)
			if c.Signature != nil && !bytes.Equal(signing.SignedCommit(c.Payload, c.Signature), raw) {
				t.Error("putting the signature back into the payload does not give the commit")
			}
			if got.Payload != schema.DigestOf(c.Payload) {
				t.Errorf("payload %s is not the digest of the signed bytes", got.Payload)
			}
		})
	}
}

// vectorMaker writes commits, keys and what is wanted.
type vectorMaker struct {
	*workshop
	all   []vector
	files map[string][]byte // written when all is well
}

// add writes HEAD as a vector judged at the time.
func (m *vectorMaker) add(name string, at time.Time, code schema.Code, principal string) {
	m.t.Helper()
	id, raw := m.raw("HEAD")
	m.file(raw, "commits", name)
	m.all = append(m.all, vector{Name: name, ID: id, At: at, Code: code, Principal: principal})
}

func (m *vectorMaker) file(data []byte, parts ...string) {
	m.files[filepath.Join(parts...)] = data
}

func (m *vectorMaker) sshCommit(principal, kind string, code schema.Code, args ...string) string {
	m.t.Helper()
	private := m.sshKeygen(principal, kind, args...)
	public, err := os.ReadFile(private + ".pub")
	if err != nil {
		m.t.Fatal(err)
	}
	m.file(public, "keys", principal+"-ssh.pub")
	m.useSSH(private)
	m.commit("signed with " + kind)
	who := principal
	if code != signing.CodeOK {
		who = ""
	}
	m.add(principal+"-ssh-"+kind, judged().At, code, who)
	return private
}

func (m *vectorMaker) gpgCommit(principal, algorithm string, code schema.Code) string {
	m.t.Helper()
	key := m.gpgKey(noon.AddDate(0, -1, 0), principal+" <"+principal+"@example.com>", algorithm, "sign", "never")
	m.file(m.export(key), "keys", principal+"-gpg.asc")
	m.git("config", "user.signingkey", key)
	m.fakeGPG(real.Binary(m.t, "gpg"), noon)
	m.commit("signed with " + algorithm)
	who := principal
	if code != signing.CodeOK {
		who = ""
	}
	m.add(principal+"-gpg-"+algorithm, judged().At, code, who)
	return key
}

func makeVectors(t *testing.T) {
	m := &vectorMaker{workshop: newWorkshop(t), files: map[string][]byte{}}
	m.git("commit", "-q", "--allow-empty", "-m", "nobody signed this")
	m.add("unsigned", judged().At, signing.CodeUnsigned, "")
	m.sshVectors()
	m.gpgVectors()
	m.shapeVectors()
	m.finish()
}

func (m *vectorMaker) sshVectors() {
	m.sshCommit("alice", "ed25519", signing.CodeOK)
	m.sshCommit("bob", "rsa", signing.CodeOK, "-b", "3072")
	m.sshCommit("carol", "ecdsa", signing.CodeOK, "-b", "256")
	m.sshCommit("dave", "ecdsa", signing.CodeOK, "-b", "384")
	m.sshCommit("erin", "ecdsa", signing.CodeOK, "-b", "521")
	m.sshCommit("mallory", "ed25519", signing.CodeUnknownKey)
	m.sshCommit("wendy", "rsa", signing.CodeWeakAlgorithm, "-b", "1024")

	ca, private := m.sshKeygen("ca", "ed25519"), m.sshKeygen("trent", "ed25519")
	m.run("ssh-keygen", "-q", "-s", ca, "-I", "trent", "-n", "trent", private+".pub")
	public, err := os.ReadFile(private + ".pub")
	if err != nil {
		m.t.Fatal(err)
	}
	m.file(public, "keys", "trent-ssh.pub")
	m.useSSH(private + "-cert.pub")
	m.commit("signed with a certificate")
	m.add("trent-ssh-certificate", judged().At, signing.CodeUnsupportedKeyType, "")
}

func (m *vectorMaker) gpgVectors() {
	m.startGPG()
	m.gpgCommit("frank", "ed25519", signing.CodeOK)
	rsa := m.gpgCommit("heidi", "rsa3072", signing.CodeOK)
	m.fakeGPG(real.Binary(m.t, "gpg"), noon, "--digest-algo", "SHA1")
	m.commit("signed over SHA-1")
	m.add("heidi-gpg-sha1", judged().At, signing.CodeWeakAlgorithm, "")
	m.fakeGPG(real.Binary(m.t, "gpg"), noon, "--comment", "malleable")
	m.commit("armor with a comment")
	m.add("heidi-gpg-armor-comment", judged().At, signing.CodeMalformedObject, "")
	m.fakeGPG(real.Binary(m.t, "gpg"), noon.Add(time.Hour))
	m.commit("signed an hour ahead")
	m.add("heidi-gpg-in-future", judged().At, signing.CodeSignatureInFuture, "heidi")
	m.git("config", "user.signingkey", rsa)
	m.gpgCommit("ivan", "nistp256", signing.CodeOK)
	m.gpgCommit("judy", "brainpoolP256r1", signing.CodeOK)
	m.gpgCommit("mallory", "ed25519", signing.CodeUnknownKey)
	m.gpgCommit("walter", "rsa1024", signing.CodeWeakAlgorithm)
	m.gpgCommit("victor", "dsa2048", signing.CodeWeakAlgorithm)

	primary := m.gpgKey(noon.AddDate(0, -1, 0), "grace <grace@example.com>", "rsa3072", "cert", "never")
	m.run(m.gpgs, "--quiet", "--quick-add-key", primary, "ed25519", "sign", "10d")
	m.fakeGPG(real.Binary(m.t, "gpg"), noon.AddDate(0, 0, -25))
	m.file(m.export(primary), "keys", "grace-gpg.asc")
	m.git("config", "user.signingkey", primary)
	m.commit("signed with a subkey while it lived")
	m.add("grace-gpg-subkey", noon.AddDate(0, 0, -24), signing.CodeOK, "grace")
	m.add("grace-gpg-subkey-expired", judged().At, signing.CodeKeyExpiredOpenPGP, "grace")

	expiring := m.gpgKey(noon.AddDate(0, 0, -10), "oscar <oscar@example.com>", "ed25519", "sign", "5d")
	m.file(m.export(expiring), "keys", "oscar-gpg.asc")
	m.fakeGPG(real.Binary(m.t, "gpg"), noon.AddDate(0, 0, -6))
	m.git("config", "user.signingkey", expiring)
	m.commit("signed before the key expired")
	m.add("oscar-gpg-key-expired", judged().At, signing.CodeKeyExpiredOpenPGP, "oscar")

	revoked := m.gpgCommit("peggy", "ed25519", signing.CodeKeyRevoked)
	m.all[len(m.all)-1].Principal = "peggy"
	m.revoke(revoked)
	m.file(m.export(revoked), "keys", "peggy-gpg.asc")
}

// shapeVectors are the rarer headers that git writes.
func (m *vectorMaker) shapeVectors() {
	m.useSSH(m.sshKeygenAs("alice2", "alice"))
	m.git("checkout", "-q", "-b", "side")
	m.commit("on the side")
	m.git("tag", "-s", "-m", "a signed tag", "v1")
	m.git("checkout", "-q", "main")
	m.git("merge", "-q", "--no-ff", "-S", "-m", "merge a signed tag", "v1")
	m.add("alice-merge-of-signed-tag", judged().At, signing.CodeOK, "alice")

	m.git("config", "i18n.commitEncoding", "ISO-8859-1")
	m.env = append(m.env, "GIT_AUTHOR_NAME=Andr\xe9")
	m.commit("caf\xe9\n\nCo-authored-by: Bob <bob@example.com>")
	m.add("alice-latin-1", judged().At, signing.CodeOK, "alice")
	m.git("config", "--unset", "i18n.commitEncoding")

	m.env = append(m.env, "GIT_AUTHOR_NAME=Ann")
	m.git("commit", "-q", "-S", "--allow-empty", "--allow-empty-message", "-m", "")
	m.add("alice-no-message", judged().At, signing.CodeOK, "alice")

	m.git("config", "gpg.format", "x509")
	script := filepath.Join(m.t.TempDir(), "smime")
	text := "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\nprintf -- '-----BEGIN SIGNED MESSAGE-----\\nMIID\\n-----END SIGNED MESSAGE-----\\n'\n"
	writeProgram(m.t, script, text)
	m.git("config", "gpg.x509.program", script)
	m.commit("signed with X.509")
	m.add("x509", judged().At, signing.CodeX509Unsupported, "")
}

// sshKeygenAs makes a key and writes it as one of the principal's.
func (m *vectorMaker) sshKeygenAs(name, principal string) string {
	private := m.sshKeygen(name, "ed25519")
	public, err := os.ReadFile(private + ".pub")
	if err != nil {
		m.t.Fatal(err)
	}
	m.file(public, "keys", principal+"-"+name+".pub")
	return private
}

// finish writes all, with algorithm and fingerprint as the verdicts have them: read them before they are committed.
func (m *vectorMaker) finish() {
	for _, dir := range []string{"testdata/keys", "testdata/commits"} {
		if err := os.RemoveAll(dir); err != nil {
			m.t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			m.t.Fatal(err)
		}
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join("testdata", name), data, 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
	for name, data := range m.files {
		write(name, data)
	}
	ring := vectorRing(m.t)
	for i, v := range m.all {
		got := ring.Commit(v.ID, testdata(m.t, "commits", v.Name), signing.Acceptance{At: v.At})
		m.all[i].Algorithm, m.all[i].Key = got.Algorithm, got.Key
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m.all); err != nil {
		m.t.Fatal(err)
	}
	write("vectors.json", []byte(out.String()))
}
