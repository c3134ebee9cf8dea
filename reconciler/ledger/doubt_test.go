package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// doubted asks that an error doubts the ledger for one reason.
func doubted(t *testing.T, name string, err error, want schema.Code) {
	t.Helper()
	var d *ledger.Doubt
	if !errors.Is(err, ledger.ErrDoubt) || !errors.As(err, &d) || d.Code != want {
		t.Errorf("%s: got %v, want %s", name, err, want)
	}
}

// TestOpenDoubtsWhatTheLogKeySigned: even a commit signed by the log key has to tell one story.
func TestOpenDoubtsWhatTheLogKeySigned(t *testing.T) {
	tests := []struct {
		name   string
		tamper func(*world) schema.Hash
		want   schema.Code
	}{
		{"a right edge that is not the checkpoint's", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { fs["merkle"] = w.objects.filesOf(w.tips[2])["merkle"] })
		}, ledger.LogChain},
		{"a head that counts differently", func(w *world) schema.Hash {
			return w.rewrite("head.json", `"size":6`, `"size":5`)
		}, ledger.StateMismatch},
		{"a head of another project", func(w *world) schema.Hash {
			return w.rewrite("head.json", project, "another")
		}, ledger.LogOrigin},
		{"no refs", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { delete(fs, "refs.json") })
		}, ledger.StateMismatch},
		{"a head with a field nobody knows", func(w *world) schema.Hash {
			return w.rewrite("head.json", `{"project"`, `{"also":1,"project"`)
		}, ledger.UnknownFormat},
		{"a directory where a file has to be", func(w *world) schema.Hash {
			return w.forge(w.key, func(fs files) { fs["head.json"] = w.objects.plant(files{"a": fs["merkle"]}) })
		}, ledger.LogChain},
		{"two parents", func(w *world) schema.Hash {
			return w.commit(w.key, w.objects.filesOf(w.ledger.Tip()), w.tips[2], w.tips[1])
		}, ledger.LogFork},
		{"another commit with the same entries", func(w *world) schema.Hash {
			return w.commit(w.key, w.objects.filesOf(w.ledger.Tip()), w.tips[2])
		}, ledger.LogFork},
	}
	for _, tt := range tests {
		w := grown(t)
		o := options(w.key)
		o.Before = w.reopen()
		_, err := ledger.Open(t.Context(), w.objects, tt.tamper(w), o)
		doubted(t, tt.name, err, tt.want)
	}
}

func TestReadingDoubtsWhatLiesInAnothersPlace(t *testing.T) {
	w := grown(t)
	tip := w.forge(w.key, func(fs files) {
		fs[stateOf(pay)] = fs[stateOf(search)]
		fs[ledger.Volumes.EvidencePath(schema.DigestOf(raw))] = fs["merkle"]
		fs[ledger.EntryPath(2)] = fs[ledger.EntryPath(3)]
	})
	l, err := ledger.Open(t.Context(), w.objects, tip, options(w.key))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = l.Cell(t.Context(), pay)
	doubted(t, "the state of another cell", err, ledger.StateMismatch)
	_, err = l.Evidence(t.Context(), schema.DigestOf(raw))
	doubted(t, "other evidence", err, ledger.EvidenceMissing)
	_, _, err = l.Entry(t.Context(), 2)
	doubted(t, "another entry", err, ledger.LogOrder)
}

func TestCheckpointNamesTheProjectItIsOf(t *testing.T) {
	w := grown(t)
	text := "another\n6\n" + w.ledger.Checkpoint().Root.String() + "\n"
	if c, err := ledger.OpenCheckpoint(signNote(t, []byte(text), w.key), project, keysOf(w.key)); err == nil {
		t.Errorf("opened %+v", c)
	}
	text = project + text[len("another"):]
	if _, err := ledger.OpenCheckpoint(signNote(t, []byte(text), w.key), project, keysOf(w.key)); err != nil {
		t.Error(err)
	}
}

func TestLogKeysAreReadAsTheyAreWritten(t *testing.T) {
	key := keyOf("log")
	line := ledger.FormatLogKey(key.PublicKey())
	for _, good := range []string{line, line + " log@example"} {
		if got, err := ledger.ParseLogKey(good); err != nil || !got.Equal(key.PublicKey()) {
			t.Errorf("%q: %v, %v", good, got, err)
		}
	}
	otherType := strings.Replace(line, "AAAAC3NzaC1lZDI1NTE5", "AAAAC3NzaC1lZDI1NTE6", 1)
	for _, bad := range []string{"", "ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 !", line[:len(line)-4], otherType} {
		if got, err := ledger.ParseLogKey(bad); err == nil {
			t.Errorf("%q: read as %x", bad, got)
		}
	}
}
