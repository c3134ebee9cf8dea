package signing_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func TestKeyringNamesBadKeys(t *testing.T) {
	good := newSigner(t)
	line := good.PublicKey()
	frank := string(testdata(t, "keys", "frank-gpg.asc"))
	cert := strings.Replace(line, "ssh-ed25519 ", ssh.CertAlgoED25519v01+" ", 1)
	for _, row := range []struct {
		name   string
		format schema.KeyFormat
		data   string
		want   schema.Code
	}{
		{"an empty file", schema.SSHKey, "", signing.CodeMalformedObject},
		{"words", schema.SSHKey, "trust me\n", signing.CodeUnsupportedKeyType},
		{"two keys in a file", schema.SSHKey, line + "\n" + line + "\n", signing.CodeMalformedObject},
		{"options before the key", schema.SSHKey, "no-touch-required " + line, signing.CodeUnsupportedKeyType},
		{"a certificate authority", schema.SSHKey, "cert-authority " + line, signing.CodeUnsupportedKeyType},
		{"a certificate", schema.SSHKey, cert, signing.CodeUnsupportedKeyType},
		{"a key of another type than it says", schema.SSHKey, strings.Replace(line, "ssh-ed25519 ", "ssh-rsa ", 1), signing.CodeMalformedObject},
		{"a key cut short", schema.SSHKey, line[:len(line)-8], signing.CodeMalformedObject},
		{"RSA with 1024 bits", schema.SSHKey, string(testdata(t, "keys", "wendy-ssh.pub")), signing.CodeWeakAlgorithm},
		{"a DSA key", schema.SSHKey, "ssh-dss AAAAB3NzaC1kc3M=", signing.CodeWeakAlgorithm},
		{"an SSH key said to be OpenPGP", schema.OpenPGPKey, line, signing.CodeMalformedObject},
		{"an OpenPGP key said to be SSH", schema.SSHKey, frank, signing.CodeMalformedObject},
		{"an OpenPGP key cut short", schema.OpenPGPKey, frank[:len(frank)/2], signing.CodeMalformedObject},
		{"two OpenPGP keys in a file", schema.OpenPGPKey, frank + string(testdata(t, "keys", "heidi-gpg.asc")), signing.CodeMalformedObject},
		{"an OpenPGP signature", schema.OpenPGPKey, "-----BEGIN PGP SIGNATURE-----\n\niHUE\n=AAAA\n-----END PGP SIGNATURE-----\n", signing.CodeMalformedObject},
		{"OpenPGP RSA with 1024 bits", schema.OpenPGPKey, string(testdata(t, "keys", "walter-gpg.asc")), signing.CodeWeakAlgorithm},
		{"OpenPGP DSA", schema.OpenPGPKey, string(testdata(t, "keys", "victor-gpg.asc")), signing.CodeWeakAlgorithm},
		{"a format of its own", "minisign", line, signing.CodeUnsupportedKeyType},
	} {
		bad := schema.Key{Principal: "bob", Path: "keys/bob/bad", Format: row.format, Data: []byte(row.data)}
		ring, problems := signing.NewKeyring(schema.Trust{Keys: []schema.Key{bad, sshKey("ann", good)}})
		var problem *signing.KeyError
		if len(problems) != 1 || !errors.As(problems[0], &problem) {
			t.Errorf("%s: got %v, want one error about the key", row.name, problems)
			continue
		}
		if problem.Code != row.want || problem.Path != "keys/bob/bad" || !strings.Contains(problem.Error(), "keys/bob/bad") {
			t.Errorf("%s: got %v, want %s", row.name, problem, row.want)
		}
		raw := signedCommit(t, good, rawCommit(noon, "x"))
		if got := ring.Commit(idOf(raw), raw, judged()); got.Code != signing.CodeOK {
			t.Errorf("%s: the good key says %s, want ok", row.name, got.Code)
		}
	}
}

func TestKeyTwiceInTheTrust(t *testing.T) {
	signer, other := newSigner(t), newSigner(t)
	frank := schema.Key{Principal: "frank", Path: "keys/frank/key.asc", Format: schema.OpenPGPKey, Data: testdata(t, "keys", "frank-gpg.asc")}
	eve := frank
	eve.Principal, eve.Path = "eve", "keys/eve/key.asc"
	second := sshKey("ann", signer)
	second.Path = "keys/ann/desk.pub"
	ring, problems := signing.NewKeyring(schema.Trust{Keys: []schema.Key{
		sshKey("ann", signer), frank, sshKey("carol", other), second, sshKey("bob", signer), eve,
	}})
	if len(problems) != 3 {
		t.Errorf("got %v, want an error for each of the three that repeat a key", problems)
	}
	for _, p := range problems {
		var problem *signing.KeyError
		if !errors.As(p, &problem) || problem.Code != signing.CodeAmbiguousKey {
			t.Errorf("got %v, want ambiguous-key", p)
		}
	}
	raw := testdata(t, "commits", "frank-gpg-ed25519")
	for _, row := range []struct {
		name string
		raw  []byte
		want schema.Code
	}{
		{"the SSH key of ann and bob", signedCommit(t, signer, rawCommit(noon, "x")), signing.CodeAmbiguousKey},
		{"the OpenPGP key of frank and eve", raw, signing.CodeAmbiguousKey},
		{"carol's own key", signedCommit(t, other, rawCommit(noon, "x")), signing.CodeOK},
	} {
		got := ring.Commit(idOf(row.raw), row.raw, judged())
		if got.Code != row.want || (row.want != signing.CodeOK && got.Principal != "") {
			t.Errorf("%s: got %s by %q (%s), want %s by nobody", row.name, got.Code, got.Principal, got.Detail, row.want)
		}
	}
}

func TestKeyOfNobody(t *testing.T) {
	key := sshKey("", newSigner(t))
	if _, problems := signing.NewKeyring(schema.Trust{Keys: []schema.Key{key}}); len(problems) != 1 {
		t.Errorf("got %v, want an error", problems)
	}
}

// FuzzNewKeyring reads any bytes as a key: a ring and at most one error, which says where.
func FuzzNewKeyring(f *testing.F) {
	for _, key := range vectorKeys(f) {
		f.Add(key.Format == schema.OpenPGPKey, key.Data)
	}
	commit := testdata(f, "commits", "frank-gpg-ed25519")
	f.Fuzz(func(t *testing.T, pgp bool, data []byte) {
		key := schema.Key{Principal: "ann", Path: "keys/ann/key", Format: schema.SSHKey, Data: data}
		if pgp {
			key.Format = schema.OpenPGPKey
		}
		ring, problems := signing.NewKeyring(schema.Trust{Keys: []schema.Key{key}})
		var problem *signing.KeyError
		if len(problems) > 1 || (len(problems) == 1 && (!errors.As(problems[0], &problem) || problem.Path != key.Path || problem.Code == "")) {
			t.Fatalf("got %v", problems)
		}
		ring.Commit(idOf(commit), commit, judged())
	})
}

// TestPackageStartsNoProcess: production code asks no program about a signature.
func TestPackageStartsNoProcess(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte("\nos/exec\n")) {
		t.Error("the package reaches os/exec")
	}
	if bytes.Contains(out, []byte("\nnet/http\n")) {
		t.Error("the package reaches net/http")
	}
}
