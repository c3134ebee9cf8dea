package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func witnessOf(name string) (schema.WitnessKey, ed25519.PrivateKey) {
	key := keyOf(name)
	return schema.WitnessKey{Name: name, Key: key.PublicKey()}, key.private
}

// cosignature writes the line as C2SP tlog-cosignature has it, without the code under test.
func cosignature(w schema.WitnessKey, key ed25519.PrivateKey, signed []byte, at time.Time) []byte {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s\n", at.Unix(), text)
	sig := binary.BigEndian.AppendUint32(nil, w.ID())
	sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix()))
	sig = append(sig, ed25519.Sign(key, []byte(message))...)
	return []byte("— " + w.Name + " " + base64.StdEncoding.EncodeToString(sig) + "\n")
}

func signedTip(t *testing.T, w *world) []byte {
	t.Helper()
	signed, err := w.ledger.SignedCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestCosignaturesAreAddedAndCounted(t *testing.T) {
	w := grown(t)
	signed := signedTip(t, w)
	one, oneKey := witnessOf("witness.example/1")
	two, twoKey := witnessOf("witness.example/2")
	first, second := begin.Add(time.Hour), begin.Add(2*time.Hour)
	answer := append(cosignature(two, twoKey, signed, second), cosignature(one, oneKey, signed, first)...)
	cosigned, c, err := ledger.Cosign(signed, answer, one)
	if err != nil || c != (ledger.Cosignature{Witness: one.Name, At: first}) {
		t.Fatalf("cosign: %+v, %v", c, err)
	}
	if cosigned, _, err = ledger.Cosign(cosigned, cosignature(two, twoKey, signed, second), two); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.OpenCheckpoint(cosigned, project, keysOf(w.key)); err != nil {
		t.Errorf("the log key's signature: %v", err)
	}
	got, err := ledger.Cosignatures(cosigned, []schema.WitnessKey{two, one})
	if err != nil || len(got) != 2 || got[0].Witness != one.Name || !got[1].At.Equal(second) {
		t.Errorf("cosignatures %+v, %v", got, err)
	}
	again, _, err := ledger.Cosign(cosigned, cosignature(one, oneKey, signed, second), one)
	if got, _ := ledger.Cosignatures(again, []schema.WitnessKey{one}); err != nil || len(got) != 1 || !got[0].At.Equal(second) || len(again) != len(cosigned) {
		t.Errorf("a newer one by the same witness: %+v, %v\n%s", got, err, again)
	}
	if got, err := ledger.Cosignatures(signed, []schema.WitnessKey{one}); err != nil || len(got) != 0 {
		t.Errorf("a checkpoint without any: %+v, %v", got, err)
	}
}

func TestBadCosignaturesAreRefused(t *testing.T) {
	w := grown(t)
	signed := signedTip(t, w)
	one, key := witnessOf("witness.example/1")
	_, other := witnessOf("witness.example/2")
	good := cosignature(one, key, signed, begin)
	elsewhere := bytes.Replace(signed, []byte("\n6\n"), []byte("\n5\n"), 1)
	later := cosignature(one, key, signed, begin.Add(time.Hour))
	// the time of one and the signature of another
	mixed := func() []byte {
		a, b := decoded(t, later), decoded(t, good)
		copy(a[12:], b[12:])
		return []byte("— " + one.Name + " " + base64.StdEncoding.EncodeToString(a) + "\n")
	}
	plain := func() []byte {
		sig := binary.BigEndian.AppendUint32(nil, one.ID())
		text, _, _ := bytes.Cut(signed, []byte("\n\n"))
		sig = append(sig, ed25519.Sign(key, append(text, '\n'))...)
		return []byte("— " + one.Name + " " + base64.StdEncoding.EncodeToString(sig) + "\n")
	}
	for name, lines := range map[string][]byte{
		"nothing":                  nil,
		"no line":                  []byte("hello\n"),
		"another's key":            cosignature(one, other, signed, begin),
		"of another checkpoint":    cosignature(one, key, elsewhere, begin),
		"another time":             mixed(),
		"a signature without time": plain(),
		"a name of somebody's":     bytes.Replace(good, []byte("/1 "), []byte("/3 "), 1),
		"a line that is cut":       good[:len(good)-6],
		"the log key's own":        signed[bytes.Index(signed, []byte("— ")):],
	} {
		if got, c, err := ledger.Cosign(signed, lines, one); err == nil {
			t.Errorf("%s: cosigned %+v\n%s", name, c, got)
		}
	}
	if _, _, err := ledger.Cosign([]byte("no note"), good, one); err == nil {
		t.Error("cosigned what is no checkpoint")
	}
}

func decoded(t *testing.T, line []byte) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(strings.Fields(string(line))[2])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestWitnessKeysAreNoteKeys: the reference implementation of signed notes finds the hash right, and the type one that it
// does not have.
func TestWitnessKeysAreNoteKeys(t *testing.T) {
	one, _ := witnessOf("witness.example/1")
	if _, err := note.NewVerifier(one.String()); err == nil || !strings.Contains(err.Error(), "unknown verifier algorithm") {
		t.Errorf("%s: %v", one, err)
	}
}

// TestProofsShowThatTheLedgerOnlyGrew holds every proof between any two sizes to the reference verifier.
func TestProofsShowThatTheLedgerOnlyGrew(t *testing.T) {
	w := grown(t)
	roots := map[int64]tlog.Hash{w.ledger.Checkpoint().Size: w.ledger.Checkpoint().Root}
	for n := range 14 {
		entries := []ledger.Entry{{Kind: ledger.Observe, Ref: main, New: hash(n + 4)}}
		if n%3 == 0 {
			entries = append(entries, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(n + 40)})
		}
		w.append(nil, entries...)
		roots[w.ledger.Checkpoint().Size] = w.ledger.Checkpoint().Root
	}
	size := w.ledger.Checkpoint().Size
	for old, root := range roots {
		proof, err := w.ledger.Proof(t.Context(), old)
		if err != nil {
			t.Fatalf("from %d: %v", old, err)
		}
		var hashes tlog.TreeProof
		for _, line := range proof {
			h, err := tlog.ParseHash(line)
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, h)
		}
		if err := tlog.CheckTree(hashes, size, roots[size], old, root); err != nil {
			t.Errorf("from %d to %d: %v", old, size, err)
		}
	}
	// sizes that no append ended at
	for old := int64(1); old < size; old++ {
		if _, err := w.ledger.Proof(t.Context(), old); err != nil {
			t.Errorf("from %d: %v", old, err)
		}
	}
	for _, old := range []int64{0, size} {
		if proof, err := w.ledger.Proof(t.Context(), old); err != nil || len(proof) != 0 {
			t.Errorf("from %d: %v, %v; want nothing", old, proof, err)
		}
	}
	for _, old := range []int64{-1, size + 1} {
		if proof, err := w.ledger.Proof(t.Context(), old); err == nil {
			t.Errorf("from %d: %v", old, proof)
		}
	}
}

// FuzzCosign: whatever a witness answers, what is taken from it is one cosignature of its own, and the checkpoint still
// opens by the log key.
func FuzzCosign(f *testing.F) {
	key := keyOf("log")
	c := ledger.Checkpoint{Origin: project, Size: 6}
	signed, err := c.Sign(key)
	if err != nil {
		f.Fatal(err)
	}
	one, private := witnessOf("witness.example/1")
	f.Add(cosignature(one, private, signed, begin))
	f.Add([]byte("— witness.example/1 AAAA\n"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		cosigned, c, err := ledger.Cosign(signed, lines, one)
		if err != nil {
			return
		}
		got, err := ledger.Cosignatures(cosigned, []schema.WitnessKey{one})
		if err != nil || len(got) != 1 || got[0] != c {
			t.Errorf("%q: took %+v, then %+v, %v", lines, c, got, err)
		}
		if _, err := ledger.OpenCheckpoint(cosigned, project, keysOf(key)); err != nil {
			t.Errorf("%q: %v", lines, err)
		}
	})
}
