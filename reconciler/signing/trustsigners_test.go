package signing_test

import (
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhoCanSignAStep: what has to be known before people are asked for signatures that can never be enough.
func TestWhoCanSignAStep(t *testing.T) {
	c := newCouncil(t)
	card := newPGP(t).key("alice")
	card.Path = "keys/alice/card.asc"
	revoke := func(t *schema.Trust, person string) {
		for i, k := range t.Keys {
			if k.Principal == person {
				t.Keys[i].Revoked = &schema.Revocation{Reason: "superseded", At: noon.Add(-day)}
			}
		}
	}
	renewKey := func(t *schema.Trust, person string) {
		revoke(t, person)
		t.Keys = append(t.Keys, c.keyOf(person, person+"-new"))
	}
	for _, row := range []struct {
		sentence string
		edit     func(*schema.Trust)
		both     []string
		enough   bool
	}{
		{"nothing changes", func(*schema.Trust) {}, []string{"alice", "bob", "carol"}, true},
		{"a root with a new key in place of the old one", func(t *schema.Trust) { renewKey(t, "alice") }, []string{"bob", "carol"}, true},
		{"two roots with new keys", func(t *schema.Trust) { renewKey(t, "alice"); renewKey(t, "bob") }, []string{"carol"}, true},
		{"all roots with new keys", func(t *schema.Trust) { renewKey(t, "alice"); renewKey(t, "bob"); renewKey(t, "carol") }, nil, false},
		{"a root whose only key is revoked", func(t *schema.Trust) { revoke(t, "alice") }, []string{"bob", "carol"}, true},
		{"two roots whose only keys are revoked", func(t *schema.Trust) { revoke(t, "alice"); revoke(t, "bob") }, []string{"carol"}, false},
		{"a key that may not sign as root", func(t *schema.Trust) { t.Keys[0].Usages = []schema.KeyUsage{schema.UsageCommit} }, []string{"bob", "carol"}, true},
		{"a root beside the old ones", func(t *schema.Trust) {
			t.Root.Roots = append(slices.Clone(t.Root.Roots), "dave")
		}, []string{"alice", "bob", "carol"}, true},
		{"a new key of another format", func(t *schema.Trust) {
			revoke(t, "alice")
			t.Keys = append(t.Keys, card)
		}, []string{"alice", "bob", "carol"}, true},
	} {
		next := c.trust
		next.Keys = slices.Clone(next.Keys)
		row.edit(&next)
		got := signing.SignersOf(c.trust, next, noon)
		if !slices.Equal(got.Both, row.both) || got.Enough(2, 2) != row.enough {
			t.Errorf("%s: got %+v, enough %t; want both %v, enough %t", row.sentence, got, got.Enough(2, 2), row.both, row.enough)
		}
	}
	if first := signing.SignersOf(schema.Trust{}, c.trust, noon); !first.Enough(0, 2) || first.Enough(0, 4) || len(first.Both) > 0 {
		t.Errorf("the first version: got %+v", first)
	}
}
