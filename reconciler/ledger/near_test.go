package ledger_test

import (
	"bytes"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestLargeEvidenceIsNearToWhatTheLedgerHolds: what an append is pushed upon holds what its evidence is said to be near to.
func TestLargeEvidenceIsNearToWhatTheLedgerHolds(t *testing.T) {
	list := bytes.Repeat([]byte("0123456789abcdef"), 2000)
	changed := bytes.Clone(list)
	copy(changed[16_000:], "another line....")
	longer := bytes.Join([][]byte{list[:16_000], []byte("a new line"), list[16_000:]}, nil)
	other := bytes.Repeat([]byte("fedcba98765432.."), 2000)
	small, smaller := list[:8000], list[:7990]
	for _, c := range []struct {
		name   string
		held   [][]byte // by the ledger before the append
		names  [][]byte // what the entry names
		volume int64
		near   bool // the last that it names, to the list
	}{
		{"a line is another", [][]byte{list}, [][]byte{list, changed}, ledger.VolumeEntries, true},
		{"a line more", [][]byte{list}, [][]byte{list, longer}, ledger.VolumeEntries, true},
		{"the one that is nearest", [][]byte{list, other}, [][]byte{other, list, changed}, ledger.VolumeEntries, true},
		{"nothing in common", [][]byte{other}, [][]byte{other, changed}, ledger.VolumeEntries, false},
		{"the ledger does not hold it", nil, [][]byte{list, changed}, ledger.VolumeEntries, false},
		{"the entry does not name it", [][]byte{list}, [][]byte{changed}, ledger.VolumeEntries, false},
		{"too small", [][]byte{small}, [][]byte{small, smaller}, ledger.VolumeEntries, false},
		{"a new volume", [][]byte{list}, [][]byte{list, changed}, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begunAs(t, ledger.Volumes, c.volume)
			if c.held != nil {
				w.append(c.held, withEvidence(decided(ledger.Admit, pay, schema.Edit, 1), c.held...))
			}
			held := w.objects.filesOf(w.ledger.Tip())
			b := w.append(c.names, withEvidence(decided(ledger.Admit, pay, schema.Edit, 2), c.names...))
			last := c.names[len(c.names)-1]
			for _, o := range b.Objects {
				switch {
				case o.Near == nil:
					if c.near && bytes.Equal(o.Data, last) {
						t.Error("it is near to nothing")
					}
				case !c.near || !bytes.Equal(o.Data, last) || !bytes.Equal(o.Near.Data, list):
					t.Errorf("%s of %d bytes is near to one of %d", o.Kind, len(o.Data), len(o.Near.Data))
				case o.Near.ID != held[ledger.Volumes.EvidencePath(schema.DigestOf(list))]:
					t.Errorf("it is near to %s, which the ledger does not hold", o.Near.ID)
				}
			}
			if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
				t.Errorf("not proven:\n%s", findings(r))
			}
		})
	}
}
