package main

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// width is that of the terminal; 80 where there is none.
func (a *app) width() int {
	if a.columns > 0 {
		return a.columns
	}
	if f, ok := a.out.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

func now() time.Time { return time.Now().UTC() }

// isTerminalInput reports whether a person can be asked.
func isTerminalInput(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
