package ledger_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var benchStages = []schema.StageName{"development", "testing", "staging", "gray", "production"}

func benchCell(n int) schema.Cell {
	return cellIn(benchStages[n%len(benchStages)], schema.App(fmt.Sprintf("team-%d/app-%d", n/5%40, n/5)))
}

// benchGenesis seals cells of all stages.
func benchGenesis(b *testing.B, cells int) *world {
	b.Helper()
	w := newWorld(b)
	sealed := make([]ledger.SealedCell, cells)
	for n := range sealed {
		c := benchCell(n)
		sealed[n] = ledger.SealedCell{Stage: c.Stage, App: c.App, Revision: side(0).Revision, Content: side(0).Content, Manifest: schema.DigestOf(control), Commit: hash(0), Required: []string{"etcd"}}
	}
	e, evidence := genesis(b, sealed...)
	e.Seal.Form, e.Seal.Volume = ledger.Volumes, ledger.VolumeEntries
	w.append(evidence, e)
	return w
}

// benchAdmission is an admission as the reconciler records it, with eight blobs of evidence.
func benchAdmission(n int) (ledger.Entry, [][]byte) {
	e := vectorAdmission(benchCell(n))
	e.Decision.Change.To, e.Decision.Manifest = side(n), ""
	var blobs [][]byte
	for i := range 8 {
		blobs = append(blobs, fmt.Appendf(nil, "evidence %d of %d: %s", i, n, bytes.Repeat([]byte{byte(n), byte(i)}, 300)))
	}
	return withEvidence(e, blobs...), blobs
}

// grow appends admissions, many to a commit, until the ledger has size entries.
func (w *world) growTo(size int64) {
	w.t.Helper()
	for n := w.ledger.Head().Size; n < size; {
		var entries []ledger.Entry
		var evidence [][]byte
		for ; n < size && len(entries) < 500; n++ {
			e, blobs := benchAdmission(int(n))
			entries, evidence = append(entries, e), append(evidence, blobs...)
		}
		w.append(evidence, entries...)
		if len(w.objects) > 2_000_000 {
			w.prune()
		}
	}
	w.prune()
}

// prune keeps what the tip's tree reaches, so that a long ledger fits into memory.
func (w *world) prune() {
	kept := memory{}
	tip := w.ledger.Tip()
	kept[tip] = w.objects[tip]
	root, err := schema.ParseHash(string(w.objects[tip].Data[len("tree "):][:40]))
	if err != nil {
		w.t.Fatal(err)
	}
	w.objects.reach(kept, root)
	w.objects = kept
	l, err := ledger.Open(w.t.Context(), w.objects, tip, options(w.key))
	if err != nil {
		w.t.Fatal(err)
	}
	w.ledger = l
}

func (m memory) reach(into memory, id schema.Hash) {
	if _, ok := into[id]; ok {
		return
	}
	o := m[id]
	into[id] = o
	if o.Kind != schema.TreeObject {
		return
	}
	for data := o.Data; len(data) > 0; data = data[20:] {
		data = data[bytes.IndexByte(data, 0)+1:]
		var kid schema.Hash
		copy(kid[:], data)
		m.reach(into, kid)
	}
}

// BenchmarkAppend measures one admission with eight blobs of evidence on ledgers of growing length: it has to stay flat.
func BenchmarkAppend(b *testing.B) {
	w := benchGenesis(b, 10_000)
	for _, size := range []int64{1_000, 10_000, 100_000} {
		w.growTo(size)
		b.Run(fmt.Sprintf("entries=%d", size), func(b *testing.B) { benchAppend(b, w) })
	}
}

func benchAppend(b *testing.B, w *world) {
	var objects, trees, size, packed int
	for n := range b.N {
		e, blobs := benchAdmission(1_000_000 + n)
		e.Stage, e.App = benchCell(n*7919%10_000).Stage, benchCell(n*7919%10_000).App
		batch, err := w.ledger.Append(b.Context(), w.now, []ledger.Entry{e}, blobs, w.key)
		if err != nil {
			b.Fatal(err)
		}
		objects += len(batch.Objects)
		b.StopTimer()
		for _, o := range batch.Objects {
			size += len(o.Data)
			packed += deflated(o.Data)
			if o.Kind == schema.TreeObject {
				trees++
			}
		}
		b.StartTimer()
	}
	n := float64(b.N)
	b.ReportMetric(float64(objects)/n, "objects/append")
	b.ReportMetric(float64(trees)/n, "trees/append")
	b.ReportMetric(float64(size)/n, "raw-B/append")
	b.ReportMetric(float64(packed)/n, "packed-B/append")
}

func deflated(data []byte) int {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Len()
}

// BenchmarkVerify measures the proof of a ledger of one entry a commit.
func BenchmarkVerify(b *testing.B) {
	w := benchGenesis(b, 1_000)
	const entries = 2_000
	for n := range entries {
		e, blobs := benchAdmission(n)
		w.append(blobs, e)
	}
	for b.Loop() {
		if r := verify(b, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
			b.Fatalf("findings:\n%s", findings(r))
		}
	}
	b.ReportMetric(float64(b.N)*entries/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkCells measures reading the state of 50,000 cells, and reading it again after an append.
func BenchmarkCells(b *testing.B) {
	w := benchGenesis(b, 50_000)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if cells, err := w.reopen().Cells(b.Context()); err != nil || len(cells) != 50_000 {
				b.Fatal(len(cells), err)
			}
		}
	})
	b.Run("after an append", func(b *testing.B) {
		l := w.reopen()
		if _, err := l.Cells(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for n := range b.N {
			b.StopTimer()
			e, blobs := benchAdmission(n)
			batch, err := l.Append(b.Context(), w.now, []ledger.Entry{e}, blobs, w.key)
			if err != nil {
				b.Fatal(err)
			}
			w.objects.store(batch.Objects)
			l = batch.Ledger
			b.StartTimer()
			if cells, err := l.Cells(b.Context()); err != nil || len(cells) != 50_000 {
				b.Fatal(len(cells), err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			w.reopen()
		}
	})
}
