package signing_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// forgeKey is a key of the trust that the forge signs with.
func forgeKey(line string) schema.Key {
	return schema.Key{Path: "forge/web.pub", Format: schema.SSHKey, Data: []byte(line + "\n")}
}

// TestForgeKeys: what the forge's own key signed is told from a stranger's, and is nobody's.
func TestForgeKeys(t *testing.T) {
	ann, forge, stranger := newSigner(t), newSigner(t), newSigner(t)
	frank := schema.Key{Path: "forge/instance.asc", Format: schema.OpenPGPKey, Data: testdata(t, "keys", "frank-gpg.asc")}
	ring, problems := signing.NewKeyring(schema.Trust{
		Keys: []schema.Key{sshKey("ann", ann)}, ForgeKeys: []schema.Key{forgeKey(forge.PublicKey()), frank},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	byForge := signedCommit(t, forge, rawCommit(noon, "Revert \"more\""))
	changed := []byte(string(byForge) + "and more\n")
	for _, row := range []struct {
		name string
		raw  []byte
		want schema.Code
	}{
		{"by the forge with SSH", byForge, signing.CodeForgeKeyOnly},
		{"by the forge with OpenPGP", testdata(t, "commits", "frank-gpg-ed25519"), signing.CodeForgeKeyOnly},
		{"by the forge, changed since", changed, signing.CodeBadSignature},
		{"by the forge, long ago", signedCommit(t, forge, rawCommit(noon.AddDate(-1, 0, 0), "old")), signing.CodeForgeKeyOnly},
		{"by a person", signedCommit(t, ann, rawCommit(noon, "x")), signing.CodeOK},
		{"by a stranger", signedCommit(t, stranger, rawCommit(noon, "x")), signing.CodeUnknownKey},
	} {
		got := ring.Commit(idOf(row.raw), row.raw, judged())
		if got.Code != row.want || (got.Principal != "") != (row.want == signing.CodeOK) {
			t.Errorf("%s: got %s by %q (%s), want %s", row.name, got.Code, got.Principal, got.Detail, row.want)
		}
		if row.want == signing.CodeForgeKeyOnly && got.Key == "" {
			t.Errorf("%s: the key is not named", row.name)
		}
	}
	signature, err := forge.Sign(signing.ApprovalNamespace, []byte("statement"))
	if err != nil {
		t.Fatal(err)
	}
	for _, usage := range []schema.KeyUsage{schema.UsageApproval, schema.UsageRoot} {
		who, code := ring.Detached(signing.ApprovalNamespace, []byte("statement"), signature, usage, judged())
		if code != signing.CodeUnknownKey || who.Principal != "" {
			t.Errorf("a statement by the forge as %s: got %s by %q, want unknown-key by nobody", usage, code, who.Principal)
		}
	}
}

// TestForgeKeyOfAPerson: a key that is both counts for neither, wherever the loader did not see it (the same OpenPGP key
// exported twice has other bytes).
func TestForgeKeyOfAPerson(t *testing.T) {
	ann := newSigner(t)
	ring, problems := signing.NewKeyring(schema.Trust{
		Keys: []schema.Key{sshKey("ann", ann)}, ForgeKeys: []schema.Key{forgeKey(ann.PublicKey())},
	})
	if len(problems) != 1 {
		t.Fatalf("got %v, want one problem", problems)
	}
	raw := signedCommit(t, ann, rawCommit(noon, "x"))
	if got := ring.Commit(idOf(raw), raw, judged()); got.Code != signing.CodeAmbiguousKey || got.Principal != "" {
		t.Errorf("got %s by %q, want ambiguous-key by nobody", got.Code, got.Principal)
	}
}
