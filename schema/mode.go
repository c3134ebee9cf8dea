package schema

// StageMode says how far a stage's gates are enforced. The zero one enforces.
type StageMode string

// The modes of a stage, the strictest first (UX: adoption).
const (
	Enforce StageMode = "enforce" // what the gate does not allow stays out
	Warn    StageMode = "warn"    // it comes in, and is recorded as what would have stayed out
	Observe StageMode = "observe" // the same, and nothing is written to the stage's targets
)

// Weak reports whether a mode lets in what the gate does not allow. A word that is no mode enforces.
func (m StageMode) Weak() bool { return m == Warn || m == Observe }

// Mode returns how far a stage is enforced; one that the project does not have enforces.
func (p Project) Mode(name StageName) StageMode {
	s, _ := p.Stage(name)
	if !s.Mode.Weak() {
		return Enforce
	}
	return s.Mode
}
