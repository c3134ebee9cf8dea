package signing_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
)

// TestTheAuthorLineNamesNobody: bob's key signs a commit that says it is ann's, who has a key too.
func TestTheAuthorLineNamesNobody(t *testing.T) {
	ann, bob := newSigner(t), newSigner(t)
	raw := signedCommit(t, bob, rawCommit(noon, "add a timeout"))
	got := ringOf(t, sshKey("ann", ann), sshKey("bob", bob)).Commit(idOf(raw), raw, judged())
	if got.Code != signing.CodeOK || got.Principal != "bob" || got.Author.Email != "ann@example.com" {
		t.Errorf("got %s by %q, author %q; want ok by bob, author ann@example.com", got.Code, got.Principal, got.Author.Email)
	}
	if got := ringOf(t, sshKey("ann", ann)).Commit(idOf(raw), raw, judged()); got.Code != signing.CodeUnknownKey || got.Principal != "" {
		t.Errorf("got %s by %q, want unknown-key by nobody", got.Code, got.Principal)
	}
}
