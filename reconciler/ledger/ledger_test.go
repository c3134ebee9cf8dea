package ledger_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

const project = "sluice-1f0c9a7e55d24b6f"

var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// memory holds objects as a repository would.
type memory map[schema.Hash]schema.Object

var errNoObject = errors.New("no such object")

func (m memory) Object(_ context.Context, id schema.Hash) (schema.ObjectKind, []byte, error) {
	o, ok := m[id]
	if !ok {
		return "", nil, errNoObject
	}
	return o.Kind, o.Data, nil
}

func (m memory) store(objects []schema.Object) {
	for _, o := range objects {
		m[o.ID] = o
	}
}

// logKey is a log key made from a name, so that vectors stay the same.
type logKey struct{ private ed25519.PrivateKey }

func keyOf(name string) logKey {
	seed := sha256.Sum256([]byte(name))
	return logKey{ed25519.NewKeyFromSeed(seed[:])}
}

func (k logKey) PublicKey() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }
func (k logKey) line() string                 { return ledger.FormatLogKey(k.PublicKey()) }

func (k logKey) SignNote(text []byte) ([]byte, error) { return ed25519.Sign(k.private, text), nil }

func (k logKey) SignCommit(payload []byte) ([]byte, error) {
	signer, err := ssh.NewSignerFromKey(k.private)
	if err != nil {
		return nil, err
	}
	sig, err := sshsig.Sign(bytes.NewReader(payload), signer, sshsig.HashSHA512, "git")
	if err != nil {
		return nil, err
	}
	return sshsig.Armor(sig), nil
}

func verifyCommit(payload, armored []byte, key ed25519.PublicKey) error {
	sig, err := sshsig.Unarmor(armored)
	if err != nil {
		return err
	}
	public, err := ssh.NewPublicKey(key)
	if err != nil {
		return err
	}
	return sshsig.Verify(bytes.NewReader(payload), sig, public, sig.HashAlgorithm, "git")
}

// world is a ledger that a test appends to, with the objects that were pushed so far.
type world struct {
	t       testing.TB
	objects memory
	key     logKey
	ledger  *ledger.Ledger
	now     time.Time
	tips    []schema.Hash
}

func options(keys ...logKey) ledger.Options {
	o := ledger.Options{Project: project, VerifyCommit: verifyCommit}
	for _, k := range keys {
		o.LogKeys = append(o.LogKeys, k.line())
	}
	return o
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, objects: memory{}, key: keyOf("log"), now: begin}
	l, err := ledger.Open(t.Context(), w.objects, schema.Hash{}, options(w.key))
	if err != nil {
		t.Fatalf("open empty ledger: %v", err)
	}
	w.ledger = l
	return w
}

// append appends the entries a minute later and pushes them.
func (w *world) append(evidence [][]byte, entries ...ledger.Entry) ledger.Batch {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	b, err := w.ledger.Append(w.t.Context(), w.now, entries, evidence, w.key)
	if err != nil {
		w.t.Fatalf("append: %v", err)
	}
	w.objects.store(b.Objects)
	w.ledger, w.tips = b.Ledger, append(w.tips, b.New)
	return b
}

// reopen opens the tip anew, from what was pushed.
func (w *world) reopen() *ledger.Ledger {
	w.t.Helper()
	l, err := ledger.Open(w.t.Context(), w.objects, w.ledger.Tip(), options(w.key))
	if err != nil {
		w.t.Fatalf("reopen: %v", err)
	}
	return l
}

var (
	main     = "refs/heads/main"
	control  = []byte("control files\n")
	manifest = []byte("manifest\n")
)

// hash is a made-up object id.
func hash(n int) schema.Hash {
	return schema.ObjectID(schema.BlobObject, fmt.Appendf(nil, "object %d", n))
}

// side is a made-up content of which the revision is the same as another's with the same number.
func side(n int) schema.Side {
	return schema.Side{
		Revision: schema.Revision(schema.DigestOf(fmt.Appendf(nil, "revision %d", n))),
		Content:  schema.Content(schema.DigestOf(fmt.Appendf(nil, "content %d", n))),
	}
}

func cellIn(stage schema.StageName, app schema.App) schema.Cell {
	return schema.Cell{Stage: stage, App: app}
}

// genesis is entry 1 with the sealed cells, and its evidence.
func genesis(t testing.TB, cells ...ledger.SealedCell) (ledger.Entry, [][]byte) {
	t.Helper()
	sealed, err := ledger.EncodeSealed(cells)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Entry{Kind: ledger.Genesis, Seal: &ledger.Seal{
		Anchor: schema.DigestOf([]byte("root.yaml")), Trust: 1, Commit: hash(0), Control: schema.DigestOf(control),
		Refs: map[string]schema.Hash{main: hash(0)}, Cells: schema.DigestOf(sealed),
	}}, [][]byte{sealed, control}
}

func decided(kind ledger.Kind, c schema.Cell, change schema.Kind, n int) ledger.Entry {
	outcome := schema.Allow
	if kind == ledger.Hold {
		outcome = schema.Hold
	}
	if kind == ledger.Deny {
		outcome = schema.Deny
	}
	return ledger.Entry{
		Kind: kind, Stage: c.Stage, App: c.App, Ref: main, Old: hash(n - 1), New: hash(n),
		Decision: &ledger.Decision{
			Change:  schema.Change{Kind: change, To: side(n)},
			Landing: schema.Landing{Ref: main, Base: hash(n - 1), Start: hash(n - 1), Tip: hash(n), Method: schema.Squash, Bound: schema.Binding{OK: true}},
			Verdict: schema.Verdict{Policy: "gate", Outcome: outcome},
			Gate:    schema.DigestOf([]byte("gate")), Trust: 1, Control: 1,
			Required: []string{"etcd"},
		},
	}
}

func delivered(kind ledger.Kind, c schema.Cell, target string, admission int64) ledger.Entry {
	e := ledger.Entry{Kind: kind, Stage: c.Stage, App: c.App, Delivery: &ledger.Delivery{Target: target, Admission: admission}}
	if kind == ledger.Apply {
		e.Delivery.Result = ledger.ResultOK
	}
	return e
}

func failed(e ledger.Entry, code schema.Code) ledger.Entry {
	e.Delivery.Result, e.Code = ledger.ResultFailed, code
	return e
}

// begun is a world with genesis and one sealed cell.
func begun(t testing.TB) *world { return begunAs(t, ledger.Volumes, ledger.VolumeEntries) }

// begunAs spreads the files in a form; [ledger.Volumes] is that of new ledgers.
func begunAs(t testing.TB, form ledger.Form, volume int64) *world {
	w := newWorld(t)
	e, evidence := genesis(t, ledger.SealedCell{
		Stage: "development", App: "payments", Revision: side(0).Revision, Content: side(0).Content,
		Manifest: schema.DigestOf(manifest), Commit: hash(0), Required: []string{"etcd"},
	})
	if e.Seal.Form = form; form == ledger.Volumes {
		e.Seal.Volume = volume
	}
	w.append(evidence, e)
	return w
}

func TestAppendIsReadBack(t *testing.T) {
	w := begun(t)
	pay := cellIn("development", "payments")
	admit := decided(ledger.Admit, pay, schema.Edit, 1)
	admit.Evidence = []schema.Digest{schema.DigestOf([]byte("raw commit"))}
	b := w.append([][]byte{[]byte("raw commit")}, admit, decided(ledger.Hold, cellIn("testing", "team/search"), schema.Promote, 1))
	if len(b.Entries) != 2 || b.Entries[1].Seq != 3 || b.Old != w.tips[0] {
		t.Fatalf("batch: entries %v, old %s", b.Entries, b.Old)
	}
	for name, l := range map[string]*ledger.Ledger{"in memory": w.ledger, "reopened": w.reopen()} {
		if l.Head().Size != 3 || l.Head().Project != project || l.Refs().Seen[main] != hash(1) {
			t.Errorf("%s: head %+v refs %+v", name, l.Head(), l.Refs())
		}
		s, ok, err := l.Cell(t.Context(), pay)
		if err != nil || !ok || s.Admitted.Seq != 2 || s.Admitted.Revision != side(1).Revision {
			t.Errorf("%s: payments %+v, %v, %v", name, s, ok, err)
		}
		s, ok, err = l.Cell(t.Context(), cellIn("testing", "team/search"))
		if err != nil || !ok || s.Held == nil || s.Held.Seq != 3 {
			t.Errorf("%s: search %+v, %v, %v", name, s, ok, err)
		}
		if _, ok, err := l.Cell(t.Context(), cellIn("gray", "payments")); ok || err != nil {
			t.Errorf("%s: a cell nobody named: %v, %v", name, ok, err)
		}
		cells, err := l.Cells(t.Context())
		if err != nil || len(cells) != 2 {
			t.Errorf("%s: cells %v, %v", name, cells, err)
		}
		got, err := l.Evidence(t.Context(), admit.Evidence[0])
		if err != nil || string(got) != "raw commit" {
			t.Errorf("%s: evidence %q, %v", name, got, err)
		}
		if _, err := l.Evidence(t.Context(), schema.DigestOf([]byte("other"))); !errors.Is(err, ledger.ErrMissing) {
			t.Errorf("%s: evidence nobody brought: %v", name, err)
		}
	}
	n := int64(0)
	for e, err := range ledger.Entries(t.Context(), w.objects, w.ledger.Tip()) {
		n++
		if err != nil || e.Seq != n {
			t.Fatalf("entry %d: %+v, %v", n, e, err)
		}
	}
	if n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
}

func TestAppendRefuses(t *testing.T) {
	w := begun(t)
	pay := cellIn("development", "payments")
	withEvidence := decided(ledger.Admit, pay, schema.Edit, 1)
	withEvidence.Evidence = []schema.Digest{schema.DigestOf([]byte("raw commit"))}
	noDecision := ledger.Entry{Kind: ledger.Admit, Stage: "development", App: "payments"}
	tests := []struct {
		name     string
		entries  []ledger.Entry
		evidence [][]byte
		key      logKey
	}{
		{"no entries", nil, nil, w.key},
		{"a key that the trust root does not name", []ledger.Entry{decided(ledger.Admit, pay, schema.Edit, 1)}, nil, keyOf("other")},
		{"an entry that names evidence nobody has", []ledger.Entry{withEvidence}, nil, w.key},
		{"evidence that no entry names", []ledger.Entry{decided(ledger.Admit, pay, schema.Edit, 1)}, [][]byte{[]byte("x")}, w.key},
		{"an admission without a decision", []ledger.Entry{noDecision}, nil, w.key},
		{"a stage that is a way out of the tree", []ledger.Entry{decided(ledger.Admit, cellIn("..", "payments"), schema.Edit, 1)}, nil, w.key},
		{"an app that is a way out of the tree", []ledger.Entry{decided(ledger.Admit, cellIn("gray", "../x"), schema.Edit, 1)}, nil, w.key},
		{"an unknown kind", []ledger.Entry{{Kind: "guess"}}, nil, w.key},
		{"a form that does not exist", []ledger.Entry{{Kind: ledger.Control, Seal: &ledger.Seal{Control: schema.DigestOf(control), Form: 3}}}, nil, w.key},
		{"another form than genesis chose", []ledger.Entry{{Kind: ledger.Control, Seal: &ledger.Seal{Control: schema.DigestOf(control), Form: ledger.Flat}}}, nil, w.key},
		{"a second genesis", []ledger.Entry{{Kind: ledger.Genesis, Seal: &ledger.Seal{Control: schema.DigestOf(control)}}}, nil, w.key},
	}
	for _, tt := range tests {
		if _, err := w.ledger.Append(t.Context(), w.now, tt.entries, tt.evidence, tt.key); err == nil {
			t.Errorf("%s: appended", tt.name)
		}
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	w := begun(t)
	at := w.ledger.Head().At
	b, err := w.ledger.Append(t.Context(), at.Add(-time.Hour), []ledger.Entry{{Kind: ledger.Observe, Ref: main, New: hash(1)}}, nil, w.key)
	if err != nil || !b.Entries[0].At.Equal(at) {
		t.Errorf("at %v, %v, want %v", b.Entries, err, at)
	}
}

func TestOpenDoubts(t *testing.T) {
	w := begun(t)
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(1)})
	long := w.ledger
	other := options(keyOf("other"))
	elsewhere := options(w.key)
	elsewhere.Project = "another-project"
	anchored := options(w.key)
	anchored.Anchor = schema.DigestOf([]byte("another root.yaml"))
	rewound := options(w.key)
	rewound.Before = long
	forked := begun(t)
	forked.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(7)})
	forked.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(8)})
	tests := []struct {
		name    string
		objects memory
		tip     schema.Hash
		options ledger.Options
		want    schema.Code
	}{
		{"signed by a key that is not the log key", w.objects, long.Tip(), other, ledger.LogSignature},
		{"another project", w.objects, long.Tip(), elsewhere, ledger.LogSignature},
		{"another trust root", w.objects, long.Tip(), anchored, ledger.AnchorMismatch},
		{"rewound", w.objects, w.tips[0], rewound, ledger.LogRollback},
		{"gone", w.objects, schema.Hash{}, rewound, ledger.LogRollback},
		{"forked", forked.objects, forked.ledger.Tip(), rewound, ledger.LogFork},
	}
	for _, tt := range tests {
		_, err := ledger.Open(t.Context(), tt.objects, tt.tip, tt.options)
		var d *ledger.Doubt
		if !errors.Is(err, ledger.ErrDoubt) || !errors.As(err, &d) || d.Code != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := ledger.Open(t.Context(), memory{}, long.Tip(), options(w.key)); err == nil || errors.Is(err, ledger.ErrDoubt) {
		t.Errorf("objects that cannot be read are no doubt about the ledger: %v", err)
	}
}

func TestALedgerThatFollowsReadsWhatChanged(t *testing.T) {
	w := begun(t)
	before := w.reopen()
	if _, err := before.Cells(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.append(nil, decided(ledger.Admit, cellIn("testing", "payments"), schema.Promote, 1))
	o := options(w.key)
	o.Before = before
	after, err := ledger.Open(t.Context(), w.objects, w.ledger.Tip(), o)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := after.Cells(t.Context())
	if err != nil || len(cells) != 2 {
		t.Errorf("cells %v, %v", cells, err)
	}
}

func keysOf(keys ...logKey) []ed25519.PublicKey {
	out := make([]ed25519.PublicKey, len(keys))
	for i, k := range keys {
		out[i] = k.PublicKey()
	}
	return out
}
