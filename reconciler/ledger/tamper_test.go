package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var (
	pay    = cellIn("development", "payments")
	search = cellIn("development", "team/search")
	raw    = []byte("raw commit")
)

// grown is a ledger of four commits and six entries; the third commit brings evidence.
func grown(t testing.TB) *world { return grownAs(t, ledger.Volumes) }

func grownAs(t testing.TB, form ledger.Form) *world {
	w := begunAs(t, form, ledger.VolumeEntries)
	w.append(nil, decided(ledger.Admit, pay, schema.Edit, 1), decided(ledger.Hold, search, schema.Edit, 1))
	admit := decided(ledger.Admit, search, schema.Edit, 2)
	admit.Evidence = []schema.Digest{schema.DigestOf(raw)}
	w.append([][]byte{raw}, admit)
	w.append(nil, delivered(ledger.Apply, pay, "etcd", 2), delivered(ledger.Apply, search, "etcd", 4))
	return w
}

func verifyOptions() ledger.VerifyOptions {
	return ledger.VerifyOptions{
		Project: project, Anchor: schema.DigestOf([]byte("root.yaml")),
		LogKeys: []string{keyOf("log").line()}, VerifyCommit: verifyCommit,
	}
}

func verify(t testing.TB, objects memory, tip schema.Hash, o ledger.VerifyOptions) ledger.Report {
	t.Helper()
	r, err := ledger.Verify(t.Context(), objects, tip, o)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return r
}

func TestAnHonestLedgerIsProven(t *testing.T) {
	w := grown(t)
	o := verifyOptions()
	o.Known = []ledger.Checkpoint{w.ledger.Checkpoint()}
	r := verify(t, w.objects, w.ledger.Tip(), o)
	if !r.Proven() || r.Entries != 6 || r.Commits != 4 || r.Apps != 2 || r.Cells != 2 {
		t.Errorf("report %+v", r)
	}
}

// forge replaces the tip of a ledger by a commit of the same parent whose tree was changed, signed by key.
func (w *world) forge(key logKey, change func(files)) schema.Hash {
	w.t.Helper()
	parent := w.tips[len(w.tips)-2]
	fs := w.objects.filesOf(w.ledger.Tip())
	change(fs)
	return w.commit(key, fs, parent)
}

func (w *world) commit(key logKey, fs files, parents ...schema.Hash) schema.Hash {
	w.t.Helper()
	data, err := ledger.SignedCommit(w.objects.plant(fs), parents, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.objects.put(schema.CommitObject, data)
}

// rewrite replaces text in a file of the tip.
func (w *world) rewrite(path, old, new string) schema.Hash {
	w.t.Helper()
	return w.forge(w.key, func(fs files) {
		data := w.objects[fs[path]].Data
		if !bytes.Contains(data, []byte(old)) {
			w.t.Fatalf("%s does not hold %q: %s", path, old, data)
		}
		fs[path] = w.objects.put(schema.BlobObject, bytes.Replace(data, []byte(old), []byte(new), 1))
	})
}

// steal appends one entry as a thief of the log key would: change says what is written instead of the honest entry.
func (w *world) steal(change func(*ledger.Entry), bytesOf func([]byte) []byte) schema.Hash {
	w.t.Helper()
	head := w.ledger.Head()
	e := ledger.Entry{
		V: 1, Seq: head.Size + 1, Prev: head.Last, Project: project, Kind: ledger.Observe,
		At: head.At.Add(time.Minute), Ref: main, New: hash(9),
	}
	if change != nil {
		change(&e)
	}
	data, err := ledger.EncodeUnchecked(e)
	if err != nil {
		w.t.Fatal(err)
	}
	if bytesOf != nil {
		data = bytesOf(data)
	}
	b, err := w.ledger.AppendAsWritten(w.t.Context(), []ledger.Entry{e}, [][]byte{data}, w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.objects.store(b.Objects)
	return b.New
}

func stateOf(c schema.Cell) string { return ledger.Volumes.StatePath(c) }

func TestTamperingIsFound(t *testing.T) {
	evidence := ledger.Volumes.EvidencePath(schema.DigestOf(raw))
	tests := []struct {
		name   string
		tamper func(w *world) schema.Hash
		known  func(w *world) []ledger.Checkpoint
		want   schema.Code
		class  ledger.Class
	}{
		{"an old entry is edited", func(w *world) schema.Hash {
			return w.rewrite(ledger.EntryPath(2), "squash", "direct")
		}, nil, ledger.LogChain, ledger.Violated},
		{"an old entry is deleted", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { delete(fs, ledger.EntryPath(2)) })
		}, nil, ledger.LogChain, ledger.Violated},
		{"the newest entry is edited", func(w *world) schema.Hash {
			return w.rewrite(ledger.EntryPath(6), "etcd", "file")
		}, nil, ledger.LogChain, ledger.Violated},
		{"the newest entry is deleted", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { delete(fs, ledger.EntryPath(6)) })
		}, nil, ledger.LogChain, ledger.Violated},
		{"two entries of one append are exchanged", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) {
				a, b := ledger.EntryPath(5), ledger.EntryPath(6)
				fs[a], fs[b] = fs[b], fs[a]
			})
		}, nil, ledger.LogOrder, ledger.Violated},
		{"an entry that no append made lies in the tree", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { fs[ledger.EntryPath(99)] = fs[ledger.EntryPath(2)] })
		}, nil, ledger.LogChain, ledger.Violated},
		{"the tail is cut off", func(w *world) schema.Hash { return w.tips[2] },
			func(w *world) []ledger.Checkpoint { return []ledger.Checkpoint{w.ledger.Checkpoint()} },
			ledger.LogRollback, ledger.Violated},
		{"history is written anew", func(w *world) schema.Hash {
			other := begun(w.t)
			for n := range 5 {
				other.append(nil, decided(ledger.Admit, pay, schema.Edit, n+5))
			}
			w.objects.store(values(other.objects))
			return other.ledger.Tip()
		}, func(w *world) []ledger.Checkpoint { return []ledger.Checkpoint{w.ledger.Checkpoint()} },
			ledger.LogFork, ledger.Violated},
		{"a cell's state says something else", func(w *world) schema.Hash {
			return w.rewrite(stateOf(pay), `"seq":2`, `"seq":4`)
		}, nil, ledger.StateMismatch, ledger.Violated},
		{"a cell's state is missing", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { delete(fs, stateOf(pay)) })
		}, nil, ledger.StateMismatch, ledger.Violated},
		{"a cell that no entry names", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { fs[stateOf(cellIn("production", "payments"))] = fs[stateOf(pay)] })
		}, nil, ledger.StateMismatch, ledger.Violated},
		{"the refs say something else", func(w *world) schema.Hash {
			return w.rewrite("refs.json", hash(2).String(), hash(3).String())
		}, nil, ledger.StateMismatch, ledger.Violated},
		{"the head says something else", func(w *world) schema.Hash {
			return w.rewrite("head.json", `"trust":1`, `"trust":2`)
		}, nil, ledger.StateMismatch, ledger.Violated},
		{"the right edge says something else", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) {
				fs["merkle"] = w.objects.filesOf(w.tips[2])["merkle"]
			})
		}, nil, ledger.StateMismatch, ledger.Violated},
		{"a file that is none of the ledger's", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { fs["readme"] = fs["merkle"] })
		}, nil, ledger.StateMismatch, ledger.Violated},
		{"the checkpoint is signed by another key", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) {
				text, _, _ := bytes.Cut(w.objects[fs["checkpoint"]].Data, []byte("\n\n"))
				fs["checkpoint"] = w.objects.put(schema.BlobObject, signNote(w.t, append(text, '\n'), keyOf("other")))
			})
		}, nil, ledger.LogSignature, ledger.Violated},
		{"the checkpoint is that of an older append", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { fs["checkpoint"] = w.objects.filesOf(w.tips[2])["checkpoint"] })
		}, nil, ledger.LogOrder, ledger.Violated},
		{"the checkpoint has another root", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) {
				c := w.ledger.Checkpoint()
				c.Root[0]++
				text := project + "\n6\n" + c.Root.String() + "\n"
				fs["checkpoint"] = w.objects.put(schema.BlobObject, signNote(w.t, []byte(text), w.key))
			})
		}, nil, ledger.LogChain, ledger.Violated},
		{"the commit is signed by another key", func(w *world) schema.Hash {
			return w.forge(keyOf("other"), func(files) {})
		}, nil, ledger.LogSignature, ledger.Violated},
		{"the commit is not signed", func(w *world) schema.Hash {
			data := w.objects[w.ledger.Tip()].Data
			before, rest, _ := bytes.Cut(data, []byte("gpgsig "))
			_, after, _ := bytes.Cut(rest, []byte("\n\n"))
			return w.objects.put(schema.CommitObject, append(append(bytes.Clone(before), '\n'), after...))
		}, nil, ledger.LogSignature, ledger.Violated},
		{"a commit has two parents", func(w *world) schema.Hash {
			return w.commit(w.key, w.objects.filesOf(w.ledger.Tip()), w.tips[2], w.tips[1])
		}, nil, ledger.LogFork, ledger.Violated},
		{"a commit adds no entry", func(w *world) schema.Hash {
			return w.commit(w.key, w.objects.filesOf(w.ledger.Tip()), w.ledger.Tip())
		}, nil, ledger.LogOrder, ledger.Violated},
		{"an entry does not name the one before", func(w *world) schema.Hash {
			return w.steal(func(e *ledger.Entry) { e.Prev = schema.DigestOf(raw) }, nil)
		}, nil, ledger.LogChain, ledger.Violated},
		{"an entry is earlier than the one before", func(w *world) schema.Hash {
			return w.steal(func(e *ledger.Entry) { e.At = begin }, nil)
		}, nil, ledger.LogOrder, ledger.Violated},
		{"an entry has the number of another", func(w *world) schema.Hash {
			return w.steal(nil, func(b []byte) []byte { return bytes.Replace(b, []byte(`"seq":7`), []byte(`"seq":8`), 1) })
		}, nil, ledger.LogOrder, ledger.Violated},
		{"an entry is of another project", func(w *world) schema.Hash {
			return w.steal(func(e *ledger.Entry) { e.Project = "another" }, nil)
		}, nil, ledger.LogOrigin, ledger.Violated},
		{"an entry of an unknown kind", func(w *world) schema.Hash {
			return w.steal(nil, func(b []byte) []byte { return bytes.Replace(b, []byte(`"observe"`), []byte(`"guess"`), 1) })
		}, nil, ledger.UnknownFormat, ledger.Unprovable},
		{"an entry of a newer version", func(w *world) schema.Hash {
			return w.steal(nil, func(b []byte) []byte { return bytes.Replace(b, []byte(`"v":1`), []byte(`"v":2`), 1) })
		}, nil, ledger.UnknownFormat, ledger.Unprovable},
		{"an entry with a field nobody knows", func(w *world) schema.Hash {
			return w.steal(nil, func(b []byte) []byte { return bytes.Replace(b, []byte(`{`), []byte(`{"also":1,`), 1) })
		}, nil, ledger.UnknownFormat, ledger.Unprovable},
		{"evidence is taken away", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { delete(fs, evidence) })
		}, nil, ledger.EvidenceMissing, ledger.Unprovable},
		{"evidence is exchanged", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { fs[evidence] = fs["merkle"] })
		}, nil, ledger.EvidenceMissing, ledger.Unprovable},
		{"evidence is another from the beginning", func(w *world) schema.Hash {
			blob := []byte("more")
			w.append([][]byte{blob}, withEvidence(decided(ledger.Admit, pay, schema.Edit, 5), blob))
			return w.forge(w.key, func(fs files) { fs[ledger.Volumes.EvidencePath(schema.DigestOf(blob))] = fs["merkle"] })
		}, nil, ledger.EvidenceMissing, ledger.Unprovable},
		{"the bytes of evidence are gone", func(w *world) schema.Hash {
			delete(w.objects, schema.ObjectID(schema.BlobObject, raw))
			return w.ledger.Tip()
		}, nil, ledger.EvidenceMissing, ledger.Unprovable},
		{"the history is shallow", func(w *world) schema.Hash {
			delete(w.objects, w.tips[1])
			return w.ledger.Tip()
		}, nil, ledger.HistoryMissing, ledger.Unprovable},
		{"there is no ledger", func(*world) schema.Hash { return schema.Hash{} }, nil, ledger.LogEmpty, ledger.Unprovable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := grown(t)
			o := verifyOptions()
			if tt.known != nil {
				o.Known = tt.known(w)
			}
			r := verify(t, w.objects, tt.tamper(w), o)
			if r.Proven() || !hasFinding(r, tt.want, tt.class) {
				t.Errorf("want %s (%s), got:\n%s", tt.want, tt.class, findings(r))
			}
			if tt.class == ledger.Unprovable && r.Violated() {
				t.Errorf("want only what cannot be proven, got:\n%s", findings(r))
			}
		})
	}
}

func hasFinding(r ledger.Report, code schema.Code, class ledger.Class) bool {
	for _, f := range r.Findings {
		if f.Code == code && f.Class == class {
			return true
		}
	}
	return false
}

func findings(r ledger.Report) string {
	lines := make([]string, len(r.Findings))
	for i, f := range r.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

func values(m memory) []schema.Object {
	var out []schema.Object
	for _, o := range m {
		out = append(out, o)
	}
	return out
}

func TestVerifyAsksForAnAnchor(t *testing.T) {
	w := grown(t)
	o := verifyOptions()
	o.Anchor, o.Project = "", ""
	r := verify(t, w.objects, w.ledger.Tip(), o)
	if r.Violated() || !hasFinding(r, ledger.AnchorMissing, ledger.Unprovable) || r.Anchor != schema.DigestOf([]byte("root.yaml")) {
		t.Errorf("without an anchor: %+v", r)
	}
	o.Anchor = schema.DigestOf([]byte("other"))
	if r := verify(t, w.objects, w.ledger.Tip(), o); !hasFinding(r, ledger.AnchorMismatch, ledger.Violated) {
		t.Errorf("with another anchor:\n%s", findings(r))
	}
	o.Project = "another"
	if r := verify(t, w.objects, w.ledger.Tip(), o); !hasFinding(r, ledger.LogOrigin, ledger.Violated) {
		t.Errorf("with another project:\n%s", findings(r))
	}
}

func TestVerifyStops(t *testing.T) {
	w := grown(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ledger.Verify(ctx, w.objects, w.ledger.Tip(), verifyOptions()); err == nil {
		t.Error("verified although it was cancelled")
	}
}

func TestALogKeyIsReplaced(t *testing.T) {
	w := grown(t)
	next := keyOf("next")
	l, err := ledger.Open(t.Context(), w.objects, w.ledger.Tip(), options(w.key, next))
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	w.append(nil, ledger.Entry{Kind: ledger.KeyRotate, Order: &ledger.Order{LogKey: next.line()}})
	old := w.key
	rotated := w.ledger
	w.key = next
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(4)})
	if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
		t.Errorf("by the new key:\n%s", findings(r))
	}
	w.key, w.ledger = old, rotated
	if _, err := w.ledger.Append(t.Context(), w.now, []ledger.Entry{{Kind: ledger.Observe, Ref: main, New: hash(4)}}, nil, old); !errors.Is(err, ledger.ErrReplacedKey) {
		t.Errorf("an append with the old key: got %v, want %v", err, ledger.ErrReplacedKey)
	}
	w.ledger = w.ledgerAt(w.steal(nil, nil))
	if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !hasFinding(r, ledger.LogSignature, ledger.Violated) {
		t.Errorf("by the old key after the rotation:\n%s", findings(r))
	}
}

func TestExpungedEvidenceIsNoFinding(t *testing.T) {
	w := grown(t)
	w.append(nil, ledger.Entry{Kind: ledger.Expunge, Order: &ledger.Order{Blob: schema.DigestOf(raw)}})
	if _, err := w.reopen().Evidence(t.Context(), schema.DigestOf(raw)); err == nil {
		t.Error("the evidence is still in the tree")
	}
	delete(w.objects, schema.ObjectID(schema.BlobObject, raw))
	if r := verify(t, w.objects, w.ledger.Tip(), verifyOptions()); !r.Proven() {
		t.Errorf("want proven:\n%s", findings(r))
	}
}

func TestHoldsACheckpointItWentThrough(t *testing.T) {
	w := grown(t)
	for _, tip := range w.tips {
		l, err := ledger.Open(t.Context(), w.objects, tip, options(w.key))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.ledger.Holds(t.Context(), l.Checkpoint()); err != nil {
			t.Errorf("checkpoint of %d: %v", l.Checkpoint().Size, err)
		}
		c := l.Checkpoint()
		c.Root[3]++
		if err := w.ledger.Holds(t.Context(), c); err == nil {
			t.Errorf("a checkpoint of %d with another root was held", c.Size)
		}
	}
	c := w.ledger.Checkpoint()
	c.Size++
	if err := w.ledger.Holds(t.Context(), c); err == nil {
		t.Error("a longer checkpoint was held")
	}
}
