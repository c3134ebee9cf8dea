package reconciler

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

const watchedProject = "3f2a9c1e"

var watchedAt = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// objects holds what a repository would.
type objects map[schema.Hash]schema.Object

func (o objects) Object(_ context.Context, id schema.Hash) (schema.ObjectKind, []byte, error) {
	object, ok := o[id]
	if !ok {
		return "", nil, errors.New("no such object")
	}
	return object.Kind, object.Data, nil
}

// line is a ledger that grows by one entry at a time.
type line struct {
	t    *testing.T
	key  *signing.LogKey
	objs objects
	at   []*ledger.Ledger // by size, from 1
}

func newLogKey(t *testing.T) *signing.LogKey {
	t.Helper()
	private, _, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, private, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := signing.LoadLogKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newLine(t *testing.T, key *signing.LogKey, size int) *line {
	t.Helper()
	l := &line{t: t, key: key, objs: objects{}}
	empty, err := ledger.Open(t.Context(), l.objs, schema.Hash{}, ledger.Options{
		Project: watchedProject, LogKeys: []string{ledger.FormatLogKey(key.PublicKey())}, VerifyCommit: VerifyLogCommit,
	})
	if err != nil {
		t.Fatal(err)
	}
	control := []byte("control")
	l.append(empty, ledger.Entry{Kind: ledger.Genesis, Seal: &ledger.Seal{Anchor: schema.DigestOf(nil), Trust: 1, Control: schema.DigestOf(control)}}, control)
	for len(l.at) < size {
		l.append(l.last(), ledger.Entry{Kind: ledger.Observe, Ref: "refs/heads/main", New: schema.Hash{byte(len(l.at))}})
	}
	return l
}

func (l *line) last() *ledger.Ledger { return l.at[len(l.at)-1] }

func (l *line) append(to *ledger.Ledger, e ledger.Entry, evidence ...[]byte) {
	l.t.Helper()
	batch, err := to.Append(l.t.Context(), watchedAt, []ledger.Entry{e}, evidence, l.key)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, o := range batch.Objects {
		l.objs[o.ID] = o
	}
	l.at = append(l.at, batch.Ledger)
}

// fork goes on differently after so many entries.
func (l *line) fork(after, size int) *line {
	other := &line{t: l.t, key: l.key, objs: l.objs, at: append([]*ledger.Ledger(nil), l.at[:after]...)}
	for len(other.at) < size {
		other.append(other.last(), ledger.Entry{Kind: ledger.Observe, Ref: "refs/heads/other", New: schema.Hash{9, byte(len(other.at))}})
	}
	return other
}

func (l *line) note(size int) []byte {
	l.t.Helper()
	signed, err := l.at[size-1].SignedCheckpoint(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return signed
}

// shelf is a target that keeps a checkpoint, and nothing else.
type shelf struct {
	integrations.Target
	mark  []byte
	err   error // of reading
	keep  error // of keeping
	wrote []byte
	asked bool // to write a cell
}

func (s *shelf) Write(context.Context, integrations.Release) (integrations.Observation, error) {
	s.asked = true
	return integrations.Observation{}, context.Canceled
}

func (s *shelf) Checkpoint(context.Context, string) ([]byte, error) { return s.mark, s.err }

func (s *shelf) KeepCheckpoint(_ context.Context, _ string, signed []byte) (bool, error) {
	if s.keep != nil {
		return false, s.keep
	}
	s.wrote = signed
	return true, nil
}

func passOver(l *ledger.Ledger, key *signing.LogKey, shelves map[string]integrations.Target) *pass {
	r := &Reconciler{cfg: Config{Targets: shelves, LogKey: key, Log: slog.New(slog.DiscardHandler)}, kept: map[string]string{}}
	return &pass{Reconciler: r, now: watchedAt, ledger: l, refs: map[string]schema.Hash{}, rules: &rules{}}
}

func doubtOf(err error) schema.Code {
	var d *ledger.Doubt
	if errors.As(err, &d) {
		return d.Code
	}
	return ""
}

func TestALedgerIsHeldToTheMarks(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 5)
	stranger := newLine(t, newLogKey(t), 9)
	away := &integrations.Error{Target: "a", Class: integrations.ErrUnavailable}
	for _, row := range []struct {
		name   string
		size   int // of the ledger that is looked at
		shelf  shelf
		doubt  schema.Code
		forged int
	}{
		{"nothing is kept", 5, shelf{}, "", 0},
		{"an older checkpoint of it", 5, shelf{mark: l.note(2)}, "", 0},
		{"its own checkpoint", 5, shelf{mark: l.note(5)}, "", 0},
		{"one of a longer ledger", 4, shelf{mark: l.note(5)}, ledger.LogRollback, 0},
		{"one of another ledger of this size", 5, shelf{mark: l.fork(3, 5).note(5)}, ledger.LogFork, 0},
		{"an older one of another ledger", 5, shelf{mark: l.fork(2, 4).note(4)}, ledger.LogFork, 0},
		{"a longer one that a stranger signed", 5, shelf{mark: stranger.note(9)}, "", 1},
		{"what is no checkpoint", 5, shelf{mark: []byte("x")}, "", 1},
		{"a target that does not answer", 4, shelf{mark: l.note(5), err: away}, "", 0},
	} {
		p := passOver(l.at[row.size-1], key, map[string]integrations.Target{"a": &row.shelf})
		err := p.holdMarks(t.Context(), p.ledger)
		if doubtOf(err) != row.doubt || (err == nil) != (row.doubt == "") || p.forged != row.forged {
			t.Errorf("%s: %v, %d forged; want %q, %d", row.name, err, p.forged, row.doubt, row.forged)
		}
		if errors.Is(err, errMarkAhead) != (row.doubt == ledger.LogRollback) {
			t.Errorf("%s: %v: only a longer ledger is looked for again", row.name, err)
		}
	}
}

func TestAMarkThatWasDeletedIsTold(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 3)
	s := &shelf{mark: l.note(3)}
	p := passOver(l.last(), key, map[string]integrations.Target{"a": s})
	for _, step := range []struct {
		mark   []byte
		forged int
	}{{l.note(3), 0}, {nil, 1}, {nil, 0}} {
		s.mark = step.mark
		if err := p.holdMarks(t.Context(), p.ledger); err != nil || p.forged != step.forged {
			t.Errorf("mark %q: %v, %d forged; want %d", step.mark, err, p.forged, step.forged)
		}
	}
}

func TestALedgerThatIsGoneIsNotBegunAnew(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 3)
	for _, row := range []struct {
		name  string
		shelf shelf
		doubt schema.Code
		ok    bool
	}{
		{"no target knows one", shelf{}, "", true},
		{"a target knows one", shelf{mark: l.note(3)}, ledger.LogRollback, false},
		{"a target has what nobody signed", shelf{mark: []byte("x")}, "", true},
		{"a target does not answer", shelf{err: &integrations.Error{Class: integrations.ErrUnavailable}}, "", false},
	} {
		p := passOver(l.last(), key, map[string]integrations.Target{"a": &row.shelf})
		if err := p.neverSealed(t.Context(), Sealing{Project: watchedProject}); doubtOf(err) != row.doubt || (err == nil) != row.ok {
			t.Errorf("%s: %v, want %q", row.name, err, row.doubt)
		}
	}
}

// TestNothingIsWrittenBesideAnOlderMark: the target has the last word on which ledger is ahead.
func TestNothingIsWrittenBesideAnOlderMark(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 3)
	for _, row := range []struct {
		name  string
		keep  error
		away  bool // the repository cannot be read
		want  error
		doubt schema.Code
	}{
		{"kept", nil, false, nil, ""},
		{"another reconciler is ahead", integrations.ErrFenced, false, ErrMoved, ""},
		{"another reconciler is ahead, and the repository away", integrations.ErrFenced, true, nil, ""},
		{"another ledger", integrations.ErrConflict, false, ErrDoubt, ledger.LogFork},
		{"another ledger, and the repository away", integrations.ErrConflict, true, ErrDoubt, ledger.LogFork},
		{"the target is down", integrations.ErrUnavailable, false, integrations.ErrUnavailable, ""},
	} {
		s := &shelf{}
		if row.keep != nil {
			s.keep = &integrations.Error{Class: row.keep}
		}
		p := passOver(l.last(), key, map[string]integrations.Target{"a": s})
		p.down, p.reported, p.unread = map[deliveryKey]time.Time{}, map[deliveryKey]schema.Digest{}, map[deliveryKey]failure{}
		if row.away {
			p.refs = nil
		}
		v := &visit{name: "a", target: s}
		sideBySide([]work{p.write(t.Context(), v, []job{{}}, nil)}, time.Minute, nil)
		may := s.asked
		err := p.keep(t.Context(), "a")
		if !errors.Is(err, row.want) || doubtOf(err) != row.doubt || may != (row.want == nil) {
			t.Errorf("%s: %v, may write %v; want %v", row.name, err, may, row.want)
		}
		if row.keep == nil && string(s.wrote) != string(l.note(3)) {
			t.Errorf("%s: kept %q", row.name, s.wrote)
		}
	}
}

// TestWhatWasSeenIsNotLostToACrash: before anything is written the ledger's tip lasts at a target or here. The state directory
// of this one takes nothing.
func TestWhatWasSeenIsNotLostToACrash(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 3)
	down := &integrations.Error{Class: integrations.ErrUnavailable}
	for _, row := range []struct {
		name    string
		targets map[string]integrations.Target
		lasts   bool
	}{
		{"a target keeps it", map[string]integrations.Target{"a": &shelf{}}, true},
		{"one of two keeps it", map[string]integrations.Target{"a": &shelf{keep: down}, "b": &shelf{}}, true},
		{"no target keeps any", map[string]integrations.Target{"a": struct{ integrations.Target }{}}, false},
		{"none that keeps it answers", map[string]integrations.Target{"a": &shelf{keep: down}}, false},
		{"the one that keeps it has an older one", map[string]integrations.Target{"a": &shelf{mark: l.note(2), keep: down}}, false},
	} {
		p := passOver(l.last(), key, row.targets)
		p.cfg.StateDir = filepath.Join(t.TempDir(), "gone")
		if err := p.holdMarks(t.Context(), p.ledger); err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if err := p.seen(t.Context(), l.last().Tip()); (err == nil) != row.lasts {
			t.Errorf("%s: %v, want %v", row.name, err, row.lasts)
		}
		if err := p.marked(); (err != nil) != row.lasts {
			t.Errorf("%s: %v: what was not written here is told by the end of the pass", row.name, err)
		}
	}
}

// falls is a repository at which a pass ends in a panic.
type falls struct{ Repository }

// Fetch implements [Repository].
func (falls) Fetch(context.Context) (map[string]schema.Hash, error) { panic("out of luck") }

// TestNothingGoesOnBehindAPass: what a pass writes beside itself is written when it ends, in whatever way.
func TestNothingGoesOnBehindAPass(t *testing.T) {
	r := &Reconciler{cfg: Config{Repository: falls{}}, spans: &spans{now: &atomic.Pointer[trace]{}}, marking: make(chan error, 1)}
	r.marking <- nil
	defer func() {
		if recover() == nil || r.marking != nil {
			t.Errorf("the pass waited for its mark: %v", r.marking == nil)
		}
	}()
	r.Pass(t.Context())
}
