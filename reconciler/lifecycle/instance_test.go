package lifecycle_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
)

type (
	machine    = lifecycle.Machine[string, string, facts]
	transition = lifecycle.Transition[string, string]
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 987_654_321, time.UTC)

var (
	errNoKey    = errors.New("no key")
	errNotOwner = errors.New("not the owner")
)

// locked is the door with guards that judge facts.
func locked(t testing.TB, hooks ...lifecycle.Hook[string, string]) *machine {
	t.Helper()
	m, err := lifecycle.Compile(door(), map[string]lifecycle.Guard[string, string, facts]{
		"key": func(_ transition, f facts) error {
			if !f.key {
				return errNoKey
			}
			return nil
		},
		"owner": func(_ transition, f facts) error {
			if !f.owner {
				return errNotOwner
			}
			return nil
		},
	}, hooks...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMove(t *testing.T) {
	for _, row := range []struct {
		sentence string
		in       string
		from, on string
		to       string
		facts    facts
		want     error
		text     string
	}{
		{"a step whose guard lets it pass", "shut", "shut", "push", "open", facts{key: true}, nil, ""},
		{"a step without a guard", "open", "open", "pull", "shut", facts{}, nil, ""},
		{"a step with two guards that let it pass", "open", "open", "remove", "gone", facts{key: true, owner: true}, nil, ""},
		{"a guard refuses", "shut", "shut", "push", "open", facts{}, errNoKey, "push from shut: not let through: guard key: no key"},
		{"the second guard refuses", "open", "open", "remove", "gone", facts{key: true}, errNotOwner, "remove from open: not let through: guard owner: not the owner"},
		{"an event that the state does not have", "shut", "shut", "remove", "gone", facts{key: true, owner: true}, lifecycle.ErrNoStep, "remove from shut: no such step"},
		{"an event that is none", "shut", "shut", "kick", "", facts{}, lifecycle.ErrNoStep, ""},
		{"it is elsewhere", "open", "shut", "push", "open", facts{key: true}, lifecycle.ErrMoved, "moved meanwhile: it is in open"},
		{"out of a final state", "gone", "gone", "push", "open", facts{key: true}, lifecycle.ErrNoStep, ""},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			var told []transition
			m := locked(t, func(tr transition) { told = append(told, tr) })
			in, err := m.Restore(row.in, m.Cause(noon.Add(-time.Hour), "alice", "before"))
			if err != nil {
				t.Fatal(err)
			}
			before := in.Record()
			cause := m.Cause(noon, "bob", "!7")
			err = in.Move(row.from, row.on, row.facts, cause)
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if row.text != "" && err.Error() != row.text {
				t.Errorf("got %q, want %q", err, row.text)
			}
			if err != nil {
				if len(told) > 0 || in.Record() != before {
					t.Errorf("refused, and yet hooks heard %v and the record is %v", told, in.Record())
				}
				return
			}
			if len(told) != 1 || told[0].From != row.from || told[0].On != row.on || told[0].To != in.State() || told[0].Cause != cause {
				t.Fatalf("it is in %s, hooks heard %v", in.State(), told)
			}
			want := lifecycle.Record[string]{State: row.to, At: noon.Truncate(time.Millisecond), By: "bob", Why: "!7"}
			if in.Record() != want {
				t.Errorf("record %v, want %v", in.Record(), want)
			}
		})
	}
}

func TestRestoreKeepsTheRecordAndAsksNobody(t *testing.T) {
	m := locked(t, func(tr transition) { t.Errorf("a hook heard of %v", tr) })
	in, err := m.Restore("gone", m.Cause(noon, "alice", "entry 12"))
	if err != nil {
		t.Fatal(err)
	}
	want := lifecycle.Record[string]{State: "gone", At: noon.Truncate(time.Millisecond), By: "alice", Why: "entry 12"}
	if got := in.Record(); got != want || !in.Final() || in.State() != "gone" {
		t.Errorf("got %v, final %v", got, in.Final())
	}
	if _, err := m.Restore("ajar", m.Cause(noon, "", "")); !errors.Is(err, lifecycle.ErrUnknown) {
		t.Errorf("restored into a state that is none: %v", err)
	}
}

func TestBeginIsTheInitialState(t *testing.T) {
	m := locked(t)
	in, err := m.Begin(m.Cause(noon, "alice", "made"))
	if err != nil || in.State() != "shut" || in.Final() {
		t.Errorf("got %v, %v", in.Record(), err)
	}
	if got := strings.Join(m.Events("open"), " "); got != "pull remove" {
		t.Errorf("events of open: %s", got)
	}
	if got := m.Events("gone"); len(got) > 0 {
		t.Errorf("events of a final state: %v", got)
	}
}

func TestACauseOfAnotherMachineIsRefused(t *testing.T) {
	m, other := locked(t), locked(t)
	in, err := m.Begin(m.Cause(noon, "alice", "made"))
	if err != nil {
		t.Fatal(err)
	}
	for sentence, cause := range map[string]*lifecycle.Cause{"of another machine": other.Cause(noon, "bob", ""), "none": nil} {
		if err := in.Move("shut", "push", facts{key: true}, cause); !errors.Is(err, lifecycle.ErrUnknown) || in.State() != "shut" {
			t.Errorf("cause %s: %v, state %s", sentence, err, in.State())
		}
		if _, err := m.Begin(cause); !errors.Is(err, lifecycle.ErrUnknown) {
			t.Errorf("begin with cause %s: %v", sentence, err)
		}
	}
}

func TestMoveDoesNotAllocate(t *testing.T) {
	m := locked(t, func(transition) {})
	cause := m.Cause(noon, "alice", "!7")
	in, err := m.Begin(cause)
	if err != nil {
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(100, func() {
		if err := in.Move("shut", "push", facts{key: true}, cause); err != nil {
			t.Fatal(err)
		}
		if err := in.Move("open", "pull", facts{}, cause); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations for two transitions", got)
	}
}
