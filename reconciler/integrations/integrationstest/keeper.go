package integrationstest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// Checkpoint is a checkpoint of a ledger of so many entries, with a root made from a word, signed by the keys.
func Checkpoint(t testing.TB, project string, size int64, root string, keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	c := ledger.Checkpoint{Origin: project, Size: size, Root: sha256.Sum256([]byte(root))}
	var signed []byte
	for _, key := range keys {
		note, err := c.Sign(logKey{key})
		if err != nil {
			t.Fatal(err)
		}
		if signed != nil {
			note = note[bytes.Index(note, []byte("\n\n"))+2:]
		}
		signed = append(signed, note...)
	}
	return signed
}

// logKey signs checkpoints alone.
type logKey struct{ key ed25519.PrivateKey }

func (k logKey) PublicKey() ed25519.PublicKey         { return k.key.Public().(ed25519.PublicKey) }
func (k logKey) SignCommit([]byte) ([]byte, error)    { return nil, errors.ErrUnsupported }
func (k logKey) SignNote(text []byte) ([]byte, error) { return ed25519.Sign(k.key, text), nil }

// StrangerKey is a key that no target believes.
func StrangerKey() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("sluice conformance: stranger"))
	return ed25519.NewKeyFromSeed(seed[:])
}

func otherKey() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("sluice conformance: another stranger"))
	return ed25519.NewKeyFromSeed(seed[:])
}

// project is one that no other question uses: targets of one system keep one checkpoint for each.
func project(t *testing.T) string {
	return fmt.Sprintf("keeper-%x", sha256.Sum256([]byte(t.Name())))[:23]
}

func (a *asker) keeper(t *testing.T) integrations.Keeper {
	t.Helper()
	k, ok := a.target.(integrations.Keeper)
	if !ok {
		t.Skip("this target keeps no checkpoints")
	}
	return k
}

// keeps asks that a checkpoint is kept and what is there then.
func keeps(t *testing.T, k integrations.Keeper, project string, signed, want []byte, wrote bool, class error) {
	t.Helper()
	got, err := k.KeepCheckpoint(t.Context(), project, signed)
	if !errors.Is(err, class) || got != wrote {
		t.Fatalf("keep %q: wrote %v, %v; want %v, %v", signed, got, err, wrote, class)
	}
	there, err := k.Checkpoint(t.Context(), project)
	if err != nil || !bytes.Equal(there, want) {
		t.Fatalf("after %q: %q is there, %v; want %q", signed, there, err, want)
	}
}

func (a *asker) checkpoints(t *testing.T) {
	k, p := a.keeper(t), project(t)
	three, five := Checkpoint(t, p, 3, "three", Key()), Checkpoint(t, p, 5, "five", Key())
	if there, err := k.Checkpoint(t.Context(), p); there != nil || err != nil {
		t.Fatalf("before anything was kept: %q, %v", there, err)
	}
	keeps(t, k, p, three, three, true, nil)
	keeps(t, k, p, three, three, false, nil)
	keeps(t, k, p, five, five, true, nil)
	keeps(t, k, p, three, five, false, integrations.ErrFenced)
	keeps(t, k, p, Checkpoint(t, p, 5, "another", Key()), five, false, integrations.ErrConflict)
	cosigned := Checkpoint(t, p, 5, "five", Key(), StrangerKey())
	keeps(t, k, p, cosigned, cosigned, true, nil)
	keeps(t, k, p, five, cosigned, false, nil)
	again := Checkpoint(t, p, 5, "five", Key(), otherKey())
	keeps(t, k, p, again, again, true, nil)
	keeps(t, k, p, cosigned, cosigned, true, nil)
	keeps(t, k, p, Checkpoint(t, p, 9, "nine", StrangerKey()), cosigned, false, integrations.ErrInvalid)
	if there, err := k.Checkpoint(t.Context(), p+"-2"); there != nil || err != nil {
		t.Errorf("another project's: %q, %v", there, err)
	}
	for _, bad := range []string{"", "../../x", "a/b", "x"} {
		if _, err := k.Checkpoint(t.Context(), bad); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("project %q: got %v, want %v", bad, err, integrations.ErrInvalid)
		}
		if _, err := k.KeepCheckpoint(t.Context(), bad, three); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("project %q: got %v, want %v", bad, err, integrations.ErrInvalid)
		}
	}
}

// forgedCheckpoints: what the log keys did not sign is returned as it is, and replaced.
func (a *asker) forgedCheckpoints(t *testing.T) {
	k, p := a.keeper(t), project(t)
	five := Checkpoint(t, p, 5, "five", Key())
	for name, forged := range map[string][]byte{
		"by a stranger":        Checkpoint(t, p, 99, "forged", StrangerKey()),
		"of another project":   Checkpoint(t, p+"-2", 99, "forged", Key()),
		"garbage":              []byte("\x00"),
		"nothing":              {},
		"with a broken number": bytes.Replace(five, []byte("\n5\n"), []byte("\n9\n"), 1),
	} {
		a.PutCheckpoint(t, p, forged)
		if there, err := k.Checkpoint(t.Context(), p); err != nil || !bytes.Equal(there, forged) {
			t.Errorf("%s: %q is there, %v", name, there, err)
		}
		keeps(t, k, p, five, five, true, nil)
	}
}

// racingCheckpoints: whoever is first, the largest stays.
func (a *asker) racingCheckpoints(t *testing.T) {
	a.keeper(t)
	p := project(t)
	var group sync.WaitGroup
	for n := range 8 {
		k := open(t, a.Fixture).(integrations.Keeper)
		group.Go(func() {
			signed := Checkpoint(t, p, int64(n+1), fmt.Sprint(n), Key())
			if _, err := k.KeepCheckpoint(t.Context(), p, signed); err != nil && !errors.Is(err, integrations.ErrFenced) {
				t.Errorf("writer %d: %v", n, err)
			}
		})
	}
	group.Wait()
	there, err := a.keeper(t).Checkpoint(t.Context(), p)
	if want := Checkpoint(t, p, 8, "7", Key()); err != nil || !bytes.Equal(there, want) {
		t.Errorf("%q is there, %v; want %q", there, err, want)
	}
}

// anotherKeySigns: heads by the key before are ours, are signed again by a write, and are no drift.
func (a *asker) anotherKeySigns(t *testing.T) {
	spec := Spec("test", a.Settings)
	spec.Keys = integrations.NewLogKeys(signer("log-1", Key()), signer("log-2", StrangerKey()))
	target := a.Open(t, spec)
	if c, ok := target.(integrations.Closer); ok {
		t.Cleanup(func() { c.Close() })
	}
	want := a.release("pay", 3, red)
	if _, err := target.Write(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if err := spec.Keys.Use("log-2", map[string]ed25519.PublicKey{"log-1": PublicKey()}); err != nil {
		t.Fatal(err)
	}
	if o, err := target.Read(t.Context(), want); err != nil || !o.Equal || !o.Outdated || o.Holder != integrations.Us || len(o.Keys) > 0 {
		t.Errorf("signed by the key before: %+v, %v", o, err)
	}
	for _, wrote := range []bool{true, false} {
		results := integrations.WriteMany(t.Context(), target, []integrations.Release{want})
		if o := results[0]; o.Err != nil || !o.Equal || o.Outdated || o.Wrote != wrote {
			t.Errorf("signed again: %+v, want wrote %v", o, wrote)
		}
	}
	if err := spec.Keys.Use("log-2", nil); err != nil {
		t.Fatal(err)
	}
	if o, err := target.Read(t.Context(), want); err != nil || !o.Equal {
		t.Errorf("when the key before is believed no more: %+v, %v", o, err)
	}
	if o := a.read(t, want); o.Holder != integrations.Altered || o.Equal {
		t.Errorf("to who knows the key before alone: %+v", o)
	}
	if spec.Keys.Use("log-3", nil) == nil {
		t.Error("a key that is not here may sign")
	}
}
