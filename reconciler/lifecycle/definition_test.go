package lifecycle_test

import (
	"errors"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
)

type (
	definition = lifecycle.Definition[string, string]
	step       = lifecycle.Step[string, string]
)

// door is a small definition that holds together.
func door() definition {
	return definition{
		Initial: "shut", States: []string{"shut", "open", "gone"}, Final: []string{"gone"},
		Steps: []step{
			{From: "shut", On: "push", To: "open", Guards: []string{"key"}},
			{From: "open", On: "pull", To: "shut"},
			{From: "open", On: "remove", To: "gone", Guards: []string{"key", "owner"}},
		},
	}
}

func TestCheck(t *testing.T) {
	for _, row := range []struct {
		sentence string
		edit     func(*definition)
		want     error
		text     string
	}{
		{"it holds together", func(*definition) {}, nil, ""},
		{"a state that nothing leads to", func(d *definition) {
			d.States = append(d.States, "ajar")
			d.Steps = append(d.Steps, step{From: "ajar", On: "pull", To: "shut"})
		}, lifecycle.ErrUnreachable, "state ajar: nothing leads there from the initial state"},
		{"a state that no final one can be reached from", func(d *definition) {
			d.States = append(d.States, "stuck")
			d.Steps = append(d.Steps, step{From: "shut", On: "kick", To: "stuck"}, step{From: "stuck", On: "kick", To: "stuck"})
		}, lifecycle.ErrNoWayOut, "state stuck: no final state can be reached from there"},
		{"no final state at all", func(d *definition) { d.Final = nil }, lifecycle.ErrNoWayOut, ""},
		{"the initial state is unknown", func(d *definition) { d.Initial = "ajar" }, lifecycle.ErrNoInitial, "state ajar: the initial state is none of the states"},
		{"nothing is declared", func(d *definition) { *d = definition{} }, lifecycle.ErrNoInitial, ""},
		{"a state twice", func(d *definition) { d.States = append(d.States, "open") }, lifecycle.ErrTwice, "state open: is declared twice"},
		{"a final state twice", func(d *definition) { d.Final = append(d.Final, "gone") }, lifecycle.ErrTwice, ""},
		{"a final state that is none", func(d *definition) { d.Final = append(d.Final, "lost") }, lifecycle.ErrUnknown, "final state lost: is not declared"},
		{"a step to nowhere", func(d *definition) { d.Steps[1].To = "ajar" }, lifecycle.ErrUnknown, "step open → ajar on pull: state ajar: is not declared"},
		{"a step out of a final state", func(d *definition) {
			d.Steps = append(d.Steps, step{From: "gone", On: "build", To: "shut"})
		}, lifecycle.ErrNotFinal, ""},
		{"one event leads to two states", func(d *definition) {
			d.Steps = append(d.Steps, step{From: "open", On: "pull", To: "gone"})
		}, lifecycle.ErrAmbiguous, "step open → gone on pull: one event leads to two states"},
		{"a guard twice at one step", func(d *definition) { d.Steps[0].Guards = []string{"key", "key"} }, lifecycle.ErrTwice, ""},
		{"more states than can be checked", func(d *definition) { d.States = make([]string, 1025) }, lifecycle.ErrTooMany, ""},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			d := door()
			row.edit(&d)
			err := d.Check()
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if row.text != "" && err.Error() != row.text {
				t.Errorf("got %q, want %q", err, row.text)
			}
			if _, compiled := lifecycle.Compile(d, pass("key", "owner")); row.want != nil && compiled == nil {
				t.Error("it compiles all the same")
			}
		})
	}
}

func TestCheckNamesEveryFlaw(t *testing.T) {
	d := door()
	d.States = append(d.States, "open")
	d.Steps[0].To = "ajar"
	err := d.Check()
	for _, want := range []error{lifecycle.ErrTwice, lifecycle.ErrUnknown} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not in: %v", want, err)
		}
	}
}

func TestGuardsAreBoundAtLoad(t *testing.T) {
	for _, row := range []struct {
		sentence string
		guards   map[string]lifecycle.Guard[string, string, facts]
		want     error
		text     string
	}{
		{"every guard has a policy", pass("key", "owner"), nil, ""},
		{"a guard without a policy", pass("key"), lifecycle.ErrNoGuard, "step open → gone on remove: guard owner: has no policy behind it"},
		{"a guard that is nil", map[string]lifecycle.Guard[string, string, facts]{"key": yes, "owner": nil}, lifecycle.ErrNoGuard, ""},
		{"a policy that no step names", pass("key", "owner", "ownr"), lifecycle.ErrUnknown, "guard ownr: no step names it: is not declared"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			_, err := lifecycle.Compile(door(), row.guards)
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if row.text != "" && err.Error() != row.text {
				t.Errorf("got %q, want %q", err, row.text)
			}
		})
	}
}

// facts is what the guards of these tests judge.
type facts struct{ key, owner bool }

func yes(lifecycle.Transition[string, string], facts) error { return nil }

// pass makes guards that let everything through.
func pass(names ...string) map[string]lifecycle.Guard[string, string, facts] {
	out := map[string]lifecycle.Guard[string, string, facts]{}
	for _, name := range names {
		out[name] = yes
	}
	return out
}
