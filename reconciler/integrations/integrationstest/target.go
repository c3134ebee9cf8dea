package integrationstest

import (
	"errors"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTarget asks of a target everything that package integrations says. Each question gets a fixture of its own.
func TestTarget(t *testing.T, fixture func(*testing.T) Fixture) {
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			f := fixture(t)
			q.ask(&asker{Fixture: f, target: open(t, f)}, t)
		})
	}
}

var questions = []struct {
	name string
	ask  func(*asker, *testing.T)
}{
	{"what is written is read back", (*asker).written},
	{"a second write writes nothing", (*asker).idempotent},
	{"a newer release replaces an older one", (*asker).replaced},
	{"a lower sequence is refused", (*asker).fenced},
	{"an equal sequence with another content is refused", (*asker).forked},
	{"an equal content in another written form is repaired", (*asker).rewritten},
	{"damage is seen and healed", (*asker).healed},
	{"foreign content is refused until adopted", (*asker).foreign},
	{"equal foreign content gets the marker alone", (*asker).marked},
	{"keys beside ours are reported and never deleted", (*asker).beside},
	{"another project's marker is a conflict", (*asker).conflict},
	{"a retired app leaves its fence", (*asker).retired},
	{"apps do not touch each other", (*asker).neighbours},
	{"bytes are bytes", (*asker).bytes},
	{"what does not fit is refused", (*asker).fits},
	{"a cancelled write writes nothing", (*asker).cancelled},
	{"writers race and the newest wins", (*asker).race},
	{"many at once are each judged alone", (*asker).many},
	{"a watcher wakes", (*asker).watched},
	{"the largest checkpoint is kept", (*asker).checkpoints},
	{"a checkpoint that nobody signed is replaced", (*asker).forgedCheckpoints},
	{"writers of checkpoints race and the largest stays", (*asker).racingCheckpoints},
	{"a head by the key before is ours and is signed again", (*asker).anotherKeySigns},
}

// asker is one question's fixture, with the steps that the questions are made of.
type asker struct {
	Fixture
	target integrations.Target
}

func open(t *testing.T, f Fixture) integrations.Target {
	t.Helper()
	target := f.Open(t, Spec("test", f.Settings))
	if c, ok := target.(integrations.Closer); ok {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	return target
}

func (a *asker) release(app schema.App, seq int64, files map[string]string) integrations.Release {
	r := Release(Cell(app), seq, files)
	r.Settings = a.Stage
	return r
}

func (a *asker) read(t *testing.T, want integrations.Release) integrations.Observation {
	t.Helper()
	o, err := a.target.Read(t.Context(), want)
	if err != nil {
		t.Fatalf("read %s: %v", want.Cell, err)
	}
	if o.Wrote {
		t.Errorf("read %s: says that it wrote", want.Cell)
	}
	checkSorted(t, o)
	return o
}

// write is a write that is to succeed.
func (a *asker) write(t *testing.T, want integrations.Release) integrations.Observation {
	t.Helper()
	o, err := a.target.Write(t.Context(), want)
	if err != nil {
		t.Fatalf("write %s, entry %d: %v", want.Cell, want.Seq, err)
	}
	if o.Holder != integrations.Us || o.Project != want.Project || o.Seq != want.Seq || o.Content != want.Content || !o.Equal {
		t.Fatalf("write %s, entry %d: read back %+v", want.Cell, want.Seq, o)
	}
	if len(ours(o)) > 0 {
		t.Errorf("write %s, entry %d: equal, with differences %v", want.Cell, want.Seq, o.Keys)
	}
	if o.Place == "" || o.Digest == "" {
		t.Errorf("write %s: no place or digest in %+v", want.Cell, o)
	}
	a.Reads(t, want)
	return o
}

// refused is a write that is to fail with an error of a class and to change nothing.
func (a *asker) refused(t *testing.T, want integrations.Release, class error) integrations.Observation {
	t.Helper()
	before := a.Version(t, want.Cell)
	o, err := a.target.Write(t.Context(), want)
	if !errors.Is(err, class) {
		t.Fatalf("write %s, entry %d: got %v, want class %v", want.Cell, want.Seq, err, class)
	}
	var e *integrations.Error
	if !errors.As(err, &e) || e.Target == "" || e.Class == nil {
		t.Errorf("write %s: error %#v names no target or class", want.Cell, err)
	}
	if after := a.Version(t, want.Cell); after != before || o.Wrote {
		t.Errorf("write %s: refused, and changed %s to %s (wrote %v)", want.Cell, before, after, o.Wrote)
	}
	return o
}

// ours are the differences of what the target owns.
func ours(o integrations.Observation) []integrations.Difference {
	return slices.DeleteFunc(slices.Clone(o.Keys), func(d integrations.Difference) bool { return d.Op == integrations.Foreign })
}

func checkSorted(t *testing.T, o integrations.Observation) {
	t.Helper()
	if !slices.IsSorted(o.Foreign) {
		t.Errorf("foreign keys are not sorted: %q", o.Foreign)
	}
	if !slices.IsSortedFunc(o.Keys, func(x, y integrations.Difference) int {
		if x.Key < y.Key {
			return -1
		}
		if x.Key > y.Key {
			return 1
		}
		return 0
	}) {
		t.Errorf("differences are not sorted: %v", o.Keys)
	}
	for _, d := range o.Keys {
		if want := map[string][2]bool{integrations.Changed: {true, true}, integrations.Deleted: {true, false}, integrations.Foreign: {false, true}}[d.Op]; (d.Before != "") != want[0] || (d.After != "") != want[1] {
			t.Errorf("difference %+v: digests do not fit the operation", d)
		}
	}
}
