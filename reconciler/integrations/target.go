package integrations

import (
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// Target holds live configuration. One value serves all cells that the operator's entry is used for, from several
// goroutines at once.
type Target interface {
	// Read compares everything that the target owns for the cell with want. It sees every write that was acknowledged
	// before it began, by whomever, and changes nothing. What it finds is never an error; not finding out is one.
	Read(ctx context.Context, want Release) (Observation, error)

	// Write makes the cell equal to want and reports what was read back after. It asks [Permit] and the decision holds
	// at the moment of the write: a lower sequence number never follows a higher one, however writers race. It writes
	// nothing when the cell is equal and not outdated, never deletes what it did not write, and readers see the cell before or after it,
	// nothing between. After an error the observation is what was found, as far as it got.
	Write(ctx context.Context, want Release) (Observation, error)
}

// Watcher is a target that can tell when something changed, so that drift is found before the next full comparison.
// Watching only saves time: a target that never wakes anybody is still correct.
type Watcher interface {
	// Watch calls wake, from one goroutine, for each cell whose value changed, by whomever. A cell without app stands
	// for all of its stage: Watch says so once it has begun and whenever it may have missed something. It returns
	// when ctx ends or when trying again cannot help.
	Watch(ctx context.Context, places []Place, wake func(schema.Cell)) error
}

// Place is a stage as one target holds it.
type Place struct {
	Stage    schema.StageName
	Settings map[string]string // as in Release
}

// Fitter is a target with limits of names and sizes. What does not fit is refused at admission, so that nothing is
// admitted that cannot be delivered (RULES R41).
type Fitter interface {
	// Fits answers from want alone, without asking the target's system. Anything but allow says why in its code and args.
	Fits(want Release) schema.Verdict
}

// Leaver is a target that can be left: its readers keep what they have, as plain values, and what is ours goes.
type Leaver interface {
	// Leave takes our marks of a cell away, or, unless write is set, says what that would be and changes nothing. It uses project, cell
	// and settings of the release alone, removes no value that readers see before it is there plainly, touches nothing of another
	// project (ErrConflict), and can be done again after it was interrupted. Marks that stay because what readers see is not ours, or
	// because some would be left with nothing, are ErrForeign.
	Leave(ctx context.Context, want Release, write bool) (Leaving, error)
}

// Leaving is what leaving a cell comes to.
type Leaving struct {
	Plain []string // where readers find the values from then on
	Goes  []string // what is ours and goes; empty where nothing is, or was left before
}

// Closer is a target with connections to give back.
type Closer interface {
	Close() error
}

// Release is what a cell shall have. It is immutable: neither side changes what it points to.
type Release struct {
	Project string // the random id of the trust root
	Cell    schema.Cell
	// Seq is the ledger sequence of the entry that admitted the content: the fence.
	Seq      int64
	Revision schema.Revision
	Content  schema.Content
	Commit   schema.Hash
	// MergeRequest brought it, for people to find; 0 where none did. Nothing of it is in heads or names.
	MergeRequest int64
	// Document is every file and parsed value in one canonical JSON text (schema/FORMAT.md), for targets that hold one
	// value for a cell; Files are the same bytes by path, for those that hold many.
	Document []byte
	// Doc is the digest of Document, for whoever made that; empty: it is computed wherever it is needed.
	Doc      schema.Digest
	Manifest schema.Manifest
	Files    map[string][]byte
	// Gray is what some of the readers get instead; nil: all get the same. It is in the head that [NewBody] makes, and only readers
	// of heads see it.
	Gray *Gray
	// Retired releases have no files: the app has left its stage and only its marker stays, as the fence.
	Retired bool
	// Settings are the logical settings that the stage gives the target (root, namespace); never an address.
	Settings map[string]string
	// Applied says that the ledger knows of an apply of this cell at this target: whatever is there now without our
	// marker is drift, to be healed, and not somebody else's.
	Applied bool
	// Adopt is the explicit request to take over a place that holds other content without our marker.
	Adopt bool
	// Prune is the stage's wish that keys beside ours go which came after our first write there (RULES R39).
	Prune bool
}

// Observation is what a target holds for a cell, compared with a release.
type Observation struct {
	Place  string // where the marker is, for people: "/config/production/pay/head"
	Holder Holder
	// Project is who the marker says it belongs to. Seq and Content are the marker's, and zero unless Holder is Us.
	Project string
	Seq     int64
	Content schema.Content
	// Digest is that of the bytes that are there, empty if nothing is.
	Digest schema.Digest
	// Equal says that the marker is genuine and that everything the target owns for the cell is, byte for byte, what
	// the release says.
	Equal bool
	// Outdated says that the marker is genuine, by a log key that signs no more: writing signs it again, though it is
	// Equal. It is no drift.
	Outdated bool
	// Same says that the content without our marker which a Stranger left is, byte for byte, that of the release, so
	// that writing the marker is all there is to do.
	Same bool
	// Keys are the differences, sorted by key. They are relative to the release, so they also name what a release that
	// was not applied yet would change.
	Keys []Difference
	// Foreign are keys beside ours that we never wrote. They are reported and never deleted, unless the release says Prune.
	Foreign []string
	// Wrote says that this call changed the target; Read never does.
	Wrote bool
}

// Present reports whether anything is there, ours or not.
func (o Observation) Present() bool { return o.Holder != Nobody }

// Ours reports whether the marker names our project, genuine or not.
func (o Observation) Ours() bool { return o.Holder == Us || o.Holder == Altered }

// Holder says whose the place is, as its marker tells.
type Holder int

// The holders of a place.
const (
	Nobody   Holder = iota // nothing is there
	Us                     // our project's marker, and its signature holds
	Altered                // the marker names our project and does not verify: somebody changed it
	Another                // another project's marker
	Stranger               // content without a marker that could be read
)

var holderNames = [...]string{"nobody", "us", "altered", "another", "stranger"}

// String returns the holder's name.
func (h Holder) String() string {
	if h < 0 || int(h) >= len(holderNames) {
		return "invalid"
	}
	return holderNames[h]
}

// Difference names one key that differs from the release. It converts to the ledger's DriftKey.
type Difference struct {
	Key    string
	Op     string        // Changed, Deleted or Foreign
	Before schema.Digest // of what was admitted; empty for Foreign
	After  schema.Digest // of what is there; empty for Deleted
	// Revision is the target's own number of the change that was found, where it counts them.
	Revision int64
	// By is who wrote what was found, where the target tells.
	By string
}

// The operations of a Difference.
const (
	Changed = "changed"
	Deleted = "deleted"
	Foreign = "foreign"
)
