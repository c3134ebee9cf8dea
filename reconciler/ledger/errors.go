package ledger

import (
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

var (
	// ErrDoubt is wrapped by every error that makes the ledger itself doubtful: both loops stop on it (RULES R36).
	ErrDoubt = errors.New("the ledger is in doubt")
	// ErrUnknownFormat is wrapped by errors about bytes that this version does not understand: nothing is concluded from them.
	ErrUnknownFormat = errors.New("unknown format")
	// ErrMissing says that the ledger's tree does not hold what was asked for.
	ErrMissing = errors.New("not in the ledger")
	// ErrReplacedKey refuses an append with a log key that a key-rotate entry replaced.
	ErrReplacedKey = errors.New("the log key signs no more")
)

// The codes of doubts and findings.
const (
	LogChain        schema.Code = "log-chain"        // an entry was changed, removed or put in
	LogOrder        schema.Code = "log-order"        // sequence or time does not go on from the entry before
	LogFork         schema.Code = "log-fork"         // history is not one line, or two checkpoints of one size differ
	LogRollback     schema.Code = "log-rollback"     // smaller than a checkpoint that was seen before
	LogSignature    schema.Code = "log-signature"    // a commit or checkpoint is not signed by a log key in force
	LogOrigin       schema.Code = "log-origin"       // another project's ledger
	LogEmpty        schema.Code = "log-empty"        // no entry at all
	StateMismatch   schema.Code = "state-mismatch"   // the tree is not the fold of the entries
	EvidenceMissing schema.Code = "evidence-missing" // a named evidence blob is not there, or is another
	HistoryMissing  schema.Code = "history-missing"  // a commit or entry cannot be read
	UnknownFormat   schema.Code = "unknown-format"
	AnchorMissing   schema.Code = "anchor-missing"  // no anchor was given, so nothing says whose ledger it is
	AnchorMismatch  schema.Code = "anchor-mismatch" // the ledger begins with another trust root
)

// Doubt is an error that names what is wrong with the ledger. It wraps [ErrDoubt].
type Doubt struct {
	Code schema.Code
	Err  error
}

// Error returns the code and what was found.
func (d *Doubt) Error() string { return fmt.Sprintf("%v: %s: %v", ErrDoubt, d.Code, d.Err) }

// Unwrap lets errors.Is find ErrDoubt and the cause.
func (d *Doubt) Unwrap() []error { return []error{ErrDoubt, d.Err} }

func doubt(code schema.Code, format string, args ...any) error {
	return &Doubt{Code: code, Err: fmt.Errorf(format, args...)}
}
