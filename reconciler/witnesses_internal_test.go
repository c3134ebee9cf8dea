package reconciler

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// remote is a repository that says where its ledger is.
type remote struct {
	Repository
	tip schema.Hash
}

func (r remote) RemoteRef(context.Context, string) (schema.Hash, error) { return r.tip, nil }

// scripted is a witness that answers from a list.
type scripted struct {
	answers []any // []byte or error
	asked   []string
}

func (s *scripted) AddCheckpoint(_ context.Context, old int64, proof []string, signed []byte) ([]byte, error) {
	s.asked = append(s.asked, fmt.Sprintf("%d with %d lines", old, len(proof)))
	answer := s.answers[0]
	s.answers = s.answers[1:]
	if err, ok := answer.(error); ok {
		return nil, fmt.Errorf("add-checkpoint: %w", err)
	}
	return answer.([]byte), nil
}

func TestWhatAWitnessAnswers(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 5)
	conflict := func(n int64) error { return &schema.WitnessConflict{Size: n} }
	lines := []byte("lines")
	for _, row := range []struct {
		name    string
		old     int64
		answers []any
		moved   bool // the ledger's ref has moved on
		asked   string
		want    error
		doubt   schema.Code
	}{
		{"it cosigns", 0, []any{lines}, false, "0 with 0 lines", nil, ""},
		{"it knows a smaller size", 0, []any{conflict(3), lines}, false, "0 with 0 lines, 3 with 4 lines", nil, ""},
		{"it has forgotten", 3, []any{conflict(0), lines}, false, "3 with 4 lines, 0 with 0 lines", nil, ""},
		{"it knows this size already", 0, []any{conflict(5), lines}, false, "0 with 0 lines, 5 with 0 lines", nil, ""},
		{"it knows another ledger of this size", 0, []any{conflict(5), conflict(5)}, false, "0 with 0 lines, 5 with 0 lines", ErrDoubt, ledger.LogFork},
		{"it knows another ledger of this size, and says no more", 0, []any{conflict(5), conflict(-1)}, false, "0 with 0 lines, 5 with 0 lines", ErrDoubt, ledger.LogFork},
		{"it knows another ledger that is shorter", 3, []any{schema.ErrWitnessInconsistent}, false, "3 with 4 lines", ErrDoubt, ledger.LogFork},
		{"it knows a longer one", 0, []any{conflict(9)}, false, "0 with 0 lines", ErrDoubt, ledger.LogRollback},
		{"it knows a longer one, and there is one", 0, []any{conflict(9)}, true, "0 with 0 lines", ErrMoved, ""},
		{"it contradicts itself", 3, []any{conflict(3)}, false, "3 with 4 lines", nil, ""},
		{"it changes its mind again and again", 0, []any{conflict(3), conflict(2)}, false, "0 with 0 lines, 3 with 4 lines", nil, ""},
		{"it does not answer", 0, []any{errors.New("away")}, false, "0 with 0 lines", nil, ""},
	} {
		s := &scripted{answers: row.answers}
		p := passOver(l.last(), key, nil)
		at := remote{tip: l.last().Tip()}
		if row.moved {
			at.tip = schema.Hash{1}
		}
		p.cfg.Ledger = at
		got, size, err := p.ask(t.Context(), Witness{Name: "w", Client: s}, row.old, l.note(5))
		if asked := strings.Join(s.asked, ", "); asked != row.asked {
			t.Errorf("%s: asked %s, want %s", row.name, asked, row.asked)
		}
		_, good := row.answers[len(row.answers)-1].([]byte)
		if (err == nil) != good || good && (string(got) != "lines" || size != 5) || !errors.Is(err, row.want) && row.want != nil || doubtOf(err) != row.doubt {
			t.Errorf("%s: %q, %d, %v; want %v %q", row.name, got, size, err, row.want, row.doubt)
		}
	}
}

func TestOnlyANewCosignatureCounts(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 3)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := schema.WitnessKey{Name: "w.example/1", Key: public}
	sign := func(at time.Time) []byte {
		text, _, _ := strings.Cut(string(l.note(3)), "\n\n")
		sig := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, w.ID()), uint64(at.Unix()))
		sig = append(sig, ed25519.Sign(private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at.Unix(), text))...)
		return []byte("— " + w.Name + " " + base64.StdEncoding.EncodeToString(sig) + "\n")
	}
	p := passOver(l.last(), key, nil)
	p.rules.trust.Root.Witnesses = schema.Witnesses{Quorum: 1, Keys: []string{w.String()}}
	for name, row := range map[string]struct {
		at    time.Time
		takes bool
	}{
		"now":                      {watchedAt, true},
		"by a clock that is ahead": {watchedAt.Add(4 * time.Minute), true},
		"an hour ago":              {watchedAt.Add(-time.Hour), false},
		"in an hour":               {watchedAt.Add(time.Hour), false},
	} {
		got, err := p.take(l.note(3), sign(row.at), w)
		if (err == nil) != row.takes || (string(got) == string(l.note(3))) == row.takes {
			t.Errorf("%s: %v, %q", name, err, got)
		}
		if row.takes && !p.betterThan(got, l.note(3)) {
			t.Errorf("%s: not kept in place of one that nobody cosigned", name)
		}
	}
	if _, err := p.take(l.note(3), []byte("— w.example/1 AAAA\n"), w); err == nil {
		t.Error("took what is no cosignature")
	}
}
