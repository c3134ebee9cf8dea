package reconciler

import "time"

// work asks or writes one target. It runs beside that of other targets and touches no state of the pass.
type work func() decide

// decide is what the pass makes of an answer. It runs in the pass's own goroutine, one at a time; what it returns is done
// next, nil is nothing.
type decide func() work

// sideBySide does works at once, each with all that follows from it, until nothing is left to do. Once patience
// has passed, meanwhile is called, and again after each answer while others go on. A panic of one is raised here, after the others have ended.
func sideBySide(works []work, patience time.Duration, meanwhile func()) {
	answers := make(chan answer)
	running := 0
	start := func(w work) {
		if w != nil {
			running++
			go func() { answers <- answerOf(w) }()
		}
	}
	for _, w := range works {
		start(w)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	var broken any
	overdue := false
	for running > 0 {
		select {
		case a := <-answers:
			running--
			if a.broken != nil {
				broken = a.broken
			} else if a.next != nil {
				start(a.next())
			}
			if overdue && running > 0 && broken == nil {
				meanwhile()
			}
		case <-late.C:
			overdue = true
			meanwhile()
		}
	}
	if broken != nil {
		panic(broken)
	}
}

type answer struct {
	next   decide
	broken any // what it panicked with
}

func answerOf(w work) (a answer) {
	defer func() { a.broken = recover() }()
	return answer{next: w()}
}
