package main

import (
	"fmt"
	"io"
	"time"
)

// progress is one line on a terminal that says what is waited for, from the first second on, and is gone afterwards.
type progress struct {
	to    io.Writer // nil where nobody looks
	what  string
	since time.Time
	shown time.Duration // seconds that the line says; 0 when there is none
}

func (d *demo) progress(what string) *progress {
	p := &progress{what: what, since: time.Now()}
	if isTerminal(d.app.errs) {
		p.to = d.app.errs
	}
	return p
}

func (p *progress) show() {
	seconds := time.Since(p.since).Truncate(time.Second)
	if p.to == nil || seconds == p.shown {
		return
	}
	p.shown = seconds
	fmt.Fprintf(p.to, "\r\x1b[Kwaiting for %s (%s)", p.what, seconds)
}

func (p *progress) clear() {
	if p.shown > 0 {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}
