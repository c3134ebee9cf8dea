package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// counting counts what is read.
type counting struct {
	memory
	reads int
}

func (c *counting) Object(ctx context.Context, id schema.Hash) (schema.ObjectKind, []byte, error) {
	c.reads++
	return c.memory.Object(ctx, id)
}

// TestAppendWritesFewTrees holds an append to nine trees for an entry and two for a new blob of evidence (RULES R31), and
// to reading no more than it writes.
func TestAppendWritesFewTrees(t *testing.T) {
	for _, form := range []ledger.Form{ledger.Deep, ledger.Flat, ledger.Volumes} {
		t.Run(fmt.Sprint("form ", form), func(t *testing.T) { appendWritesFewTrees(t, grownAs(t, form)) })
	}
}

func appendWritesFewTrees(t *testing.T, w *world) {
	for n := range 300 { // so that most directories exist
		blob := fmt.Appendf(nil, "blob %d", n)
		w.append([][]byte{blob}, withEvidence(decided(ledger.Admit, cellIn("gray", schema.App(fmt.Sprintf("app-%d", n))), schema.Promote, 1), blob))
	}
	for _, tt := range []struct{ entries, blobs int }{{1, 0}, {1, 1}, {1, 8}, {5, 0}, {5, 10}} {
		objects := &counting{memory: w.objects}
		l, err := ledger.Open(t.Context(), objects, w.ledger.Tip(), options(w.key))
		if err != nil {
			t.Fatal(err)
		}
		if objects.reads != 6 {
			t.Errorf("open read %d objects, want commit, tree, checkpoint, merkle, head and refs", objects.reads)
		}
		var entries []ledger.Entry
		var evidence [][]byte
		for n := range tt.entries {
			entries = append(entries, decided(ledger.Admit, cellIn("gray", schema.App(fmt.Sprintf("app-%d", n))), schema.Promote, 2))
		}
		for n := range tt.blobs {
			blob := fmt.Appendf(nil, "new blob %d", n)
			e := &entries[n%tt.entries]
			*e, evidence = withEvidence(*e, blob), append(evidence, blob)
		}
		objects.reads = 0
		b, err := l.Append(t.Context(), w.now, entries, evidence, w.key)
		if err != nil {
			t.Fatal(err)
		}
		trees := 0
		for _, o := range b.Objects {
			if o.Kind == schema.TreeObject {
				trees++
			}
		}
		if limit := 9*tt.entries + 2*tt.blobs; trees > limit || objects.reads > limit+tt.entries {
			t.Errorf("%d entries, %d blobs: %d trees written, %d objects read, want at most %d", tt.entries, tt.blobs, trees, objects.reads, limit)
		}
	}
}

// TestAppendsAreTheSame: two who append the same to the same get the same commit, in whatever order maps are walked.
func TestAppendsAreTheSame(t *testing.T) {
	a, b := grown(t), grown(t)
	if a.ledger.Tip() != b.ledger.Tip() {
		t.Errorf("commits %s and %s", a.ledger.Tip(), b.ledger.Tip())
	}
}
