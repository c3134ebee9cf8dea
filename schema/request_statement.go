package schema

import (
	"fmt"
	"slices"
	"time"
)

// The kinds of requests beside approve (RULES R24).
const (
	KindGenesis    = "genesis"
	KindSuspend    = "suspend"     // pins a stage or an app in it for a time (R20)
	KindResume     = "resume"      // ends that
	KindTaint      = "taint"       // marks a revision in a stage, or takes the mark back (R18)
	KindExpunge    = "expunge"     // drops evidence with personal data
	KindAcceptRef  = "accept-ref"  // follows a rewound branch (R5)
	KindAdopt      = "adopt"       // takes over what is there, as genesis does (R25, R30)
	KindBreakGlass = "break-glass" // lets one content into one cell without its gate (R19)
)

// RequestStatement is what people sign with a request of a kind other than genesis and approve. Each kind uses the fields
// that [RequestFields] lists, and no others.
type RequestStatement struct {
	Kind    string    `json:"kind"`
	Project string    `json:"project"`
	Made    time.Time `json:"made"` // as the first signer's clock said
	Seen    Seen      `json:"seen"`
	// Cell is what it is about: all apps of the stage where suspend and resume name none.
	Cell Cell `json:"cell,omitzero"`
	// Until ends a suspension, and the time in which break-glass may be used.
	Until    time.Time `json:"until,omitzero"`
	Review   time.Time `json:"review,omitzero"`   // break-glass: when somebody has to have looked at it
	Revision Revision  `json:"revision,omitzero"` // taint
	// Acknowledged takes a taint back; Reviewed says that somebody looked at what broke the glass and lets it stay.
	Acknowledged bool `json:"acknowledged,omitzero"`
	Reviewed     bool `json:"reviewed,omitzero"`
	// Overwrite lets an adoption write over what targets hold without our marker.
	Overwrite bool     `json:"overwrite,omitzero"`
	Blobs     []Digest `json:"blobs,omitempty"` // expunge: sorted, each once
	Ref       string   `json:"ref,omitzero"`    // accept-ref, break-glass: full name
	Old       Hash     `json:"old,omitzero"`    // accept-ref: the tip that was seen last
	New       Hash     `json:"new,omitzero"`    // accept-ref: the tip to follow; break-glass: the commit that holds To
	From      Content  `json:"from,omitzero"`   // break-glass: admitted content
	To        Content  `json:"to,omitzero"`     // break-glass
	Reason    string   `json:"reason"`
}

type requestStatement = RequestStatement

// RequestFields lists the fields of a kind of request in their order; nil for kinds that this version does not know.
func RequestFields(kind string) []string {
	switch kind {
	case KindApprove:
		return fieldNames(approvalFields())
	case KindGenesis:
		return []string{"project", "root", "control", "tip", "cells"}
	}
	return fieldNames(requestFields(kind))
}

// Statement returns the bytes to sign.
func (s RequestStatement) Statement() ([]byte, error) {
	fields := requestFields(s.Kind)
	if fields == nil {
		return nil, fmt.Errorf("request kind %q is not known", s.Kind)
	}
	s.Blobs = slices.Sorted(slices.Values(s.Blobs))
	if err := s.check(); err != nil {
		return nil, err
	}
	return encodeStatement(s.Kind, fields, s)
}

// ParseStatement reads a request of a kind other than genesis and approve. Who signed it is not its question.
func ParseStatement(r Request) (RequestStatement, error) {
	fields := requestFields(r.Kind)
	if fields == nil {
		return RequestStatement{}, fmt.Errorf("request kind %q is not known", r.Kind)
	}
	s, err := parseStatement(r, fields)
	s.Kind = r.Kind
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return RequestStatement{}, err
	}
	return s, nil
}

// check holds what single fields cannot say.
func (s RequestStatement) check() error {
	rule, _ := RuleOf(s.Kind)
	switch {
	case s.Kind == KindSuspend || s.Kind == KindBreakGlass:
		if !s.Until.After(s.Made) || s.Until.Sub(s.Made) > rule.Longest {
			return fmt.Errorf("%s request: it ends at %s: want at most %s after it was made", s.Kind, stamp(s.Until), days(rule.Longest))
		}
	case s.Kind == KindExpunge:
		if !slices.IsSorted(s.Blobs) || len(slices.Compact(slices.Clone(s.Blobs))) != len(s.Blobs) {
			return fmt.Errorf("expunge request: blobs are not in order, each once")
		}
	}
	switch {
	case s.Kind == KindBreakGlass && (!s.Review.After(s.Made) || s.Review.Sub(s.Made) > LongestReview):
		return fmt.Errorf("break-glass request: review at %s: want at most %s after it was made", stamp(s.Review), days(LongestReview))
	case s.Kind == KindBreakGlass && s.From == s.To:
		return fmt.Errorf("break-glass request: %s does not change", s.Cell)
	case s.Acknowledged && s.Reviewed:
		return fmt.Errorf("%s request: one mark at a time", s.Kind)
	case s.Kind == KindAcceptRef && s.Old == s.New:
		return fmt.Errorf("accept-ref request: %s does not move", s.Ref)
	}
	return nil
}

// days writes a limit; all of them are whole days.
func days(d time.Duration) string { return fmt.Sprintf("%dd", d/(24*time.Hour)) }
