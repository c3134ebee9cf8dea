package signing_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "make the vectors in testdata again, with git, ssh-keygen and gpg")

// gitProgramEnv makes the test binary stand in for gpg.ssh.program.
const gitProgramEnv = "SIGNING_TEST_AS_GIT_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(gitProgramEnv) != "" {
		os.Exit(signing.GitSSHProgram(os.Args[1:], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// noon is when the commits of these tests are made; they are judged ten minutes later.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func judged() signing.Acceptance { return signing.Acceptance{At: noon.Add(10 * time.Minute)} }

// rawCommit is an unsigned commit made at the time.
func rawCommit(at time.Time, message string) []byte {
	return fmt.Appendf(nil, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"+
		"parent 1111111111111111111111111111111111111111\n"+
		"author Ann <ann@example.com> %d +0100\n"+
		"committer Ann <ann@example.com> %d +0100\n\n%s\n", at.Unix(), at.Unix(), message)
}

func idOf(raw []byte) schema.Hash { return schema.ObjectID(schema.CommitObject, raw) }

func newSigner(t testing.TB) *signing.SSHSigner {
	t.Helper()
	private, _, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signing.NewSSHSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func signedCommit(t testing.TB, signer *signing.SSHSigner, raw []byte) []byte {
	t.Helper()
	signed, err := signer.SignCommit(raw)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// sshKey is a key of the trust for a signer.
func sshKey(principal string, signer *signing.SSHSigner) schema.Key {
	return schema.Key{
		Principal: principal, Path: "keys/" + principal + "/laptop.pub",
		Format: schema.SSHKey, Data: []byte(signer.PublicKey() + " " + principal + "@laptop\n"),
	}
}

func ringOf(t testing.TB, keys ...schema.Key) *signing.Keyring {
	t.Helper()
	ring, problems := signing.NewKeyring(schema.Trust{Keys: keys})
	for _, p := range problems {
		t.Errorf("keyring: %v", p)
	}
	return ring
}

func testdata(t testing.TB, parts ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// vectorKeys are the public keys in testdata/keys, as keys of the trust. A file is named after its principal.
func vectorKeys(t testing.TB) []schema.Key {
	t.Helper()
	files, err := os.ReadDir("testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	var keys []schema.Key
	for _, f := range files {
		principal, rest, _ := strings.Cut(f.Name(), "-")
		if principal == "mallory" {
			continue // her keys stand in nobody's entry
		}
		format := schema.SSHKey
		if strings.HasSuffix(rest, ".asc") {
			format = schema.OpenPGPKey
		}
		keys = append(keys, schema.Key{Principal: principal, Path: "keys/" + f.Name(), Format: format, Data: testdata(t, "keys", f.Name())})
	}
	return keys
}

// vectorRing is the ring of vectorKeys. Those that are too weak are disabled, as the ring's own tests say.
func vectorRing(t testing.TB) *signing.Keyring {
	t.Helper()
	ring, _ := signing.NewKeyring(schema.Trust{Keys: vectorKeys(t)})
	return ring
}
