package ledger_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite testdata")

// vectors are the directories of ledgers with fixed keys and times in which every kind of entry occurs, by their form.
var vectors = map[string]ledger.Form{"testdata/vector": ledger.Deep, "testdata/volumes": ledger.Volumes}

func vectorWorld(t testing.TB, form ledger.Form) *world {
	w := newWorld(t)
	next := keyOf("next")
	l, err := ledger.Open(t.Context(), w.objects, schema.Hash{}, options(w.key, next))
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	dev, prod := cellIn("development", "payments"), cellIn("production", "payments")
	e, evidence := genesis(t,
		ledger.SealedCell{Stage: "production", App: "payments", Revision: side(1).Revision, Content: side(1).Content, Manifest: schema.DigestOf(manifest), Commit: hash(0), Required: []string{"etcd"}},
		ledger.SealedCell{Stage: "development", App: "team/search", Revision: schema.None, Content: schema.NoContent, Commit: hash(0)})
	if e.Seal.Form = form; form == ledger.Volumes {
		e.Seal.Volume = 8
	}
	w.append(append(evidence, manifest), withEvidence(e, manifest))
	w.append(nil, delivered(ledger.Apply, prod, "etcd", 1))
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, Old: hash(0), New: hash(1)})
	w.append([][]byte{raw}, withEvidence(vectorAdmission(dev), raw))
	w.append(nil, failed(delivered(ledger.Apply, dev, "etcd", 4), "unreachable"), delivered(ledger.Apply, dev, "file", 4))
	w.append(nil, delivered(ledger.Apply, dev, "etcd", 4))
	w.append(nil, decided(ledger.Hold, prod, schema.Promote, 2), decided(ledger.Deny, cellIn("gray", "payments"), schema.Override, 2))
	w.append(nil, decided(ledger.Admit, prod, schema.Promote, 2))
	w.append(nil, vectorDrift(prod, 10), delivered(ledger.TargetDown, prod, "etcd", 10))
	w.append(nil, decided(ledger.Rollback, prod, schema.Rollback, 1))
	pin := ordered(ledger.Suspend, 0)
	until := begin.Add(time.Hour)
	pin.Stage, pin.App, pin.Order.Until = "production", "", &until
	free := ordered(ledger.Resume, 0)
	free.Stage, free.App = "production", ""
	w.append(nil, pin, free)
	w.append(nil, about(ordered(ledger.Taint, 2), prod), about(ordered(ledger.Archive, 2), prod))
	glass, review := decided(ledger.BreakGlass, prod, schema.Override, 3), begin.Add(24*time.Hour)
	glass.Order = &ledger.Order{Until: &until, Review: &review, Statement: schema.DigestOf([]byte("break the glass")), By: []string{"ann", "ben"}, Reason: "the payment host is gone"}
	w.append(nil, glass)
	looked := about(ordered(ledger.Taint, 3), prod)
	looked.Code = ledger.Reviewed
	w.append(nil, looked)
	gone := decided(ledger.Retire, prod, schema.Retire, 4)
	gone.Decision.Change.To = schema.Side{Revision: schema.None, Content: schema.NoContent}
	w.append(nil, gone)
	w.append(nil, ledger.Entry{Kind: ledger.Control, Ref: main, Old: hash(4), New: hash(5), Stage: "", App: schema.Control.App,
		Seal: &ledger.Seal{Trust: 2, Commit: hash(5), Control: schema.DigestOf(control)}})
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, Old: hash(5), New: hash(2), Code: ledger.NonFastForward})
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, Old: hash(5), New: hash(2), Code: ledger.Accepted,
		Order: &ledger.Order{Statement: schema.DigestOf([]byte("follow it")), By: []string{"ann"}, Reason: "rebased by mistake"}})
	w.append(nil, ledger.Entry{Kind: ledger.Expunge, Order: &ledger.Order{Blob: schema.DigestOf(raw)}})
	w.append(nil, ledger.Entry{Kind: ledger.KeyRotate, Order: &ledger.Order{LogKey: next.line()}})
	w.key = next
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, Old: hash(5), New: hash(6)})
	return vectorGray(w, cellIn("gray", "payments"))
}

// vectorGray lets a revision in for all, and the next one step by step.
func vectorGray(w *world, c schema.Cell) *world {
	first := decided(ledger.Admit, c, schema.Promote, 5)
	w.append(nil, first)
	begins := decided(ledger.Admit, c, schema.Promote, 6)
	begins.Decision.Required = []string{"etcd"}
	begins.Decision.Gray = &schema.GrayRule{Services: []string{"checkout"}, Labels: map[string]string{"pool": "early"}, Permyriad: 500}
	w.append(nil, begins)
	admission := w.ledger.Head().Size
	w.append(nil, delivered(ledger.Apply, c, "etcd", admission))
	more := schema.GrayRule{Services: []string{"checkout"}, Labels: map[string]string{"pool": "early"}, Permyriad: 2500}
	health := []byte("what instances said\n")
	step := ledger.Entry{Kind: ledger.Widen, Stage: c.Stage, App: c.App, Step: &ledger.Step{
		Admission: admission, Rule: &more, Verdict: schema.Verdict{Policy: "gray", Outcome: schema.Allow}, Control: 1, Health: schema.DigestOf(health),
	}}
	w.append([][]byte{health}, withEvidence(step, health))
	all := ledger.Entry{Kind: ledger.Widen, Stage: c.Stage, App: c.App, Step: &ledger.Step{
		Admission: admission, Verdict: schema.Verdict{Policy: "gray", Outcome: schema.Allow}, Control: 1,
	}}
	w.append(nil, all)
	w.append(nil, delivered(ledger.Apply, c, "etcd", w.ledger.Head().Size))
	return w
}

func vectorAdmission(c schema.Cell) ledger.Entry {
	e := decided(ledger.Admit, c, schema.Edit, 2)
	d := e.Decision
	opened := begin.Add(-time.Hour)
	d.MergeRequest = &ledger.MergeRequest{Host: "git.example", ProjectID: 12, IID: 34, Author: "ann", MergedBy: "ben", OpenedAt: opened, MergedAt: begin}
	d.Commits = []schema.CommitVerdict{{Commit: hash(2), Code: "ok", Principal: "ann", Key: "SHA256:abc", Algorithm: "ssh-ed25519", SignedAt: opened, Payload: schema.DigestOf(raw), Author: schema.Identity{Name: "Ann", Email: "ann@example.com"}}}
	d.Counted = []ledger.CountedApproval{{Principal: "ben", Level: "observed", Role: "approver:development", At: opened, Version: 3}}
	d.Manifest, d.Authors, d.Required = schema.DigestOf(manifest), []string{"ann"}, []string{"etcd", "file"}
	d.Snapshot, d.Operator, d.Patch = "v20260302090400-"+schema.DigestOf(raw).Hex()[:8], "ben", []ledger.PatchOp{{Op: "replace", Path: "/app.yaml/pool/size"}}
	d.Verdict.Parts = []schema.Verdict{{Policy: "signed", Outcome: schema.Allow, Args: map[string]string{"commits": "1"}}}
	return e
}

func vectorDrift(c schema.Cell, admission int64) ledger.Entry {
	e := delivered(ledger.Drift, c, "etcd", admission)
	seen := begin.Add(8 * time.Minute)
	e.ObservedAt = &seen
	e.Delivery.Content, e.Delivery.Found = side(2).Content, schema.DigestOf(raw)
	e.Delivery.Keys = []ledger.DriftKey{{Key: "head", Op: "changed", Before: schema.DigestOf(manifest), After: schema.DigestOf(raw)}}
	return e
}

func withEvidence(e ledger.Entry, blobs ...[]byte) ledger.Entry {
	for _, b := range blobs {
		e.Evidence = append(e.Evidence, schema.DigestOf(b))
	}
	return e
}

func about(e ledger.Entry, c schema.Cell) ledger.Entry {
	e.Stage, e.App = c.Stage, c.App
	return e
}

// vectorFiles is the tree of the last commit as files, entries and evidence of the trees that closed volumes, the raw commits,
// and the keys.
func vectorFiles(t testing.TB, w *world) map[string][]byte {
	t.Helper()
	out := map[string][]byte{"log.pub": []byte(keyOf("log").line() + "\n"), "next.pub": []byte(keyOf("next").line() + "\n")}
	for path, id := range w.objects.filesOf(w.ledger.Tip()) {
		out["tree/"+path] = w.objects[id].Data
	}
	for line := range strings.Lines(string(out["tree/volumes"])) {
		last, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
		id, err := schema.ParseHash(commit)
		if err != nil {
			t.Fatal(err)
		}
		for path, blob := range w.objects.filesOf(id) {
			if strings.HasPrefix(path, "entries/") || strings.HasPrefix(path, "evidence/") {
				out["closed/"+last+"/"+path] = w.objects[blob].Data
			}
		}
	}
	var ids strings.Builder
	for n, tip := range w.tips {
		out[fmt.Sprintf("commits/%02d", n+1)] = w.objects[tip].Data
		fmt.Fprintln(&ids, tip)
	}
	out["commits/ids"] = []byte(ids.String())
	return out
}

// TestVectors holds the format to the files of testdata, byte for byte. They change only with the format.
func TestVectors(t *testing.T) {
	for vector, form := range vectors {
		want := vectorFiles(t, vectorWorld(t, form))
		if *update {
			writeVector(t, vector, want)
		}
		have := readVector(t, vector)
		for path, data := range want {
			if string(have[path]) != string(data) {
				t.Errorf("%s: %s:\n got %s\nwant %s", vector, path, data, have[path])
			}
		}
		for path := range have {
			if _, ok := want[path]; !ok {
				t.Errorf("%s: in %s alone", path, vector)
			}
		}
	}
}

func writeVector(t *testing.T, vector string, files map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(vector); err != nil {
		t.Fatal(err)
	}
	for path, data := range files {
		name := filepath.Join(vector, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func readVector(t testing.TB, vector string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(vector), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(vector, filepath.FromSlash(path)))
		out[path] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestVectorsFold folds the entries of the files and compares with the state that the files hold.
func TestVectorsFold(t *testing.T) {
	for vector, form := range vectors {
		foldVector(t, readVector(t, vector), form)
	}
}

// inVector returns a file of entries or evidence, from the volume that has it.
func inVector(have map[string][]byte, path string) []byte {
	for name, data := range have {
		if rest, ok := strings.CutPrefix(name, "closed/"); ok && strings.HasSuffix(rest, "/"+path) {
			return data
		}
	}
	return have["tree/"+path]
}

func foldVector(t *testing.T, have map[string][]byte, form ledger.Form) {
	cells := map[schema.Cell]ledger.State{}
	kinds := map[ledger.Kind]bool{}
	var prev schema.Digest
	for seq := int64(1); inVector(have, ledger.EntryPath(seq)) != nil; seq++ {
		data := inVector(have, ledger.EntryPath(seq))
		e, err := ledger.Decode(data)
		if err != nil || e.Seq != seq || e.Prev != prev {
			t.Fatalf("entry %d: %+v, %v", seq, e, err)
		}
		prev, kinds[e.Kind] = schema.DigestOf(data), true
		if e.Kind == ledger.Genesis {
			sealed, err := ledger.ParseSealed(inVector(have, form.EvidencePath(e.Seal.Cells)))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range sealed {
				cells[cellIn(c.Stage, c.App)] = ledger.FoldSealed(ledger.State{}, e, c)
			}
		}
		if e.Stage != "" && e.App != "" {
			cells[e.Cell()] = form.Fold(cells[e.Cell()], e)
		}
	}
	for c, s := range cells {
		path := "tree/" + form.StatePath(c)
		data, err := ledger.EncodeState(s)
		if err != nil || !strings.Contains("\n"+string(have[path]), "\n"+string(data)) || form != ledger.Volumes && len(have[path]) != len(data) {
			t.Errorf("%s: %v\n got %s\nwant %s", path, err, data, have[path])
		}
	}
	for _, kind := range ledger.Kinds() {
		if !kinds[kind] {
			t.Errorf("no %s entry in the vector", kind)
		}
	}
}

func TestVectorsAreProven(t *testing.T) {
	for vector, form := range vectors {
		w := vectorWorld(t, form)
		if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
			t.Errorf("%s: findings:\n%s", vector, findings(r))
		}
	}
}
