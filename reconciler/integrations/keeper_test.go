package integrations_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
)

func TestAdvance(t *testing.T) {
	const project = "3f2a9c1e"
	stranger := integrationstest.StrangerKey()
	note := func(size int64, root string, keys ...ed25519.PrivateKey) []byte {
		if keys == nil {
			keys = []ed25519.PrivateKey{logKey()}
		}
		return integrationstest.Checkpoint(t, project, size, root, keys...)
	}
	five, cosigned := note(5, "five"), note(5, "five", logKey(), stranger)
	for _, row := range []struct {
		name       string
		have, want []byte
		write      bool
		err        error
	}{
		{"nothing is there", nil, five, true, nil},
		{"a smaller one is followed", note(4, "four"), five, true, nil},
		{"a larger one stays", note(6, "six"), five, false, integrations.ErrFenced},
		{"another of this size is another ledger", note(5, "other"), five, false, integrations.ErrConflict},
		{"the same is there", five, five, false, nil},
		{"a witness signed it", five, cosigned, true, nil},
		{"cosignatures stay", cosigned, five, false, nil},
		{"a larger one by a stranger proves nothing", note(9, "nine", stranger), five, true, nil},
		{"empty bytes prove nothing", []byte{}, five, true, nil},
		{"more bytes than a checkpoint has prove nothing", []byte(strings.Repeat("x", integrations.MaxCheckpoint+1)), five, true, nil},
		{"a new one by a stranger is refused", nil, note(5, "five", stranger), false, integrations.ErrInvalid},
		{"a new one of another project is refused", nil, integrationstest.Checkpoint(t, "another-1", 5, "five", logKey()), false, integrations.ErrInvalid},
		{"a new one that is too large is refused", nil, append(five[:len(five):len(five)], make([]byte, integrations.MaxCheckpoint)...), false, integrations.ErrInvalid},
	} {
		write, err := spec().Advance("place", project, row.have, row.want)
		if write != row.write || !errors.Is(err, row.err) {
			t.Errorf("%s: got %v, %v; want %v, %v", row.name, write, err, row.write, row.err)
		}
		var e *integrations.Error
		if err != nil && (!errors.As(err, &e) || e.Target != "test" || e.Key != "place") {
			t.Errorf("%s: %v does not say where", row.name, err)
		}
	}
	if _, err := spec().Advance("place", "../../x", nil, five); !errors.Is(err, integrations.ErrInvalid) {
		t.Errorf("a project that climbs: %v", err)
	}
}

// TestLogKeysHandOver: heads by a key that signs no more are ours while it is believed, and outdated.
func TestLogKeysHandOver(t *testing.T) {
	seed := sha256.Sum256([]byte("next"))
	next := ed25519.NewKeyFromSeed(seed[:])
	s := spec()
	s.Keys = integrations.NewLogKeys(
		integrations.HeadSigner{ID: "log-1", Key: public(), Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(logKey(), m), nil }},
		integrations.HeadSigner{ID: "log-2", Key: next.Public().(ed25519.PublicKey), Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(next, m), nil }},
	)
	want := release(7, "x")
	before, after := headBy(t, s, want), []byte(nil)
	see := func(raw []byte, holder integrations.Holder, outdated bool, when string) {
		t.Helper()
		if o, _ := s.Observe("place", raw, want); o.Holder != holder || o.Outdated != outdated {
			t.Errorf("%s: %v, outdated %v; want %v, %v", when, o.Holder, o.Outdated, holder, outdated)
		}
	}
	see(before, integrations.Us, false, "before")
	if err := s.Keys.Use("log-2", map[string]ed25519.PublicKey{"log-1": public()}); err != nil {
		t.Fatal(err)
	}
	after = headBy(t, s, want)
	see(before, integrations.Us, true, "by the key before")
	see(after, integrations.Us, false, "by the new key")
	if err := s.Keys.Use("log-2", nil); err != nil {
		t.Fatal(err)
	}
	see(before, integrations.Altered, false, "by a key that nobody names any more")
	see(after, integrations.Us, false, "by the new key alone")
	var none *integrations.LogKeys
	s.Keys = none
	see(after, integrations.Altered, false, "without any key")
	if s.Check() == nil {
		t.Error("a spec without a key passes")
	}
}

func headBy(t *testing.T, s integrations.Spec, want integrations.Release) []byte {
	t.Helper()
	head, err := s.SignHead(integrations.NewBody(want, true))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := head.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
