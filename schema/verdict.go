package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Outcome is what a policy answers. The zero Outcome denies, so that a forgotten answer lets nothing through.
type Outcome int

const (
	// Deny says no; only another change can turn it into a yes.
	Deny Outcome = iota
	// Hold says not yet: evidence or time is missing.
	Hold
	// Allow says yes.
	Allow
)

var outcomeNames = [...]string{"deny", "hold", "allow"}

// String returns "deny", "hold" or "allow".
func (o Outcome) String() string {
	if o < Deny || o > Allow {
		return fmt.Sprintf("outcome(%d)", int(o))
	}
	return outcomeNames[o]
}

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) {
	if o < Deny || o > Allow {
		return nil, fmt.Errorf("outcome %d has no name", int(o))
	}
	return []byte(outcomeNames[o]), nil
}

// UnmarshalText reads a name and refuses any other text.
func (o *Outcome) UnmarshalText(text []byte) error {
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("outcome %q: want deny, hold or allow", text)
}

// Verdict is a policy's answer: a tree with codes and arguments, and no rendered text, so that it can be stored,
// compared and shown in any place (RULES R33). The zero Verdict denies.
type Verdict struct {
	Policy   string            `json:"policy"`
	Outcome  Outcome           `json:"outcome"`
	Code     Code              `json:"code,omitempty"`
	Args     map[string]string `json:"args,omitempty"`
	Earliest *time.Time        `json:"earliest,omitempty"` // when time alone would satisfy it; absolute, UTC
	Parts    []Verdict         `json:"parts,omitempty"`
}

// Equal reports whether two verdicts say the same, Earliest included; a recorded verdict is not recorded again while
// it stays equal.
func (v Verdict) Equal(other Verdict) bool {
	a, errA := json.Marshal(v)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && reflect.DeepEqual(a, b)
}

// All joins parts under one name: the worst outcome of its parts is its own. Without parts it denies.
func All(policy string, parts ...Verdict) Verdict {
	v := Verdict{Policy: policy, Outcome: Allow, Parts: parts}
	if len(parts) == 0 {
		v.Outcome = Deny
		v.Code = "nothing-judged"
		return v
	}
	for _, p := range parts {
		if p.Outcome < v.Outcome {
			v.Outcome = p.Outcome
		}
		if p.Outcome != Allow && p.Earliest != nil && (v.Earliest == nil || p.Earliest.After(*v.Earliest)) {
			v.Earliest = p.Earliest
		}
	}
	return v
}

// Missing returns the nodes with a code that keep the verdict from allowing: what a person has to see. Below a node
// that allows nothing is missing, whatever its parts say.
func (v Verdict) Missing() []Verdict {
	if v.Outcome == Allow {
		return nil
	}
	var out []Verdict
	if v.Code != "" {
		out = append(out, v)
	}
	for _, p := range v.Parts {
		out = append(out, p.Missing()...)
	}
	return out
}
