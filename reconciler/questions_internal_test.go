package reconciler

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// deaf is a shelf that does not answer before it may, or before the question is cancelled.
type deaf struct {
	shelf
	may  chan struct{}
	want atomic.Int64 // questions
}

func (d *deaf) Checkpoint(ctx context.Context, project string) ([]byte, error) {
	d.want.Add(1)
	select {
	case <-d.may:
		return d.shelf.Checkpoint(ctx, project)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestWhatASilentTargetKeepsCountsOnceItAnswers: it is no evidence while it hangs, and full evidence in the next pass after.
func TestWhatASilentTargetKeepsCountsOnceItAnswers(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 5)
	d := &deaf{shelf: shelf{mark: l.note(5)}, may: make(chan struct{})}
	p := passOver(l.at[3], key, map[string]integrations.Target{"a": d}) // the ledger lost its last entry
	p.silent, p.questions.back = map[string]silence{"a": {}}, make(chan struct{}, 1)
	for range 2 {
		if err := p.holdMarks(t.Context(), p.ledger); err != nil {
			t.Fatal(err)
		}
		if _, heard := p.marks["a"]; heard || p.stillAsked("a") == nil || d.want.Load() != 1 {
			t.Fatalf("heard %v, still asked %v, %d questions; want one that is open", heard, p.stillAsked("a"), d.want.Load())
		}
	}
	close(d.may)
	<-p.questions.back
	if err := p.holdMarks(t.Context(), p.ledger); doubtOf(err) != ledger.LogRollback || d.want.Load() != 2 {
		t.Errorf("%v after %d questions; want it asked afresh, and %s", err, d.want.Load(), ledger.LogRollback)
	}
	if p.stillAsked("a") != nil || len(p.questions.open) > 0 {
		t.Error("a question is open after the answer")
	}
}

// TestWhatFailsBesideIsAskedAgain: one question at a time, and what it failed with is no answer of another pass.
func TestWhatFailsBesideIsAskedAgain(t *testing.T) {
	key := newLogKey(t)
	l := newLine(t, key, 3)
	d := &deaf{shelf: shelf{err: &integrations.Error{Class: integrations.ErrUnavailable, Silent: true}}, may: make(chan struct{})}
	close(d.may)
	p := passOver(l.last(), key, map[string]integrations.Target{"a": d})
	p.silent = map[string]silence{"a": {}}
	for i := range 2 {
		if err := p.readMarks(t.Context(), watchedProject); err == nil || p.noMark["a"] == nil || p.stillAsked("a") != nil || d.want.Load() != int64(i+1) {
			t.Fatalf("%v, no mark because of %v, %d questions; want it to refuse in each pass", err, p.noMark["a"], d.want.Load())
		}
	}
	d.err = nil
	if err := p.readMarks(t.Context(), watchedProject); err != nil || len(p.noMark) > 0 {
		t.Errorf("%v: one that is back is heard in the same pass", err)
	}
}

// TestNoQuestionOutlivesTheProcess: Run ends them.
func TestNoQuestionOutlivesTheProcess(t *testing.T) {
	key := newLogKey(t)
	d := &deaf{may: make(chan struct{})}
	p := passOver(newLine(t, key, 3).last(), key, map[string]integrations.Target{"a": d})
	p.silent = map[string]silence{"a": {}}
	passCtx, endPass := context.WithCancel(t.Context())
	if err := p.readMarks(passCtx, watchedProject); !errors.Is(err, errStillAsked) {
		t.Fatal(err)
	}
	endPass()
	q := p.questions.open["a"]
	if q.answered() {
		t.Fatal("the question ended with the pass")
	}
	p.questions.end()
	<-q.done
	if !errors.Is(q.err, context.Canceled) {
		t.Errorf("it ended with %v", q.err)
	}
}
