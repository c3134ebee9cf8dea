package main

import (
	"log"
	"log/slog"
	"strings"
)

// mishaps takes what an HTTP server has to say beside its answers. What strangers do wrong is theirs, and they may do it as often as
// they like: a log that shows it is one at the level debug.
type mishaps struct{ log *slog.Logger }

func (m mishaps) logger() *log.Logger { return log.New(m, "", 0) }

func (m mishaps) Write(text []byte) (int, error) {
	said := strings.TrimSpace(string(text))
	switch {
	case strings.HasPrefix(said, "http: panic serving"), strings.HasPrefix(said, "http2: panic serving"):
		m.log.Error("an answer was not finished", "error", said)
	case strings.HasPrefix(said, "http: Accept error"): // mostly that there are too many files open
		m.log.Warn("a connection was not taken", "error", said)
	default:
		m.log.Debug("a connection was not served", "error", said)
	}
	return len(text), nil
}
