package schema

import "time"

// Span is a part of a pass that took time, as OpenTelemetry has it. What others named, like an app, stands in it as it is:
// whoever prints or sends it makes it fit.
type Span struct {
	Trace  string // 32 lower-case hexadecimal digits; one for each pass, as its log lines have it
	ID     string // 16 of them
	Parent string // empty: the pass itself
	Name   string
	Began  time.Time
	Ended  time.Time
	Texts  map[string]string
	Counts map[string]int64
	Failed string // why; empty where it did what it should
}
