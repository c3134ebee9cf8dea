package schema

import (
	"slices"
	"time"
)

// Journal is what happened in a project, as its ledger tells it: the newest records, and figures over all of them. It is made
// from the ledger alone, so a restart or another reconciler tells the same.
//
// Invariant: immutable once published.
type Journal struct {
	Read    int64    // entries that it knows; those of the ledger once they were all read
	Whole   bool     // it was complete once, so that its figures only grow
	Records []Record // the newest, oldest first
	// Since is the first of Records that has everything after it; pages that ask for older ones say so.
	Since       time.Time
	Kinds       map[string]int64 // entries by kind
	Transitions map[Transition]int64
	Deliveries  map[DeliveryResult]int64
	Drifts      map[StageName]int64
	Stages      map[StageName]StageFigures
}

// Record is one ledger entry as people are shown it.
type Record struct {
	Seq     int64     `json:"seq"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Digest  Digest    `json:"digest,omitempty"` // of the entry's bytes
	Prev    Digest    `json:"prev,omitempty"`
	Linked  bool      `json:"linked"` // Prev is the digest of the entry before, as it was read
	Stage   StageName `json:"stage,omitempty"`
	App     App       `json:"app,omitempty"`
	Ref     string    `json:"ref,omitempty"`
	Code    Code      `json:"code,omitempty"`
	From    StageName `json:"from,omitempty"`   // of a decision: where the content came from
	To      StageName `json:"to,omitempty"`     // and where it was to go
	Result  string    `json:"result,omitempty"` // of a decision or a delivery
	Mode    StageMode `json:"mode,omitempty"`   // of a decision: that of its stage, where it does not enforce
	Change  Kind      `json:"change,omitempty"`
	Was     Revision  `json:"was,omitempty"`
	Becomes Revision  `json:"revision,omitempty"`
	Commit  Hash      `json:"commit,omitzero"`

	MergeRequest int64     `json:"merge_request,omitempty"`
	Opened       time.Time `json:"opened,omitzero"`   // that merge request
	Signers      []string  `json:"signers,omitempty"` // of the commits, as they were judged
	Authors      []string  `json:"authors,omitempty"`
	Operator     string    `json:"operator,omitempty"`
	Approvers    []string  `json:"approvers,omitempty"`
	Missing      []Code    `json:"missing,omitempty"`
	By           []string  `json:"by,omitempty"` // of an order
	Reason       string    `json:"reason,omitempty"`
	Target       string    `json:"target,omitempty"`
	Admission    int64     `json:"admission,omitempty"` // of a delivery: the entry whose content it is
	Says         []Said    `json:"says,omitempty"`      // the rest, in words: who gets what widens, the keys that drifted, until when
}

// Said is something that an entry says, and what that is: "until", "keys".
type Said struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Attempt is one change that wanted to come from one node of the lifecycle to another. It is judged as often as what is asked of it
// changes: whoever counts how often changes were held or denied counts attempts, each once a result.
type Attempt struct {
	App          App
	From, To     StageName
	Change       Kind
	Becomes      Revision
	MergeRequest int64
}

// Attempt is what the record of a decision is about.
func (r Record) Attempt() Attempt {
	return Attempt{App: r.App, From: r.From, To: r.To, Change: r.Change, Becomes: r.Becomes, MergeRequest: r.MergeRequest}
}

// Transition is one step between nodes of the lifecycle and how the attempt ended.
type Transition struct {
	From, To StageName
	Result   string
}

// The results of a transition.
const (
	Passed  = "admitted"
	Waiting = "held"
	Barred  = "denied"
)

// TransitionResults lists them.
var TransitionResults = []string{Passed, Waiting, Barred}

// RecordKinds are the kinds of entries that there can be, as the ledger calls them.
var RecordKinds = []string{
	"genesis", "control", "observe", "admit", "rollback", "retire", "hold", "deny", "apply", "drift", "target-down", "archive", "suspend", "resume", "break-glass", "taint", "key-rotate",
	"expunge", "widen",
}

// The nodes of the lifecycle that are no stages: where changes are written, and where apps end.
const (
	DraftNode   StageName = "draft"
	ArchiveNode StageName = "archived"
)

// DeliveryResult says how writing to a target ended.
type DeliveryResult struct {
	Stage          StageName
	Target, Result string
}

// StageFigures are the four figures of delivery (DORA) of one stage, and what they are made of.
type StageFigures struct {
	Deployments int64     // revisions that went live; ways back and removals are none
	Failed      int64     // of those: rolled back, replaced by break-glass, or marked
	Last        time.Time // when the last one went live
	// LetIn is how often the mode of the stage alone let something in, that its gate would have held or refused.
	LetIn int64
	// Lead is from when the merge request that first brought a revision was opened until it was live here.
	Lead Durations
	// Restore is from when content that failed went live until other content did, that held.
	Restore Durations
}

// DurationBounds are the upper bounds of the buckets of [Durations], in seconds: from a minute to ninety days.
var DurationBounds = []float64{60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400, 2 * 86400, 4 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 90 * 86400}

// PartBounds are those of how long a pass and its parts take: from five milliseconds to ten minutes.
var PartBounds = []float64{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600}

// Durations is a histogram. Its zero value is empty.
type Durations struct {
	Count   uint64
	Sum     float64  // seconds
	Buckets []uint64 // by bound, not cumulative; what is longer than the last bound is in Count alone
	// Exemplars are, by bucket, the last duration whose trace is known; the one after the last bound is of what is longer. Empty
	// where none is.
	Exemplars []Exemplar
}

// Exemplar is one duration with the pass in which it was seen.
type Exemplar struct {
	Trace   string // empty: there is none
	Seconds float64
	At      time.Time
}

// With returns the histogram with one more duration; negative ones count as none.
func (d Durations) With(took time.Duration) Durations {
	return d.Within(DurationBounds, took, Exemplar{})
}

// Within is With for other bounds, which have to be the same each time. The exemplar's Seconds are the duration's.
func (d Durations) Within(bounds []float64, took time.Duration, from Exemplar) Durations {
	from.Seconds = max(0, took.Seconds())
	buckets := make([]uint64, len(bounds))
	copy(buckets, d.Buckets)
	i, _ := slices.BinarySearch(bounds, from.Seconds)
	if i < len(bounds) {
		buckets[i]++
	}
	out := Durations{Count: d.Count + 1, Sum: d.Sum + from.Seconds, Buckets: buckets, Exemplars: d.Exemplars}
	if from.Trace != "" {
		out.Exemplars = make([]Exemplar, len(bounds)+1)
		copy(out.Exemplars, d.Exemplars)
		out.Exemplars[i] = from
	}
	return out
}

// Removes reports whether a decision takes an app out of a stage: as it is retired, or as its files are deleted in one before.
func (r Record) Removes() bool {
	return r.Change == Retire || r.Change != "" && r.App != "" && r.Becomes == None
}

// Record returns one of the kept records.
func (j *Journal) Record(seq int64) (Record, bool) {
	if j == nil {
		return Record{}, false
	}
	i, ok := slices.BinarySearchFunc(j.Records, seq, func(r Record, seq int64) int { return int(r.Seq - seq) })
	if !ok {
		return Record{}, false
	}
	return j.Records[i], true
}

// Pulse says how the reconciler itself does.
type Pulse struct {
	Passes, Failed int64         // since it started
	Took           time.Duration // the last pass
	Every          time.Duration // between passes
	Leads          bool          // false where another process works
	Trace          string        // of the last pass, as its log lines have it
}
