package provider

import (
	"context"
	"errors"
	"time"
)

// Source is a place where a reconciler keeps the configuration of one app in one stage. It is not trusted: what it brings
// is verified. Its methods may be called from several goroutines at once.
//
// Errors wrap io/fs.ErrNotExist where nothing is there, io/fs.ErrPermission where reading is not allowed. They carry no
// content.
type Source interface {
	// Head returns the bytes of the head as they are there now, by a read that sees every write acknowledged before it
	// began, and where that is in the source's history.
	Head(ctx context.Context) (raw []byte, at Position, err error)

	// Document returns the document that a verified head names, as it was at the position: never part of an older and part
	// of a newer one. It is asked only where the head does not hold the document itself. An error only means that the head
	// is read again.
	Document(ctx context.Context, part Part, at Position) ([]byte, error)
}

// Watcher is a source that can tell when something changed. Watching only saves time: everything is read again now and
// then, whatever the source says.
type Watcher interface {
	// Watch returns nil as soon as the source has changed after the position, or may have. It misses nothing in between.
	// An error says that the watch was lost: the head is read again after a pause.
	Watch(ctx context.Context, after Position) error
}

// Reporter is a source that can also tell the reconciler which instance runs what.
type Reporter interface {
	// Report puts the instance's report in the place of the one before. It goes away by itself, soon after the program does.
	Report(ctx context.Context, r Report) error
}

// Closer is a source with something to give back when the provider is closed.
type Closer interface {
	Close() error
}

// Position is a place in a source's history, in the source's own words.
type Position string

// Report says which instance runs what. There is no content in it.
type Report struct {
	V        int               `json:"v"` // 1
	Instance string            `json:"instance"`
	Service  string            `json:"service,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Seq      int64             `json:"seq"` // of the snapshot that runs; 0 for the fallback
	Revision string            `json:"revision"`
	Content  string            `json:"content"`
	Doc      string            `json:"doc"`
	Origin   string            `json:"origin"`
	Gray     bool              `json:"gray,omitempty"`
	Refused  int64             `json:"refused,omitempty"` // seq of a newer one that this instance does not take
	Why      string            `json:"why,omitempty"`     // "rejected", "refused" or "retired"
	At       time.Time         `json:"at"`
}

// What can be wrong. Every error of this package wraps at most one of them.
var (
	// ErrRefused: what the source holds is not what the reconciler signed for this app in this stage.
	ErrRefused = errors.New("refused")
	// ErrBackwards: what the source holds is genuine, and older than what this program has seen.
	ErrBackwards = errors.New("older than what was seen before")
	// ErrRejected: what the source holds is genuine, and this program does not take it: it does not fit, or a callback said no.
	ErrRejected = errors.New("rejected")
	// ErrRetired: the app has left the stage.
	ErrRetired = errors.New("retired")
	// ErrUnavailable: the source could not be read.
	ErrUnavailable = errors.New("unavailable")
	// ErrStale: nobody could confirm the configuration for too long.
	ErrStale = errors.New("not confirmed for too long")
	// ErrClosed: the provider was closed.
	ErrClosed = errors.New("closed")
)
