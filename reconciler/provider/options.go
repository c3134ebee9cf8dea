package provider

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// Options say what to read, whom to believe and what to do without a source that answers. Source, Project, Stage, App and
// Keys are required.
type Options struct {
	Source Source

	// Project, Stage and App are what the head has to name. Project is the random id in root.yaml: one log key may sign for
	// several projects, and whoever can write to the source could put another one's head there.
	Project, Stage, App string

	// Keys are the pinned log keys: [Keys] or a [KeyFile].
	Keys KeySource
	// Insecure believes every head whose document has the digest that it names, signed or not. For trying things out.
	Insecure bool

	// Cache keeps the last configuration that was live; nil keeps none. See [DirCache].
	Cache Cache
	// Fallback is compiled in; see [DocumentOf]. Only [AllowFallback] starts with it.
	Fallback *Document
	// Start says with what the program may start. The zero value is [RequireFresh].
	Start Start
	// Patience is how long Open tries a source that does not answer, or where nothing is yet, before it takes the cache or
	// the fallback, or gives up; 5 s by default.
	Patience time.Duration

	// Check is asked before a snapshot is taken, also by Open; [Fits] makes one of a type. An error rejects it; one
	// that wraps [ErrBackwards] says that the program has had a newer one.
	Check func(*Snapshot) error

	// Identity is for gray rules. With an Instance, and a source that can, the program reports what it runs, every 5 minutes
	// and when it changes.
	Identity Identity

	// Refresh is how often everything is read again, whatever the watch says; 5 minutes by default, give or take a tenth.
	Refresh time.Duration
	// Timeout is for one request to the source; 10 s by default.
	Timeout time.Duration
	// Callback is how long the program's own functions may take about one release, those of OnChange and then those of
	// AfterChange; 30 s by default. The context of OnChange ends then. One that does not return within another second is in
	// Healthy and Stats, and no other release is taken before it has; then all is read again. Check has no context, and bounds itself.
	Callback time.Duration

	Log *slog.Logger     // nil: silent. Keys and digests, never a value.
	Now func() time.Time // nil: the clock
}

// Start says with what a program may start when the source does not answer, or holds what cannot be taken.
type Start struct {
	stale    time.Duration
	anyAge   bool
	fallback bool
}

// RequireFresh starts with what the source holds now, or not at all.
func RequireFresh() Start { return Start{} }

// AllowStale starts also with a cached configuration that the source confirmed within d. A clock that went back before
// that moment, by more than a few minutes, cannot say how old it is: it is not taken.
func AllowStale(d time.Duration) Start { return Start{stale: d} }

// AllowFallback starts also with a cached configuration of any age, and without one with Options.Fallback.
func AllowFallback() Start { return Start{anyAge: true, fallback: true} }

var (
	segment   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	projectID = regexp.MustCompile(`^[a-z0-9-]{8,64}$`)
)

const wantName = "want lower-case letters, digits and '-', at most 63"

// Valid says what is missing or cannot be meant, as Open would, without reading anything.
func (o Options) Valid() error {
	var errs []error
	if o.Source == nil {
		errs = append(errs, errors.New("no source"))
	}
	if !segment.MatchString(o.Stage) {
		errs = append(errs, fmt.Errorf("stage %q: %s", o.Stage, wantName))
	}
	for s := range strings.SplitSeq(o.App, "/") {
		if !segment.MatchString(s) {
			errs = append(errs, fmt.Errorf("app %q: %s, with / between folders", o.App, wantName))
			break
		}
	}
	if !projectID.MatchString(o.Project) && !(o.Insecure && o.Project == "") {
		errs = append(errs, fmt.Errorf("project %q: give the id in root.yaml", o.Project))
	}
	if !o.Insecure && o.Keys == nil {
		errs = append(errs, errors.New("no keys: pin the reconciler's log key (Insecure believes everybody)"))
	}
	errs = append(errs, o.Identity.valid())
	if o.Start.fallback && o.Fallback == nil && o.Cache == nil {
		errs = append(errs, errors.New("AllowFallback without Fallback or Cache"))
	}
	if o.Start.stale > 0 && o.Cache == nil {
		errs = append(errs, errors.New("AllowStale without Cache"))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("provider options: %w", err)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	if o.Refresh <= 0 {
		o.Refresh = 5 * time.Minute
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Callback <= 0 {
		o.Callback = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Identity = o.Identity.clone()
	return o
}
