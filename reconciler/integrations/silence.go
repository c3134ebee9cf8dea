package integrations

import (
	"errors"
	"fmt"
	"sync"
)

// Silent reports whether nobody answered at all: to ask the same target for other cells would take as long, and find the same.
func Silent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Silent
}

// maxSilent is how many questions in a row may stay unanswered until the target is asked no more.
const maxSilent = 2

// Silence gives a target up, for one call about many cells, once it does not answer any more. The zero value is ready, and
// several goroutines may use it.
type Silence struct {
	mu    sync.Mutex
	inRow int
	last  error // of the question that was one too many
}

// Ask asks about one cell, or says that it was not asked.
func (s *Silence) Ask(ask func() (Observation, error)) (Observation, error) {
	if err := s.GaveUp(); err != nil {
		return Observation{}, err
	}
	o, err := ask()
	s.Heard(err)
	return o, err
}

// Heard counts an answer, about one cell or many, or that there was none.
func (s *Silence) Heard(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !Silent(err) {
		s.inRow = 0
		return
	}
	if s.inRow++; s.inRow >= maxSilent && s.last == nil {
		s.last = err
	}
}

// GaveUp returns what is said of what is not asked any more; nil while it is worth asking.
func (s *Silence) GaveUp() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		return nil
	}
	return NotAsked(s.last)
}

// NotAsked is the error of a cell that was not asked about because of the answer that others did not get.
func NotAsked(silent error) error {
	var e *Error
	if !errors.As(silent, &e) {
		return fmt.Errorf("not asked: %w", silent)
	}
	return &Error{Target: e.Target, Class: e.Class, Silent: true, Why: "not asked: it did not answer about others"}
}
