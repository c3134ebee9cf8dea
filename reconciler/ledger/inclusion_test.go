package ledger_test

import (
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// TestInclusions proves every entry of ledgers of every size up to 12 by the hashes alone, and not an entry that is another.
func TestInclusions(t *testing.T) {
	w := begun(t)
	for size := w.ledger.Head().Size; size < 12; size++ {
		w.append(nil, delivered(ledger.Drift, pay, "etcd", 1))
		var seqs []int64
		for seq := range w.ledger.Head().Size {
			seqs = append(seqs, seq+1)
		}
		proofs, err := w.ledger.Inclusions(t.Context(), seqs...)
		if err != nil {
			t.Fatal(err)
		}
		root := w.ledger.Checkpoint().Root
		for i, p := range proofs {
			_, raw, err := w.ledger.Entry(t.Context(), seqs[i])
			if err != nil {
				t.Fatal(err)
			}
			if p.Seq != seqs[i] || p.Root != root || p.Leaf != tlog.RecordHash(raw) {
				t.Errorf("entry %d of %d: %+v", seqs[i], p.Size, p)
			}
			if err := tlog.CheckRecord(p.Hashes, p.Size, root, p.Seq-1, tlog.RecordHash(raw)); err != nil {
				t.Errorf("entry %d of %d: %v", p.Seq, p.Size, err)
			}
			if err := tlog.CheckRecord(p.Hashes, p.Size, root, p.Seq-1, tlog.RecordHash(append(raw, ' '))); err == nil {
				t.Errorf("entry %d of %d: another entry is proven too", p.Seq, p.Size)
			}
		}
	}
	if _, err := w.ledger.Inclusions(t.Context(), 13); !errors.Is(err, ledger.ErrMissing) {
		t.Errorf("an entry that is not there: %v, want ErrMissing", err)
	}
}
