package schema

import (
	"slices"
	"time"
)

// GuardState is how a guard rail was found.
type GuardState string

// The states of a guard rail. What nobody could find out is unknown and never ok, and so is the zero value.
const (
	GuardUnknown GuardState = "unknown"
	GuardFail    GuardState = "fail" // it is not there, or keeps sluice from working
	GuardWarn    GuardState = "warn" // weaker than it could be; sluice's own rules hold all the same
	GuardOK      GuardState = "ok"
)

// GuardStates lists them, worst first.
var GuardStates = []GuardState{GuardFail, GuardUnknown, GuardWarn, GuardOK}

// GuardRail is one setting of the forge, or of what sluice is given there, that keeps people from getting around sluice.
type GuardRail struct {
	Name    string     `json:"name"`
	Subject string     `json:"subject,omitempty"` // full name of the ref that it guards, or what it is about; empty: the project
	State   GuardState `json:"state"`
	Seen    string     `json:"seen"`           // in words: the forge's settings as they are
	Code    Code       `json:"code,omitempty"` // what it means and how to put it right; empty where it is ok
}

// Guards are the guard rails that one look at the forge found.
type Guards struct {
	Host      string      `json:"host"`
	ProjectID int64       `json:"project_id"`
	At        time.Time   `json:"at"` // by our clock, when the look began
	Rails     []GuardRail `json:"rails"`
	Raw       []Raw       `json:"-"` // answers that rails were read from and that hold no secret
}

// Rail returns the rail of a name about a subject; ok is false where the look did not find out anything of the kind.
func (g Guards) Rail(name, subject string) (GuardRail, bool) {
	i := slices.IndexFunc(g.Rails, func(r GuardRail) bool { return r.Name == name && r.Subject == subject })
	if i < 0 {
		return GuardRail{}, false
	}
	return g.Rails[i], true
}

// RefUse is what a branch is there for; it decides who has to be able to push.
type RefUse string

// The uses of branches.
const (
	UseStage     RefUse = "stage"     // holds stages or the control files: changes come by merge requests alone
	UseLedger    RefUse = "ledger"    // the reconciler pushes, nobody else
	UsePromotion RefUse = "promotion" // the reconciler pushes, and may replace
)

// GuardedRef is a branch that sluice relies on.
type GuardedRef struct {
	Ref string `json:"ref"` // full name; of promotions any one of them
	Use RefUse `json:"use"`
}
