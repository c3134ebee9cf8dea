package schema

import "time"

// View is what people are shown of a project: the page, `status` and `why` render it, and nothing else. It is made from the
// ledger, so a clone and the running reconciler show the same.
//
// Invariant: immutable once published.
type View struct {
	Project    string    `json:"project"`
	Repository string    `json:"repository"`
	At         time.Time `json:"at"` // when it was made
	// Looked is when Git was last read, Compared when the targets were; zero when that was not found out. Older than
	// StaleAfter they say nothing about now.
	Looked     time.Time     `json:"looked,omitzero"`
	Compared   time.Time     `json:"compared,omitzero"`
	StaleAfter time.Duration `json:"-"`
	Ledger     LedgerView    `json:"ledger"`
	Stages     []StageName   `json:"stages"`
	// Modes are those of the stages that do not enforce.
	Modes map[StageName]StageMode `json:"modes,omitempty"`
	// Differs are cells in which nothing is written and that are not as admitted, as a running reconciler saw them last.
	Differs []DifferView `json:"differs,omitempty"`
	Apps    []AppView    `json:"apps"`
	Drafts  []DraftView  `json:"drafts,omitempty"`
	// Requests is the address of the forge's merge requests: a number after it leads to one. Empty where nobody said where the forge is.
	Requests string `json:"-"`
	// Outside is what a running reconciler asks besides Git and the targets; its zero is that nobody was asked.
	Outside Outside   `json:"-"`
	Control *HeldView `json:"control,omitempty"` // a change of the control files that waits
	// Unjudged is of the default branch, where its control files are others than a pass has judged.
	Unjudged  *UnjudgedView `json:"unjudged,omitempty"`
	Incidents []Incident    `json:"incidents,omitempty"`
	// Unread says which branches of a clone could not be compared with what was judged, as in a shallow one.
	Unread []string `json:"unread,omitempty"`
	// Emergencies are what came in by break-glass and nobody has reviewed; Suspended is what people pinned, also after it ended.
	Emergencies []EmergencyView  `json:"emergencies,omitempty"`
	Suspended   []SuspensionView `json:"suspended,omitempty"`
	// Tainted are the cells that hold a revision which people marked: it stays, and goes nowhere.
	Tainted []TaintView `json:"tainted,omitempty"`
	// Guards are the guard rails at the forge as a running reconciler saw them last; a clone knows none.
	Guards *Guards `json:"guards,omitempty"`
	// Silent are the targets that did not answer when they were asked last, as a running reconciler knows at once; the ledger is
	// told of what lasts.
	Silent   []SilentView `json:"silent,omitempty"`
	Problems []string     `json:"problems,omitempty"` // what could not be found out in the last pass
	// ProblemCodes are those of Problems, each once and sorted, for alerts; some problems have none.
	ProblemCodes []Code     `json:"problem_codes,omitempty"`
	Steps        []StepView `json:"-"` // of the lifecycle, with their gates
	// Narrowed says that this is what one viewer may see, and that there may be more.
	Narrowed bool `json:"-"`
	// Alone is of a view that only reads the ledger; nil of one by a running reconciler.
	Alone *Alone `json:"alone,omitempty"`
	// Journal is what happened; nil where nobody read it. Pulse is of a running reconciler; nil of a clone.
	Journal *Journal `json:"-"`
	Pulse   *Pulse   `json:"-"`
}

// Starting is what a reconciler does before there is a view of its project: the first read of a large one takes a while.
type Starting struct {
	Doing string    // a phrase: "the repository is fetched"
	Since time.Time // when it began with that
	Done  int       // how many changes were judged so far
}

// StepView is a step that the lifecycle allows, with the policies of its gate as the project file has them. What always holds
// is not among them.
type StepView struct {
	From     StageName    `json:"from"`
	Event    string       `json:"event"`
	To       StageName    `json:"to"`
	Policies []PolicySpec `json:"policies"`
}

// LedgerView names the ledger's last entry.
type LedgerView struct {
	Size int64     `json:"size"`
	Tip  Hash      `json:"tip,omitzero"`
	At   time.Time `json:"at,omitzero"`
	// Ref is where it was read, where that is not a reconciler's own.
	Ref string `json:"ref,omitempty"`
}

// AppView is one app in every stage, in the stages' order.
type AppView struct {
	App   App        `json:"app"`
	Cells []CellView `json:"cells"`
	// Owner and Labels are what the control files in force say of the app; empty where they say nothing.
	Owner  string            `json:"owner,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	// Retirement is the record in force by which the app leaves the last stage; nil where there is none.
	Retirement *Retirement `json:"-"`
}

// CellState is one word for how a cell is.
type CellState string

// The states of a cell, as people read them.
const (
	Absent     CellState = "absent"     // nothing was ever admitted
	Live       CellState = "live"       // every required target was read back equal
	Admitted   CellState = "admitted"   // let in, not everywhere read back yet
	Observed   CellState = "observed"   // let in where nothing is written: what runs there is not known
	Held       CellState = "held"       // something newer waits
	Denied     CellState = "denied"     // something newer was refused
	Drifted    CellState = "drifted"    // a target differed and is not repaired
	Failing    CellState = "failing"    // a target could not be written
	Unverified CellState = "unverified" // it was live, and a target does not answer or refuses: what it holds is not known
	Prepared   CellState = "prepared"   // stage-local files only
	Retired    CellState = "retired"    // the app has left the stage
	Refused    CellState = "refused"    // its ref was rewound, rewritten or lost
	Unjudged   CellState = "unjudged"   // Git holds something newer that no pass has judged, or none can
)

// CellView is one app in one stage.
type CellView struct {
	Cell     Cell      `json:"cell"`
	State    CellState `json:"state"`
	Revision Revision  `json:"revision,omitempty"` // admitted
	Content  Content   `json:"content,omitempty"`
	Seq      int64     `json:"seq,omitempty"`   // entry that admitted it
	Commit   Hash      `json:"commit,omitzero"` // position of the stage's ref that holds it
	// MergeRequest brought what is admitted; 0 where it was sealed.
	MergeRequest int64 `json:"merge_request,omitempty"`
	// By is who brought it in; empty where it was sealed, and in ledgers that do not keep it.
	By string `json:"by,omitempty"`
	// Cause is the kind of the change that brought it in.
	Cause    Kind         `json:"cause,omitempty"`
	Since    time.Time    `json:"since,omitzero"`
	LiveAt   time.Time    `json:"live_at,omitzero"`
	Targets  []TargetView `json:"targets,omitempty"`
	Held     *HeldView    `json:"held,omitempty"`
	Incident *Incident    `json:"incident,omitempty"`
	// Goal is what a rollback goes back to where a change is held; empty where none was admitted that the rollback gate serves.
	Goal Revision `json:"goal,omitempty"`
	// Gray is how far what is admitted has widened; nil where all have it.
	Gray *GrayView `json:"gray,omitempty"`
	// LetIn says what enforcement would have held of what is admitted; nil where the gate let it in.
	LetIn *LetInView `json:"let_in,omitempty"`
	// Instances are those that a running reconciler saw last; a clone knows none.
	Instances *InstancesView `json:"instances,omitempty"`
	// Ref and Path are where its files are in Git: the full name of the stage's ref, and the directory below the root.
	Ref  string `json:"-"`
	Path string `json:"-"`
	// Next is what a promotion would bring here; nil where nothing differs, or something waits that says why itself.
	Next *NextView `json:"next,omitempty"`
	// Unjudged is what the stage's branch holds here and no pass has judged.
	Unjudged *UnjudgedView `json:"unjudged,omitempty"`
}

// UnjudgedView is a change that nobody knows the answer to: a clone saw it and no pass has, or a running reconciler could not find out
// what it has to know.
type UnjudgedView struct {
	Commit Hash `json:"commit"` // the branch's tip, which holds it
	// Since is when it could not be judged first; zero in a clone, which knows of no pass that tried.
	Since time.Time `json:"since,omitzero"`
	Code  Code      `json:"code,omitempty"`
	Why   string    `json:"why,omitempty"` // what a pass met
	// Seen is when who reads the ledger alone found it first; zero elsewhere.
	Seen time.Time `json:"seen,omitzero"`
}

// From is since when it is known that it is not judged; zero in a clone that was not watched.
func (u UnjudgedView) From() time.Time {
	if u.Since.IsZero() {
		return u.Seen
	}
	return u.Since
}

// LetInView is what the gate says of content that the mode of its stage alone let in.
type LetInView struct {
	Mode    StageMode `json:"mode"`
	Verdict Verdict   `json:"verdict"`
}

// DifferView is a target that would be changed if its stage did not only observe.
type DifferView struct {
	Cell   Cell   `json:"cell"`
	Target string `json:"target"`
	Keys   int    `json:"keys"` // how many would change; at least 1
}

// GrayView is who has what is admitted, while not all have it.
type GrayView struct {
	Rule  GrayRule  `json:"rule"`
	Base  Revision  `json:"base"`  // what the others run
	Since time.Time `json:"since"` // when the step began
	Seq   int64     `json:"seq"`   // entry that began it
}

// NextView is what a promotion would bring to a cell, or why it brings nothing now.
type NextView struct {
	From     StageName `json:"from,omitempty"`
	Revision Revision  `json:"revision,omitempty"` // empty: no stage before has one that may come
	// Why is a sentence: why there is none, or why sluice does not propose it. Empty where one may be promoted.
	Why string `json:"why,omitempty"`
	// MergeRequest is open for it, as far as a running reconciler knows; a clone knows none.
	MergeRequest int64 `json:"merge_request,omitempty"`
}

// TargetView is what one target is known to hold.
type TargetView struct {
	Name string    `json:"name"`
	Live bool      `json:"live"` // the admitted content was read back
	At   time.Time `json:"at,omitzero"`
	Code Code      `json:"code,omitempty"` // why it could not be written or verified
	// Refused is what is known of that beside the code; nil where nothing is.
	Refused *Refusal `json:"refused,omitempty"`
	// Unknown is since when what it holds is not known, because it does not answer; zero while it does. It is not live then.
	Unknown time.Time `json:"unknown_since,omitzero"`
	// Drift is what somebody else changed there and was not put back; nil where the ledger knows of none.
	Drift *DriftView `json:"drift,omitempty"`
	// Foreign are keys beside ours that sluice never wrote, and leaves; nil where none were found, or nobody looked.
	Foreign *ForeignView `json:"foreign,omitempty"`
	// Entry and Commit are of what was read back last; zero where nothing was, or it is older than what is kept.
	Entry  int64 `json:"-"`
	Commit Hash  `json:"-"`
}

// DriftView is what the newest entry about it says of a target that was changed by somebody else.
type DriftView struct {
	Seq int64     `json:"seq"` // the entry
	At  time.Time `json:"at"`  // when it was found
	// Since is when the target was found to differ first; zero where that is At.
	Since time.Time `json:"since,omitzero"`
	Count int       `json:"count"`          // how many keys differ
	Keys  []string  `json:"keys,omitempty"` // the first of them, each with what was done: "app.yaml changed"
	By    string    `json:"by,omitempty"`   // who wrote them, where the target tells; it is its word
}

// ForeignView is what somebody else keeps at a target beside what is delivered there: programs that read all that lies there read it too.
type ForeignView struct {
	Count int      `json:"count"`
	Keys  []string `json:"keys"` // the first of them
}

// SilentView is a target that does not answer.
type SilentView struct {
	Target string    `json:"target"`
	Since  time.Time `json:"since"` // when that was found
	Cells  int       `json:"cells"` // that were to be compared or written; 0 where none were due
}

// HeldView is a change that waits or was refused, with its verdict.
type HeldView struct {
	Seq          int64     `json:"seq"`
	Since        time.Time `json:"since"`
	Commit       Hash      `json:"commit"`
	Change       Change    `json:"change"`
	MergeRequest int64     `json:"merge_request,omitempty"`
	Verdict      Verdict   `json:"verdict"`
	// Instances are those that the verdict was given by, where the gate asks for health.
	Instances *InstancesView `json:"instances,omitempty"`
	// Above is other content that lies above it on the stage's ref; nil where there is none.
	Above *AboveView `json:"above,omitempty"`
}

// AboveView is what lies above a change that was not let in: it is judged once that has entered or was taken back.
type AboveView struct {
	Commit Hash `json:"commit,omitzero"` // position of the stage's ref that brought it
	// MergeRequest brought it, as a running reconciler knows; a clone knows none.
	MergeRequest int64  `json:"merge_request,omitempty"`
	Why          string `json:"why,omitempty"` // whether there is any could not be found out
}

// EmergencyView is content that was let into a cell without its gate.
type EmergencyView struct {
	Cell     Cell      `json:"cell"`
	Revision Revision  `json:"revision"`
	Seq      int64     `json:"seq"`
	Since    time.Time `json:"since"`
	Review   time.Time `json:"review"` // when somebody has to have looked at it
	By       []string  `json:"by"`
	Reason   string    `json:"reason"`
}

// SuspensionView is a pinned cell, or stage where Cell has no app.
type SuspensionView struct {
	Cell   Cell      `json:"cell"`
	Seq    int64     `json:"seq"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"` // it ends by itself then
	By     []string  `json:"by"`
	Reason string    `json:"reason"`
}

// TaintView is a cell that holds a marked revision.
type TaintView struct {
	Cell     Cell      `json:"cell"`
	Revision Revision  `json:"revision"`
	Seq      int64     `json:"seq"` // admitted it
	Since    time.Time `json:"since"`
}

// DraftView is an open merge request into the first stage.
type DraftView struct {
	IID    int64     `json:"iid"`
	Title  string    `json:"title"`
	URL    string    `json:"url,omitempty"`
	Author string    `json:"author"`
	Opened time.Time `json:"opened"`
}

// Incident is a ref that did not move forward and is not followed.
type Incident struct {
	Ref   string    `json:"ref"`
	Code  Code      `json:"code"`
	Seen  Hash      `json:"seen,omitzero"`
	Found Hash      `json:"found,omitzero"`
	Since time.Time `json:"since"`
	Seq   int64     `json:"seq"`
}

// Stale reports whether the view says nothing about the moment any more: Git was not read for too long, or nobody works on what it holds.
func (v View) Stale(now time.Time) bool {
	return v.StaleAfter > 0 && (now.Sub(v.Looked) > v.StaleAfter || v.Unheard(now))
}

// Unheard reports whether Git holds something that no reconciler has judged for too long, while the ledger got nothing else either.
func (v View) Unheard(now time.Time) bool {
	if v.StaleAfter <= 0 || v.Alone == nil || v.Alone.Waits.IsZero() {
		return false
	}
	heard := v.Alone.Waits
	if v.Ledger.At.After(heard) {
		heard = v.Ledger.At
	}
	return now.Sub(heard) > v.StaleAfter
}

// Cell returns the view of one cell.
func (v View) Cell(cell Cell) (CellView, bool) {
	for _, app := range v.Apps {
		if app.App != cell.App {
			continue
		}
		for _, c := range app.Cells {
			if c.Cell == cell {
				return c, true
			}
		}
	}
	return CellView{}, false
}
