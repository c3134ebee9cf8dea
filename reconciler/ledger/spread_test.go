package ledger_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestSpreadIsNotLiveBeforeTheWhole follows a revision that widens, one that comes over it, and one that goes back.
func TestSpreadIsNotLiveBeforeTheWhole(t *testing.T) {
	c := cellIn("gray", "payments")
	s, seq := ledger.State{}, int64(0)
	add := func(e ledger.Entry) int64 {
		seq++
		e.Seq, e.Stage, e.App, e.At = seq, c.Stage, c.App, begin
		s = ledger.Fold(s, e)
		return seq
	}
	enter := func(kind ledger.Kind, n int, gray bool) int64 {
		e := decided(kind, c, schema.Promote, n)
		e.Decision.Required = []string{"etcd"}
		if gray {
			e.Decision.Gray = &schema.GrayRule{Permyriad: 500}
		}
		return add(e)
	}
	apply := func(n int64) { add(delivered(ledger.Apply, c, "etcd", n)) }
	widen := func(admission int64, rule *schema.GrayRule) int64 {
		return add(ledger.Entry{Kind: ledger.Widen, Step: &ledger.Step{Admission: admission, Rule: rule}})
	}
	want := func(sentence string, delivered, base int64, live bool) {
		t.Helper()
		have := int64(0)
		if s.Spread != nil {
			have = s.Spread.Base
		}
		if s.Delivered() != delivered || have != base || s.Admitted.LiveAt.IsZero() == live || s.Admitted.SoakingSince.IsZero() == live {
			t.Errorf("%s: delivered #%d, base #%d, live %v, soaking %v", sentence, s.Delivered(), have, s.Admitted.LiveAt, s.Admitted.SoakingSince)
		}
	}
	first := enter(ledger.Admit, 1, true)
	apply(first)
	want("nothing was there before: all have it", first, 0, true)
	second := enter(ledger.Admit, 2, true)
	apply(second)
	want("some have the second", second, first, false)
	third := enter(ledger.Admit, 3, true)
	apply(third)
	want("the third begins over what all had", third, first, false)
	step := widen(third, &schema.GrayRule{Permyriad: 2500})
	apply(third)
	want("an apply of the step before says nothing of this one", step, first, false)
	apply(step)
	want("more have it", step, first, false)
	widen(second, nil)
	want("a step of what is not admitted any more is none", step, first, false)
	all := widen(third, nil)
	want("all shall have it", all, 0, false)
	apply(all)
	want("all have it", all, 0, true)
	widen(third, &schema.GrayRule{Permyriad: 1})
	want("what is whole does not shrink", all, 0, true)
	fourth := enter(ledger.Admit, 4, true)
	back := enter(ledger.Rollback, 3, false)
	apply(back)
	want("back is back for all", back, 0, true)
	if fourth >= back {
		t.Error("entries out of order")
	}
}
