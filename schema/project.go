package schema

import "time"

// Project is sluice.yaml, resolved: every default is filled in, so that two files that mean the same are equal here.
type Project struct {
	Layout         Layout
	Branch         string // directory layout: the branch that holds every stage; branch layout: where the control files are
	Apps           AppsRule
	About          []AppsAbout // whose the apps are, in the order of the file
	StageLocal     Patterns
	Stages         []Stage // in lifecycle order
	Edges          []Edge
	Targets        []string // logical target names that the stages write to
	Atomic         bool
	Provenance     ProvenanceUnit
	RollbackWindow time.Duration // how long superseded revisions stay rollback goals; 0 is for ever
	Retention      time.Duration // how long what is archived has to be kept; 0 is for ever
	// Expressions are those of every gate, in the order of the file; whether they mean anything is for the policies to check.
	Expressions []Expression
}

// Layout is where stages lie in the repository.
type Layout string

// The two layouts; both give the same results.
const (
	DirectoryLayout Layout = "directory" // stages/<stage>/<app>/… on one branch
	BranchLayout    Layout = "branch"    // <app>/… on branch stage/<stage>
)

// ProvenanceUnit says what has to come from one admitted revision.
type ProvenanceUnit string

// The units of provenance.
const (
	ByRevision ProvenanceUnit = "revision"
	ByFile     ProvenanceUnit = "file"
)

// AppsRule says which directories are apps: those at a depth, or those that a pattern names.
type AppsRule struct {
	Depth    int
	Patterns Patterns
}

// Stage is a node of the lifecycle with its place in Git, its gate and its targets. The zero Stage targets nothing.
type Stage struct {
	Name    StageName
	Place   string // directory layout: the directory, "stages/<name>" by default
	Branch  string // branch layout: the branch, "stage/<name>" by default
	Gates   Gates
	Targets []StageTarget
	// Mode says how far the gates are enforced; ModeAt is where a weaker one is written.
	Mode   StageMode
	ModeAt Position
	// Gray says how a new revision widens; nil: all get it at once.
	Gray *GraySpec
	// Proposes says that sluice opens the merge requests of promotions into the stage by itself.
	Proposes bool
	// Merges says that sluice merges them, and those of rollbacks, as soon as nothing but the merge is missing.
	Merges bool
}

// StageTarget is a target as one stage uses it.
type StageTarget struct {
	Name     string // refers to the operator's file
	Required bool
	Report   bool // drift is only told, not put back
	Prune    bool // keys beside ours that came after us are taken away
	// Settings are the logical settings of the kind (prefix, namespace, name, directory); never an address or a credential.
	Settings map[string]string
}

// Edge allows promotion from one stage to another.
type Edge struct {
	From StageName `json:"from"`
	To   StageName `json:"to"`
}

// Gates are the policies of a stage, by what a change is: promote serves edit, promote and tune.
type Gates struct {
	Promote  Gate
	Rollback Gate
	Retire   Gate
	// Replaced are the default gates in whose place written ones stand, and the others where the written ones are.
	Replaced                        Replaced
	PromoteAt, RollbackAt, RetireAt Position
}

// Replaced are default gates; nil where the default is in force.
type Replaced struct{ Promote, Rollback, Retire Gate }

// Gate is a list of policies that all have to allow, beside what always holds: signed, merge request evidence and provenance.
// One that is written stands in the place of the default one.
type Gate []PolicySpec

// PolicySpec is one policy of a gate as written: its name and its value, in JSON's types.
type PolicySpec struct {
	Name     string   `json:"name"`
	Value    any      `json:"value"`
	Position Position `json:"-"`
}

// Stage returns the stage of that name.
func (p Project) Stage(name StageName) (Stage, bool) {
	for _, s := range p.Stages {
		if s.Name == name {
			return s, true
		}
	}
	return Stage{}, false
}

// before returns the stages that lead to name.
func (p Project) before(name StageName) []StageName {
	var out []StageName
	for _, e := range p.Edges {
		if e.To == name {
			out = append(out, e.From)
		}
	}
	return out
}

// Ref returns the full name of the ref that holds the stage.
func (p Project) Ref(stage Stage) string {
	if p.Layout == BranchLayout {
		return "refs/heads/" + stage.Branch
	}
	return "refs/heads/" + p.Branch
}

// Dir returns the directory of a stage on its ref; empty in the branch layout, where apps are at the top.
func (p Project) Dir(stage Stage) string {
	if p.Layout == BranchLayout {
		return ""
	}
	return stage.Place
}

// CellPath returns the directory of a cell on its stage's ref.
func (p Project) CellPath(stage Stage, app App) string {
	if dir := p.Dir(stage); dir != "" {
		return dir + "/" + string(app)
	}
	return string(app)
}

// For returns the gate that a kind of change passes.
func (g Gates) For(kind Kind) Gate {
	switch kind {
	case Rollback:
		return g.Rollback
	case Retire:
		return g.Retire
	default:
		return g.Promote
	}
}
