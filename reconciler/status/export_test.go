package status

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
)

// Patterns are the routes as the mux has them.
func Patterns() []string {
	var out []string
	for _, r := range (&site{}).routes() {
		out = append(out, r.pattern)
	}
	return out
}

// Routes are the paths that the page answers, for tests that walk them.
func Routes() []string {
	s := &site{}
	var out []string
	for _, r := range s.routes() {
		out = append(out, strings.NewReplacer("{$}", "", "{app...}", "catalog", "{stage}", "gray", "{seq}", "40", "{code}", "clock").Replace(r.pattern))
	}
	return out
}

// Viewers is how many viewers a limit keeps.
func (l *Limit) Viewers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.viewers)
}

// Broken answers as for what could not be made.
func Broken(w http.ResponseWriter, r *http.Request) {
	(&site{cfg: Config{Log: slog.New(slog.DiscardHandler)}}).broken(w, r, errors.New("not made"))
}
