package schema

import (
	"fmt"
	"strings"
)

// App names one service's configuration. It may have several segments ("payments/ledger").
type App string

// StageName names a stage; it is the name of its node in the lifecycle ("production"), never of its branch or directory.
type StageName string

// Cell is one app in one stage: the unit that is judged, held, admitted, applied and shown (RULES R1).
type Cell struct {
	Stage StageName `json:"stage"`
	App   App       `json:"app"`
}

// String reads "payments/ledger in gray".
func (c Cell) String() string { return fmt.Sprintf("%s in %s", c.App, c.Stage) }

// Control is the cell of the control files: sluice.yaml, .sluice/, CODEOWNERS and .gitlab-ci.yml on the default
// branch (RULES R9). Its stage is empty, so no stage or app can be mistaken for it.
var Control = Cell{App: "control"}

// reservedSegments are names that the etcd target gives to its own keys below an app.
var reservedSegments = map[string]bool{"head": true, "rel": true, "kv": true, "consumers": true}

// ParseApp checks the grammar of RULES R3: segments of lower-case letters, digits and inner hyphens, at most 63 long,
// none of them a name that a target uses for itself.
func ParseApp(s string) (App, error) {
	if s == "" {
		return "", fmt.Errorf("app name is empty")
	}
	for _, segment := range strings.Split(s, "/") {
		if err := CheckSegment(segment); err != nil {
			return "", fmt.Errorf("app name %q: %w", s, err)
		}
	}
	return App(s), nil
}

// CheckSegment checks one segment of an app's name, or a stage's name.
func CheckSegment(segment string) error {
	if !isSegment(segment) {
		return fmt.Errorf("segment %q: want lower-case letters, digits and inner hyphens, at most 63 of them", segment)
	}
	if reservedSegments[segment] {
		return fmt.Errorf("segment %q is reserved for the targets' own keys", segment)
	}
	return nil
}

// isSegment is ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$. It is asked several times for each cell that is written.
func isSegment(text string) bool {
	for i := range len(text) {
		c := text[i]
		if inner := c == '-' && 0 < i && i < len(text)-1; !inner && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return 1 <= len(text) && len(text) <= 63
}
