package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// shelved is a ledger of several volumes of three entries or a little more; each append has evidence of its own.
func shelved(t testing.TB) (w *world, blobs [][]byte) {
	w = begunAs(t, ledger.Volumes, 3)
	for n := range 8 {
		blob := fmt.Appendf(nil, "blob %d", n)
		blobs = append(blobs, blob)
		w.append([][]byte{blob}, withEvidence(decided(ledger.Admit, cellIn("gray", schema.App(fmt.Sprintf("app-%d", n%3))), schema.Edit, n+1), blob),
			delivered(ledger.Apply, pay, "etcd", 1))
	}
	return w, blobs
}

func (w *world) paths(tip schema.Hash, below string) (found []string) {
	for path := range w.objects.filesOf(tip) {
		if strings.HasPrefix(path, below) {
			found = append(found, path)
		}
	}
	return found
}

// TestATreeHoldsTheLastVolumeAlone is what makes git's walk through the tree before a push short, however old the ledger is.
func TestATreeHoldsTheLastVolumeAlone(t *testing.T) {
	w, blobs := shelved(t)
	if got := w.paths(w.ledger.Tip(), "entries/"); len(got) > 4 {
		t.Errorf("the tree holds %d entries of volumes of three, closed by appends of two: %v", len(got), got)
	}
	if got := w.paths(w.ledger.Tip(), "evidence/"); len(got) > 2 {
		t.Errorf("the tree holds %d blobs of evidence: %v", len(got), got)
	}
	r := verify(t, w.objects, w.ledger.Tip(), verifyOptions())
	if !r.Proven() || r.Entries != 17 || r.Cells != 4 || r.Apps != 4 {
		t.Fatalf("report %+v\n%s", r, findings(r))
	}
	for name, l := range map[string]*ledger.Ledger{"in memory": w.ledger, "reopened": w.reopen()} {
		for seq := int64(1); seq <= l.Head().Size; seq++ {
			if e, _, err := l.Entry(t.Context(), seq); err != nil || e.Seq != seq {
				t.Errorf("%s: entry %d: %d, %v", name, seq, e.Seq, err)
			}
		}
		for _, blob := range blobs {
			if got, err := l.Evidence(t.Context(), schema.DigestOf(blob)); err != nil || !bytes.Equal(got, blob) {
				t.Errorf("%s: evidence %q: %q, %v", name, blob, got, err)
			}
		}
		if _, err := l.Inclusions(t.Context(), 1, 9); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := l.Proof(t.Context(), 2); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAVolumeHoldsWhatItsEntriesName, be it that an older volume has it as well: who reads an entry looks into one volume.
func TestAVolumeHoldsWhatItsEntriesName(t *testing.T) {
	w, blobs := shelved(t)
	w.append(nil, withEvidence(decided(ledger.Admit, pay, schema.Edit, 9), blobs[0]))
	if _, ok := w.objects.filesOf(w.ledger.Tip())[ledger.Volumes.EvidencePath(schema.DigestOf(blobs[0]))]; !ok {
		t.Error("the volume lacks what its entry names")
	}
	for range 3 {
		w.append(nil, delivered(ledger.Apply, pay, "etcd", 1), delivered(ledger.Apply, pay, "etcd", 1))
	}
	l := w.reopen()
	for seq := int64(1); seq <= l.Head().Size; seq++ {
		e, _, err := l.Entry(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range e.Names() {
			if _, err := l.EvidenceOf(t.Context(), seq, d); err != nil {
				t.Errorf("entry %d: %v", seq, err)
			}
		}
	}
	if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
		t.Errorf("not proven:\n%s", findings(r))
	}
}

// TestWhatWasExpungedIsNotReadFromAnOlderVolume has it back only when an entry brings it again.
func TestWhatWasExpungedIsNotReadFromAnOlderVolume(t *testing.T) {
	w, blobs := shelved(t)
	d := schema.DigestOf(blobs[1])
	w.append(nil, ledger.Entry{Kind: ledger.Expunge, Order: &ledger.Order{Blob: d}})
	for name, l := range map[string]*ledger.Ledger{"in memory": w.ledger, "reopened": w.reopen()} {
		if got, err := l.Evidence(t.Context(), d); !errors.Is(err, ledger.ErrMissing) {
			t.Errorf("%s: expunged evidence is read: %q, %v", name, got, err)
		}
	}
	again := withEvidence(decided(ledger.Admit, pay, schema.Edit, 9), blobs[1])
	if _, err := w.ledger.Append(t.Context(), w.now, []ledger.Entry{again}, nil, w.key); !errors.Is(err, ledger.ErrMissing) {
		t.Errorf("an entry names what is gone: %v", err)
	}
	w.append([][]byte{blobs[1]}, again)
	for range 3 { // into a closed volume
		w.append(nil, delivered(ledger.Apply, pay, "etcd", 1), delivered(ledger.Apply, pay, "etcd", 1))
	}
	if got, err := w.reopen().Evidence(t.Context(), d); err != nil || !bytes.Equal(got, blobs[1]) {
		t.Errorf("what was brought again: %q, %v", got, err)
	}
	if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
		t.Errorf("not proven:\n%s", findings(r))
	}
}

// TestTamperingWithVolumesIsFound changes the tip's tree as a thief of the log key would.
func TestTamperingWithVolumesIsFound(t *testing.T) {
	state := ledger.Volumes.StatePath(pay)
	for _, tt := range []struct {
		name   string
		change func(w *world, fs files)
		want   schema.Code
	}{
		{"a volume is forgotten", func(w *world, fs files) {
			lines := strings.SplitAfterN(string(w.objects[fs["volumes"]].Data), "\n", 2)
			fs["volumes"] = w.objects.put(schema.BlobObject, []byte(lines[1]))
		}, ledger.StateMismatch},
		{"a volume is another commit", func(w *world, fs files) {
			data := strings.Replace(string(w.objects[fs["volumes"]].Data), w.tips[1].String(), w.tips[0].String(), 1)
			fs["volumes"] = w.objects.put(schema.BlobObject, []byte(data))
		}, ledger.StateMismatch},
		{"no volume is closed", func(_ *world, fs files) { delete(fs, "volumes") }, ledger.StateMismatch},
		{"an entry of a closed volume is put in", func(w *world, fs files) {
			fs[ledger.EntryPath(2)] = w.objects.filesOf(w.tips[1])[ledger.EntryPath(2)]
		}, ledger.LogChain},
		{"a state shared by cells is changed", func(w *world, fs files) {
			fs[state] = w.objects.put(schema.BlobObject, bytes.Replace(w.objects[fs[state]].Data, []byte(`"app":"payments"`), []byte(`"app":"payment"`), 1))
		}, ledger.StateMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := shelved(t)
			before := w.objects.filesOf(w.ledger.Tip())
			tip := w.forge(w.key, func(fs files) {
				tt.change(w, fs)
				if fmt.Sprint(fs) == fmt.Sprint(before) {
					t.Fatal("nothing was changed")
				}
			})
			if r := verify(t, w.objects, tip, verifyOptions()); r.Proven() || !found(r, tt.want) {
				t.Errorf("want %s:\n%s", tt.want, findings(r))
			}
		})
	}
}

func found(r ledger.Report, code schema.Code) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// TestBytesOfVolumesAndStatesAreTakenAsWrittenAlone refuses every other spelling.
func TestBytesOfVolumesAndStatesAreTakenAsWrittenAlone(t *testing.T) {
	one, two := strings.Repeat("1", 40), strings.Repeat("2", 40)
	good := "3 " + one + "\n7 " + two + "\n"
	if err := ledger.CheckVolumes([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"3", "3 " + one, "03 " + one + "\n", "x " + one + "\n", "3 " + one + "\n3 " + two + "\n", "7 " + one + "\n3 " + two + "\n", "3  " + one + "\n", "\n"} {
		if err := ledger.CheckVolumes([]byte(bad)); err == nil {
			t.Errorf("volumes %q are taken", bad)
		}
	}
	a, b := `{"stage":"gray","app":"a"}`+"\n", `{"stage":"gray","app":"b"}`+"\n" // "b" is 3e…, "a" ca…
	if err := ledger.CheckBucket([]byte(b + a)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{a + b, a + a, a[:len(a)-1], "x\n", b + strings.Replace(a, "gray", "testing", 1)} {
		if err := ledger.CheckBucket([]byte(bad)); err == nil {
			t.Errorf("states %q are taken", bad)
		}
	}
}
