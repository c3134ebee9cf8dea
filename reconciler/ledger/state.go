package ledger

import (
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// State is what the ledger says of one cell now. It is a pure fold of the entries (RULES R32).
type State struct {
	Stage schema.StageName `json:"stage"`
	App   schema.App       `json:"app"`

	Admitted Admission `json:"admitted"` // Seq 0: nothing was ever admitted
	// Live says per target which admission was last read back there.
	Live map[string]Live `json:"live,omitempty"`
	// Down says since when a target could not be written or verified, and why.
	Down map[string]Down `json:"down,omitempty"`
	Held *Held           `json:"held,omitempty"`
	// Suspended pins the cell against everything but break-glass.
	Suspended *Suspension `json:"suspended,omitempty"`
	// Spread is how far the admitted content has widened; nil: it went to all at once.
	Spread *Spread `json:"spread,omitempty"`
	// Revisions are the admissions of this stage, oldest first, Admitted included as the last; the newest [MaxRevisions].
	Revisions []Admission `json:"revisions,omitempty"`
	// Tainted has the last admission of each revision with that mark that Revisions no longer lists, in the order in which they left it.
	Tainted []Admission `json:"tainted,omitempty"`
}

// IsTainted reports whether the revision is marked here, however long ago it was admitted.
func (s State) IsTainted(r schema.Revision) bool {
	return slices.ContainsFunc(s.Known(), func(a Admission) bool { return a.Revision == r && a.Flagged(Tainted) })
}

// Known are the admissions that the state has, oldest first: those that it lists, behind those that a mark keeps.
func (s State) Known() []Admission {
	if len(s.Tainted) == 0 {
		return s.Revisions
	}
	return slices.Concat(s.Tainted, s.Revisions)
}

// Admission is one revision that was let into the stage.
type Admission struct {
	Seq      int64           `json:"seq"`
	Kind     schema.Kind     `json:"kind,omitempty"` // empty: sealed by genesis
	Revision schema.Revision `json:"revision"`
	Content  schema.Content  `json:"content"`
	Manifest schema.Digest   `json:"manifest,omitempty"`
	Commit   schema.Hash     `json:"commit"` // position of the stage's ref that holds it
	At       time.Time       `json:"at"`
	// MergeRequest brought it; 0 where genesis sealed it.
	MergeRequest int64 `json:"merge_request,omitempty"`
	// By is who brought it in, in a ledger of volumes: who merged, else who approved last, or the admins who broke the glass.
	By       string   `json:"by,omitempty"`
	Authors  []string `json:"authors,omitempty"`
	Required []string `json:"required,omitempty"` // targets that make it live
	Full     bool     `json:"full,omitempty"`     // passed its full gate here, so the rollback gate may serve it
	Flags    []Flag   `json:"flags,omitempty"`
	// LetIn is the mode that alone let it in: the gate did not, so it is no source for the stages after (schema.StageMode).
	LetIn schema.StageMode `json:"let_in,omitempty"`
	// Observed says that its stage only observed: nothing was to be written.
	Observed bool `json:"observed,omitempty"`
	// Overwrite says that the admins let it replace what targets hold without our marker.
	Overwrite bool `json:"overwrite,omitempty"`
	// OverwriteTaken is the last time that a target was taken up when they let it: what is taken up later they have not seen.
	OverwriteTaken int64 `json:"overwrite_taken,omitempty"`

	// Review is when what broke the glass has to have been looked at; nil for every other admission, and after the review.
	Review *time.Time `json:"review,omitempty"`

	LiveAt  time.Time `json:"live_at,omitzero"`   // when the last required target was read back; zero: not live yet
	LiveSeq int64     `json:"live_seq,omitempty"` // entry that says so
	// Soaked is the time it was live and undisturbed, up to SoakingSince; the running stretch comes on top.
	Soaked       Millis    `json:"soaked,omitempty"`
	SoakingSince time.Time `json:"soaking_since,omitzero"`
}

// Millis is a duration in milliseconds, as JSON writes it.
type Millis int64

// Flag marks an admission that may no longer be a source or a goal.
type Flag string

// The flags of an admission.
const (
	Withdrawn Flag = "withdrawn" // rolled back from in this stage, or past
	Tainted   Flag = "tainted"
	Archived  Flag = "archived"
	// TaintAcknowledged was tainted, and the roots took the mark back.
	TaintAcknowledged Flag = "acknowledged"
	// Unreviewed came in by break-glass and nobody has looked at it since.
	Unreviewed Flag = "unreviewed"
)

// Live is a target's last read-back.
type Live struct {
	Seq     int64     `json:"seq"` // admission that was read back
	At      time.Time `json:"at"`
	Drifted int64     `json:"drifted,omitempty"` // entry that found it changed since; 0: it stands
	Taken   int64     `json:"taken,omitempty"`   // as in [Delivery]
}

// Suspension pins a cell or a stage.
type Suspension struct {
	Seq   int64      `json:"seq"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until,omitempty"`
}

// Down is a target that cannot be written or verified.
type Down struct {
	Since time.Time   `json:"since"`
	Code  schema.Code `json:"code"`
	Seq   int64       `json:"seq"` // entry that says so
	// Refused is what that entry knew beside the code.
	Refused *schema.Refusal `json:"refused,omitempty"`
}

// Held is a change that stands on the stage's ref and was not admitted.
type Held struct {
	Seq     int64          `json:"seq"`  // entry that recorded the verdict
	Base    schema.Hash    `json:"base"` // position of the ref at which the cell last held admitted content
	Tip     schema.Hash    `json:"tip"`  // position of the landing that is held
	Change  schema.Change  `json:"change"`
	Verdict schema.Verdict `json:"verdict"`
	IID     int64          `json:"merge_request,omitempty"`
	Since   time.Time      `json:"since"`
}

// Refs is refs.json: what was last seen of every stage ref.
type Refs struct {
	// Seen maps full ref names to the last position seen, held commits included.
	Seen map[string]schema.Hash `json:"seen"`
	// Incident maps a ref that was rewound, rewritten or lost to the entry that says so, until it is restored.
	Incident map[string]Incident `json:"incident,omitempty"`
}

// Incident is a ref that did not move forward.
type Incident struct {
	Seq  int64       `json:"seq"`
	Code schema.Code `json:"code"` // non-fast-forward, ref-missing
	New  schema.Hash `json:"new,omitzero"`
	At   time.Time   `json:"at"`
}

// Head is the rest of the state: what is in force for the whole project.
type Head struct {
	Project string        `json:"project"`
	Anchor  schema.Digest `json:"anchor"`
	Size    int64         `json:"size"` // number of entries
	Last    schema.Digest `json:"last"` // digest of the last entry's bytes
	At      time.Time     `json:"at"`   // time of the last entry
	Control ControlState  `json:"control"`
	// Suspended names the stages that are pinned as a whole.
	Suspended map[schema.StageName]Suspension `json:"suspended,omitempty"`
	// Used are the requests that were carried out, for as long as they could be made again: oldest first.
	Used []UsedRequest `json:"used,omitempty"`
	// Signer is the key that a key-rotate entry put in place: no other signs any more. Nil: none was replaced yet.
	Signer *LogSigner `json:"signer,omitempty"`
	Form   Form       `json:"form,omitempty"`   // of the tree, as genesis chose it
	Volume int64      `json:"volume,omitempty"` // entries after which a volume is full, as genesis chose it
	// Expunged are the digests of the evidence that expunge entries removed, oldest first, in a ledger of volumes: the older
	// ones still name them.
	Expunged []schema.Digest `json:"expunged,omitempty"`
}

// UsedRequest names a signed request that was carried out.
type UsedRequest struct {
	Statement schema.Digest `json:"statement"`
	Seq       int64         `json:"seq"` // entry that carried it out
	At        time.Time     `json:"at"`
}

// LogSigner is the log key that signs since a key-rotate entry.
type LogSigner struct {
	Seq int64  `json:"seq"` // its entry; the commit that holds it is still signed by the key before
	Key string `json:"key"` // as [FormatLogKey] writes it
}

// ControlState names the control files in force.
type ControlState struct {
	Seq      int64         `json:"seq"`
	Commit   schema.Hash   `json:"commit"`
	Manifest schema.Digest `json:"manifest"`
	Trust    int           `json:"trust"`
	// Regrouped is the control entry from which on revisions are of the files that make them now; 0: they always were.
	Regrouped int64 `json:"regrouped,omitempty"`
	// Taken is, by stage and target, the last control entry by which one was taken up that had not been written before it.
	Taken map[schema.StageName]map[string]int64 `json:"taken,omitempty"`
	Held  *Held                                 `json:"held,omitempty"` // a control change that waits
}

// Flagged reports whether the admission carries the flag.
func (a Admission) Flagged(f Flag) bool {
	for _, have := range a.Flags {
		if have == f {
			return true
		}
	}
	return false
}

// SoakedAt returns how long the admission has been live and undisturbed at a moment.
func (a Admission) SoakedAt(now time.Time) time.Duration {
	d := time.Duration(a.Soaked) * time.Millisecond
	if !a.SoakingSince.IsZero() && now.After(a.SoakingSince) {
		d += now.Sub(a.SoakingSince)
	}
	return d
}

// TakenUp is the control entry by which a target of a stage was taken up again last: what was read back there before says nothing
// about whose it is now. 0: it has been written since it was first.
func (c ControlState) TakenUp(stage schema.StageName, target string) int64 {
	return c.Taken[stage][target]
}

// Applied reports whether the cell was read back at a target since that was taken up, so that whatever is there without our
// marker is drift and not others'.
func (s State) Applied(c ControlState, target string) bool {
	live, ok := s.Live[target]
	return ok && live.Taken == c.TakenUp(s.Stage, target)
}

// Overwrites reports whether the admins let the admission replace what a target holds without our marker.
func (s State) Overwrites(c ControlState, target string) bool {
	return s.Admitted.Overwrite && s.Admitted.OverwriteTaken >= c.TakenUp(s.Stage, target)
}
