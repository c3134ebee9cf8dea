package reconciler

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// doing says in words what a phase of a pass does; a phase without words goes on with those of the one before.
var doing = map[string]string{
	"fetch": "the repository is fetched", "admit": "what is new in Git is looked for", "judge": "what is new is judged", "ask": "the forge is asked who brought it",
	"record": "what was decided is recorded", "converge": "the targets are compared and written", "afterwards": "open merge requests are looked at",
}

// tell keeps what the pass is at, for those who look before there is a view.
func (s *spans) tell(phase string, began time.Time) {
	words, ok := doing[phase]
	if !ok {
		return
	}
	next := schema.Starting{Doing: words, Since: began}
	if last := s.doing.Load(); last != nil {
		next.Done = last.Done
	}
	if phase == "judge" {
		next.Done++
	}
	s.doing.Store(&next)
}

// Starting is what the first pass is at, for the page: reading a large project takes a while.
func (r *Reconciler) Starting() schema.Starting {
	if now := r.spans.doing.Load(); now != nil {
		return *now
	}
	return schema.Starting{}
}
