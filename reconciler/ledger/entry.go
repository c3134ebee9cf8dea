package ledger

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Kind says what an entry records.
type Kind string

// The kinds of entries (RULES R31).
const (
	Genesis    Kind = "genesis"     // seals what a repository holds on adoption; entry 1
	Control    Kind = "control"     // the control files in force from here on
	Observe    Kind = "observe"     // a ref advanced, was rewound or vanished, and no other entry says so
	Admit      Kind = "admit"       // an edit, promote or tune enters its stage
	Rollback   Kind = "rollback"    // a revision admitted here before is admitted again
	Retire     Kind = "retire"      // an app's absence enters the last stage
	Hold       Kind = "hold"        // not yet
	Deny       Kind = "deny"        // no
	Apply      Kind = "apply"       // a target was written and read back, or could not be
	Drift      Kind = "drift"       // a target differs from what was admitted
	TargetDown Kind = "target-down" // a required target could not be verified for two intervals
	Archive    Kind = "archive"
	Suspend    Kind = "suspend"
	Resume     Kind = "resume"
	BreakGlass Kind = "break-glass"
	Taint      Kind = "taint"
	KeyRotate  Kind = "key-rotate"
	Expunge    Kind = "expunge"
	Widen      Kind = "widen" // an admission goes to more instances, or to all
)

// Admits reports whether an entry of the kind lets content into a stage.
func (k Kind) Admits() bool {
	return k == Admit || k == Rollback || k == Retire || k == BreakGlass
}

// Entry is one record. Its encoded bytes are what is hashed and chained; there is no other canonical form.
type Entry struct {
	V       int           `json:"v"` // format, 1
	Seq     int64         `json:"seq"`
	Prev    schema.Digest `json:"prev,omitempty"` // of the bytes of the entry before; empty in entry 1
	Project string        `json:"project"`
	Kind    Kind          `json:"kind"`
	At      time.Time     `json:"at"` // when it was decided; UTC, milliseconds, never before the entry before
	// ObservedAt is when it happened, where it was recorded later: drift is put back first, and while the ledger cannot be
	// reached entries are spooled (RULES R34).
	ObservedAt *time.Time `json:"observed_at,omitempty"`

	Stage schema.StageName `json:"stage,omitempty"`
	App   schema.App       `json:"app,omitempty"`

	// Old and New are the positions of Ref: observe, and every decision (what was seen when it was taken).
	Ref string      `json:"ref,omitempty"`
	Old schema.Hash `json:"old,omitzero"`
	New schema.Hash `json:"new,omitzero"`
	// Code says why, where the kind alone does not: non-fast-forward, ref-missing, the error class of a failed apply.
	Code schema.Code `json:"code,omitempty"`

	Decision *Decision `json:"decision,omitempty"` // admit, rollback, retire, hold, deny; control that a change of the files brought
	Delivery *Delivery `json:"delivery,omitempty"` // apply, drift, target-down
	Seal     *Seal     `json:"seal,omitempty"`     // genesis, control
	Order    *Order    `json:"order,omitempty"`    // archive, suspend, resume, taint, key-rotate, expunge, break-glass
	Step     *Step     `json:"step,omitempty"`     // widen

	Evidence []schema.Digest `json:"evidence,omitempty"` // blobs below evidence/, each named by its SHA-256
}

// Decision is a judged change of one cell.
type Decision struct {
	Change  schema.Change  `json:"change"`
	Landing schema.Landing `json:"landing"`
	Verdict schema.Verdict `json:"verdict"`
	// Gate is the digest of the resolved gate that was asked (RULES R2); Trust and Control name what was in force (R4).
	Gate    schema.Digest `json:"gate"`
	Trust   int           `json:"trust"`
	Control int64         `json:"control"` // sequence of the control entry in force

	MergeRequest *MergeRequest          `json:"merge_request,omitempty"`
	Commits      []schema.CommitVerdict `json:"commits,omitempty"`
	Counted      []CountedApproval      `json:"approvals,omitempty"`
	// Tags are the evidence blobs with the approvals by signature that were judged (raw tags), counted or not.
	Tags []schema.Digest `json:"tags,omitempty"`
	// Guards is the evidence blob with the guard rails at the forge, where the gate asked for them.
	Guards schema.Digest `json:"guards,omitempty"`
	// Health is the evidence blob with what instances said that they run, where the gate asked for it.
	Health schema.Digest `json:"health,omitempty"`

	// Mode is that of the stage where it does not enforce. An admission whose verdict is not allow was let in by it alone.
	Mode schema.StageMode `json:"mode,omitempty"`

	// What follows is set on admissions.

	Manifest   schema.Digest `json:"manifest,omitempty"`   // evidence blob with the manifest of the content admitted
	Authors    []string      `json:"authors,omitempty"`    // who may not approve its promotion: principals, else account or address
	Required   []string      `json:"required,omitempty"`   // targets that make it live
	Snapshot   string        `json:"snapshot,omitempty"`   // v<yyyymmddhhmmss>-<8 hex of the content>
	Operator   string        `json:"operator,omitempty"`   // who merged, else who approved last
	Patch      []PatchOp     `json:"patch,omitempty"`      // JSON Patch summary: paths only, values are never in the ledger
	Superseded int64         `json:"superseded,omitempty"` // rollback: the hold it makes moot
	// Gray says for which instances it begins; nil: for all at once.
	Gray *schema.GrayRule `json:"gray,omitempty"`
}

// MergeRequest names the merge request that brought a change; the raw answers are evidence.
type MergeRequest struct {
	Host      string    `json:"host"`
	ProjectID int64     `json:"project_id"`
	IID       int64     `json:"iid"`
	Author    string    `json:"author"`
	MergedBy  string    `json:"merged_by,omitempty"`
	OpenedAt  time.Time `json:"opened_at"`
	MergedAt  time.Time `json:"merged_at,omitzero"`
	// Answers is the evidence blob with all that the forge said of it, as it was judged.
	Answers schema.Digest `json:"answers,omitempty"`
}

// CountedApproval is an approval that our own rule counted.
type CountedApproval struct {
	Principal string    `json:"principal"`
	Level     string    `json:"level"` // observed, signed
	Role      string    `json:"role"`
	At        time.Time `json:"at"`
	Version   int64     `json:"version,omitempty"` // observed: the merge request version it was given on
	// Tag is the evidence blob with a signed approval (raw tag).
	Tag schema.Digest `json:"tag,omitempty"`
}

// PatchOp is one edit in the words of RFC 6902, without its value.
type PatchOp struct {
	Op   string `json:"op"` // add, remove, replace
	Path string `json:"path"`
}

// Delivery says what happened at a target.
type Delivery struct {
	Target    string         `json:"target"`
	Admission int64          `json:"admission"`        // sequence of the entry whose content is delivered
	Content   schema.Content `json:"content"`          // what was admitted
	Result    string         `json:"result,omitempty"` // apply: ok, failed
	Taken     int64          `json:"taken,omitempty"`  // the control entry by which the target was taken up last; 0: never again
	Found     schema.Digest  `json:"found,omitempty"`  // drift: digest of what was there; empty when nothing was
	Keys      []DriftKey     `json:"keys,omitempty"`
	// Refused says more than the code of why it failed, where more is known: apply that failed, target-down.
	Refused *schema.Refusal `json:"refused,omitempty"`
}

// DriftKey names one key that differs from what was admitted.
type DriftKey struct {
	Key    string        `json:"key"`
	Op     string        `json:"op"` // changed, deleted, foreign
	Before schema.Digest `json:"before,omitempty"`
	After  schema.Digest `json:"after,omitempty"`
	// Revision is the target's own number of the change that was found, where it counts them (etcd's mod revision).
	Revision int64 `json:"revision,omitempty"`
	// By is who wrote what was found, where the target tells (the field managers of Kubernetes). It is their word.
	By string `json:"by,omitempty"`
}

// Seal is what genesis and control entries put in force.
type Seal struct {
	Anchor  schema.Digest          `json:"anchor,omitempty"` // digest of trust version 1
	Trust   int                    `json:"trust"`            // version in force
	Commit  schema.Hash            `json:"commit"`           // where the control files were read
	Control schema.Digest          `json:"control"`          // evidence blob: manifest of the control files, paths from the top
	Refs    map[string]schema.Hash `json:"refs,omitempty"`   // genesis: tips of the stage refs
	// Cells is the evidence blob with the sealed cells (SealedCell, JSON lines, sorted): genesis, and control that seals a new stage.
	Cells   schema.Digest   `json:"cells,omitempty"`
	Request []schema.Digest `json:"request,omitempty"` // evidence blobs: the signed requests (raw tags)
	// Before is the number of the control entry that was in force before: control. By it all that ever were are found.
	Before int64 `json:"before,omitempty"`
	// Regroups says that other files of an app make its revision than before: control. What was recorded until then is
	// compared by the revision that its manifest has now.
	Regroups bool `json:"regroups,omitempty"`
	// Takes names, by stage and sorted, the targets that are written from here on and were not before: control. The stage observed or
	// was not there, or what it has at the target lies elsewhere now. Whatever is there without our marker may be others' since.
	Takes map[schema.StageName][]string `json:"takes,omitempty"`
	// Form is how the files of the ledger are spread over directories: genesis.
	Form Form `json:"form,omitempty"`
	// Volume is after how many entries a volume is full: genesis of a ledger of volumes.
	Volume int64 `json:"volume,omitempty"`
}

// SealedCell is one cell as genesis found it.
type SealedCell struct {
	Stage    schema.StageName `json:"stage"`
	App      schema.App       `json:"app"`
	Revision schema.Revision  `json:"revision"`
	Content  schema.Content   `json:"content"`
	Manifest schema.Digest    `json:"manifest,omitempty"`
	Commit   schema.Hash      `json:"commit"` // position of the stage's ref that holds it
	Required []string         `json:"required,omitempty"`
}

// Order is what people asked for by signed requests, or what a rule of the project brings about.
type Order struct {
	Revision schema.Revision `json:"revision,omitempty"` // archive, taint: the revision that is flagged in the cell
	Until    *time.Time      `json:"until,omitempty"`    // suspend, break-glass: it ends by itself; archive: it is kept until then, nil for ever
	Snapshot string          `json:"snapshot,omitempty"` // archive: as [Decision.Snapshot], of the archiving and its content
	LogKey   string          `json:"log_key,omitempty"`  // key-rotate: signs from the next commit on, in place of the one that signed this
	Blob     schema.Digest   `json:"blob,omitempty"`     // expunge: evidence that is dropped from the tree
	Request  []schema.Digest `json:"request,omitempty"`  // evidence blobs: the signed requests (raw tags)
	// Statement is the digest of what they signed; a request is carried out once.
	Statement schema.Digest `json:"statement,omitempty"`
	By        []string      `json:"by,omitempty"`     // whose signatures counted
	Reason    string        `json:"reason,omitempty"` // in their words
	Review    *time.Time    `json:"review,omitempty"` // break-glass: when somebody has to have looked at it
	// Taken is, of what is overwritten, the last control entry by which a target of the stage was taken up again; 0: there was none.
	Taken int64 `json:"taken,omitempty"`
}

// The results of an apply.
const (
	ResultOK     = "ok"
	ResultFailed = "failed"
)

// The codes that a fold looks at.
const (
	NonFastForward schema.Code = "non-fast-forward" // observe: a ref was rewound or rewritten
	RefMissing     schema.Code = "ref-missing"      // observe: a ref vanished
	KeyInUse       schema.Code = "key-in-use"       // observe: the log key that replaced another signs from here on
	Settled        schema.Code = "settled"          // observe: the cell's content is the admitted one again, nothing is held
	Acknowledged   schema.Code = "acknowledged"     // taint: taken back by the roots
	Reviewed       schema.Code = "reviewed"         // taint: what broke the glass was looked at and may stay
	Adopted        schema.Code = "adopted"          // observe: the admins take over what a cell has, as genesis does
	Overwritten    schema.Code = "overwritten"      // observe: the same, and what its targets hold without our marker may be replaced
	Accepted       schema.Code = "accepted"         // observe: the admins follow a ref that was rewound or rewritten
	WindowOver     schema.Code = "window-over"      // archive: another revision took its place longer ago than the rollback window
	AppRetired     schema.Code = "app-retired"      // archive: the app has left the stage
)

// Cell returns the cell that the entry is about; its App is empty when it is about none.
func (e Entry) Cell() schema.Cell { return schema.Cell{Stage: e.Stage, App: e.App} }

// Names returns the digests of all evidence that the entry names, in whatever field; each is a blob below evidence/.
func (e Entry) Names() []schema.Digest {
	names := append([]schema.Digest(nil), e.Evidence...)
	if e.Decision != nil {
		if e.Decision.Manifest != "" {
			names = append(names, e.Decision.Manifest)
		}
		names = append(names, e.Decision.Tags...)
		if e.Decision.Guards != "" {
			names = append(names, e.Decision.Guards)
		}
		if e.Decision.Health != "" {
			names = append(names, e.Decision.Health)
		}
		if mr := e.Decision.MergeRequest; mr != nil && mr.Answers != "" {
			names = append(names, mr.Answers)
		}
	}
	if e.Seal != nil {
		names = append(names, e.Seal.Control)
		if e.Seal.Cells != "" {
			names = append(names, e.Seal.Cells)
		}
		names = append(names, e.Seal.Request...)
	}
	if e.Step != nil && e.Step.Health != "" {
		names = append(names, e.Step.Health)
	}
	if e.Order != nil {
		names = append(names, e.Order.Request...)
	}
	return names
}
