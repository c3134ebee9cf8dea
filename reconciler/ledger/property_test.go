package ledger_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var (
	someStages  = []schema.StageName{"development", "gray"}
	someApps    = []schema.App{"payments", "team/search", "a"}
	someTargets = []string{"etcd", "map"}
)

// drawEntry draws an entry that may follow size others, with the evidence that it names.
func drawEntry(t *rapid.T, size int64) (ledger.Entry, [][]byte) {
	c := cellIn(rapid.SampledFrom(someStages).Draw(t, "stage"), rapid.SampledFrom(someApps).Draw(t, "app"))
	n := rapid.IntRange(1, 4).Draw(t, "revision")
	target := rapid.SampledFrom(someTargets).Draw(t, "target")
	admission := rapid.Int64Range(1, size).Draw(t, "admission")
	switch k := rapid.SampledFrom(drawnKinds).Draw(t, "kind"); k {
	case ledger.Admit:
		e := decided(k, c, rapid.SampledFrom([]schema.Kind{schema.Edit, schema.Promote, schema.Tune}).Draw(t, "change"), n)
		e.Decision.Required = rapid.SampledFrom([][]string{nil, {"etcd"}, someTargets}).Draw(t, "required")
		blob := rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "evidence")
		e.Evidence = []schema.Digest{schema.DigestOf(blob)}
		return e, [][]byte{blob}
	case ledger.Rollback, ledger.Retire, ledger.BreakGlass, ledger.Hold, ledger.Deny:
		return decided(k, c, schema.Rollback, n), nil
	case ledger.Apply:
		if rapid.Bool().Draw(t, "failed") {
			return failed(delivered(k, c, target, admission), "unreachable"), nil
		}
		return delivered(k, c, target, admission), nil
	case ledger.Drift, ledger.TargetDown:
		return delivered(k, c, target, admission), nil
	case ledger.Archive, ledger.Taint, ledger.Suspend, ledger.Resume:
		e := ordered(k, n)
		if k == ledger.Suspend || k == ledger.Resume {
			e.Order.Revision = ""
		}
		e.Stage, e.App = c.Stage, c.App
		return e, nil
	default:
		e := ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(n)}
		e.Code = rapid.SampledFrom([]schema.Code{"", ledger.NonFastForward}).Draw(t, "code")
		return e, nil
	}
}

var drawnKinds = []ledger.Kind{
	ledger.Admit, ledger.Rollback, ledger.Retire, ledger.BreakGlass, ledger.Hold, ledger.Deny, ledger.Apply, ledger.Drift,
	ledger.TargetDown, ledger.Archive, ledger.Taint, ledger.Suspend, ledger.Resume, ledger.Observe,
}

// TestAppendIsAFold appends random entries in random batches and compares with a fold of all entries from nothing, and
// with a tree that is planted anew.
func TestAppendIsAFold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := begunAs(t, rapid.SampledFrom([]ledger.Form{ledger.Deep, ledger.Flat, ledger.Volumes}).Draw(rt, "form"), rapid.Int64Range(1, 6).Draw(rt, "volume"))
		for range rapid.IntRange(1, 6).Draw(rt, "appends") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(rt, "pause")) * time.Millisecond)
			var entries []ledger.Entry
			var evidence [][]byte
			for range rapid.IntRange(1, 4).Draw(rt, "entries") {
				e, blobs := drawEntry(rt, w.ledger.Head().Size+int64(len(entries)))
				entries, evidence = append(entries, e), append(evidence, blobs...)
			}
			w.append(evidence, entries...)
		}
		compareWithFold(rt, w)
		if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
			rt.Fatalf("not proven:\n%s", findings(r))
		}
	})
}

// compareWithFold is the dumb twin of an append: all entries, one after the other.
func compareWithFold(t *rapid.T, w *world) {
	cells := map[schema.Cell]ledger.State{}
	var head ledger.Head
	var refs ledger.Refs
	l := w.ledger
	for seq := int64(1); seq <= l.Head().Size; seq++ {
		e, data, err := l.Entry(w.t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		head, refs = ledger.FoldHead(head, e, schema.DigestOf(data)), ledger.FoldRefs(refs, e)
		if e.Kind == ledger.Genesis {
			sealed, err := l.Evidence(w.t.Context(), e.Seal.Cells)
			if err != nil {
				t.Fatal(err)
			}
			list, err := ledger.ParseSealed(sealed)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				cells[cellIn(c.Stage, c.App)] = ledger.FoldSealed(ledger.State{}, e, c)
			}
		}
		if e.App != "" && e.Stage != "" {
			cells[e.Cell()] = head.Form.Fold(cells[e.Cell()], e)
		}
	}
	want := files{"head.json": blob(t, w, head), "refs.json": blob(t, w, refs)}
	shared := map[string][]byte{}
	for _, c := range slices.SortedFunc(maps.Keys(cells), func(a, b schema.Cell) int { return strings.Compare(hashed(a.App), hashed(b.App)) }) {
		path := head.Form.StatePath(c)
		if head.Form != ledger.Volumes {
			want[path] = blob(t, w, cells[c])
			continue
		}
		shared[path] = append(shared[path], w.objects[blob(t, w, cells[c])].Data...)
	}
	for path, data := range shared {
		want[path] = w.objects.put(schema.BlobObject, data)
	}
	got := w.objects.filesOf(l.Tip())
	for path, id := range want {
		if got[path] != id {
			t.Fatalf("%s:\n got %s\nwant %s", path, w.objects[got[path]].Data, w.objects[id].Data)
		}
	}
	again := w.objects.plant(maps.Clone(got))
	if id := string(w.objects[l.Tip()].Data[len("tree "):][:40]); id != again.String() {
		t.Fatalf("tree %s, planted anew %s", id, again)
	}
	compareCells(t, w, cells)
}

func hashed(a schema.App) string { return schema.DigestOf([]byte(a)).Hex() }

func compareCells(t *rapid.T, w *world, want map[schema.Cell]ledger.State) {
	for _, l := range []*ledger.Ledger{w.ledger, w.reopen()} {
		states, err := l.Cells(w.t.Context())
		if err != nil || len(states) != len(want) {
			t.Fatalf("%d cells, %v, want %d", len(states), err, len(want))
		}
		for _, s := range states {
			a, _ := ledger.EncodeState(s)
			b, _ := ledger.EncodeState(want[cellIn(s.Stage, s.App)])
			if !slices.Equal(a, b) {
				t.Fatalf("cell:\n got %s\nwant %s", a, b)
			}
		}
	}
}

func blob[T any](t *rapid.T, w *world, v T) schema.Hash {
	data, err := ledger.EncodeJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return w.objects.put(schema.BlobObject, data)
}
