package schema_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

const someSignature = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"

func keyProof() schema.KeyProof {
	return schema.KeyProof{Project: "3f2a9c1e", Principal: "alice", Key: schema.DigestOf([]byte(sshKey(1) + " alice\n")), Version: 2, Signature: []byte(someSignature)}
}

func TestTrustKeepsProofsBesideTheirKeys(t *testing.T) {
	tr := trust()
	proof := keyProof()
	tr.Keys[0].Proof = &proof
	files := tr.Files()
	if got, want := string(files["keys/alice/laptop.proof"]), string(proof.Encode()); got != want {
		t.Errorf("file: got %q, want %q", got, want)
	}
	got, found := schema.LoadTrust(files)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Keys[0].Proof, &proof) || got.Keys[1].Proof != nil {
		t.Errorf("got %+v and %+v, want the proof beside the first key alone", got.Keys[0].Proof, got.Keys[1].Proof)
	}
	plain, _ := schema.TrustFilesDigest(trust().Files())
	if got.Root.Files == plain {
		t.Error("the digest that the roots sign does not cover the proof")
	}
}

func TestProofsThatAreRefused(t *testing.T) {
	good := string(keyProof().Encode())
	for _, row := range []struct {
		sentence, file, data string
		code                 schema.Code
	}{
		{"no proof at all", "keys/alice/laptop.proof", "", "trust-proof"},
		{"a statement without a signature", "keys/alice/laptop.proof", string(keyProof().Statement()), "trust-proof"},
		{"another first line", "keys/alice/laptop.proof", strings.Replace(good, "sluice-key v1", "sluice-key v2", 1), "trust-proof"},
		{"a line too many", "keys/alice/laptop.proof", strings.Replace(good, "version: 2\n", "version: 2\nmore: 1\n", 1), "trust-proof"},
		{"a version in another form", "keys/alice/laptop.proof", strings.Replace(good, "version: 2", "version: 02", 1), "trust-proof"},
		{"version 0", "keys/alice/laptop.proof", strings.Replace(good, "version: 2", "version: 0", 1), "trust-proof"},
		{"a person that is none", "keys/alice/laptop.proof", strings.Replace(good, "principal: alice", "principal: Alice", 1), "trust-proof"},
		{"a project that is none", "keys/alice/laptop.proof", strings.Replace(good, "3f2a9c1e", "3f", 1), "trust-proof"},
		{"a key that is no digest", "keys/alice/laptop.proof", strings.Replace(good, "key: sha256:", "key: sha1:", 1), "trust-proof"},
		{"fields out of order", "keys/alice/laptop.proof", strings.Replace(good, "project: 3f2a9c1e\nprincipal: alice", "principal: alice\nproject: 3f2a9c1e", 1), "trust-proof"},
		{"another name of a field", "keys/alice/laptop.proof", strings.Replace(good, "principal:", "person:", 1), "trust-proof"},
		{"a proof that is too large", "keys/alice/laptop.proof", good + strings.Repeat("A", 65<<10), "trust-proof"},
		{"a proof of no key", "keys/alice/desk.proof", good, "trust-stray-file"},
	} {
		files := trust().Files()
		files[row.file] = []byte(row.data)
		_, found := schema.LoadTrust(files)
		if !slices.ContainsFunc(found, func(d schema.Diagnostic) bool { return d.Code == row.code }) {
			t.Errorf("%s: got %v, want %s", row.sentence, found.Err(), row.code)
		}
	}
	files := trust().Files()
	files["keys/alice/laptop.proof"], files["keys/alice/laptop.asc"] = []byte(good), []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
	if _, found := schema.LoadTrust(files); !slices.ContainsFunc(found, func(d schema.Diagnostic) bool { return d.Code == "trust-proof" }) {
		t.Errorf("a proof beside two keys of one name: got %v", found.Err())
	}
}

// TestANewProjectCarriesTheProofOfItsRobot: whoever makes the bot's key can make its proof.
func TestANewProjectCarriesTheProofOfItsRobot(t *testing.T) {
	o := options()
	proof := schema.KeyProof{Project: o.ProjectID, Principal: schema.BotID, Key: schema.DigestOf(o.BotKey.Data), Version: 1, Signature: []byte(someSignature)}
	o.BotKey.Proof = &proof
	files, err := schema.NewProject(o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(files[".sluice/trust/keys/sluice-bot/bot.proof"]), string(proof.Encode()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, k := range trustOf(t, files).Keys {
		if (k.Proof != nil) != (k.Principal == schema.BotID) {
			t.Errorf("key %s: proof %+v", k.Path, k.Proof)
		}
	}
}

func FuzzParseKeyProof(f *testing.F) {
	f.Add(keyProof().Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := schema.ParseKeyProof(data)
		if err == nil && string(p.Encode()) != string(data) {
			t.Errorf("got %q, want %q", p.Encode(), data)
		}
	})
}
