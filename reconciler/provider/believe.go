package provider

import (
	"fmt"
	"reflect"
)

// believe reads a head and says whether it is the reconciler's, for this app in this stage.
func (o Options) believe(raw []byte) (Head, error) {
	head, err := DecodeHead(raw)
	if err != nil {
		return Head{}, err
	}
	if head.Stage != o.Stage || head.App != o.App {
		return Head{}, fmt.Errorf("%w: head of %s in %s, want %s in %s", ErrRefused, head.App, head.Stage, o.App, o.Stage)
	}
	if o.Insecure {
		return head, nil
	}
	if head.Project != o.Project {
		return Head{}, fmt.Errorf("%w: head of project %s, want %s", ErrRefused, head.Project, o.Project)
	}
	keys, err := o.Keys.Pinned()
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return head, head.verify(keys)
}

// A step is what a believed head means beside the newest one that was believed before.
type step int

const (
	refuse  step = iota
	stay         // it says the same, though somebody may have signed it again
	advance      // it is newer
)

// judge never lets a program go backwards: a rollback is a newer entry of the ledger, so only an old copy has a lower
// number. One entry has one content: another one under the same number is refused as well, and so is another canary,
// because each step of widening is an entry.
func judge(seen, next Head) (step, error) {
	switch {
	case next.Seq > seen.Seq:
		return advance, nil
	case next.Seq < seen.Seq:
		return refuse, fmt.Errorf("%w: head of entry %d, after entry %d", ErrBackwards, next.Seq, seen.Seq)
	case !seen.says(next):
		return refuse, fmt.Errorf("%w: two contents for entry %d", ErrRefused, next.Seq)
	}
	return stay, nil
}

// says reports whether two heads say the same; how the document is kept and what was there before is no part of that.
func (h Head) says(other Head) bool {
	a, b := h.Body, other.Body
	for _, x := range []*Body{&a, &b} {
		x.Prev, x.Inline, x.Blobs = "", nil, 0
		if x.Canary != nil {
			canary := *x.Canary
			canary.Inline, canary.Blobs = nil, 0
			x.Canary = &canary
		}
	}
	return reflect.DeepEqual(a, b)
}
