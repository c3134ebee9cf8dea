package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// The findings about what is known of the ledger from elsewhere.
const (
	// LogUnwitnessed: no checkpoint that was given is cosigned by a quorum of the trust root's witnesses.
	LogUnwitnessed schema.Code = "log-unwitnessed"
	// LogStale: a quorum cosigned one, but longer ago than was asked for.
	LogStale schema.Code = "log-stale"
)

// witnessSkew is how far a witness's clock may run ahead of ours.
const witnessSkew = 5 * time.Minute

// Known is what an auditor knows of a ledger from elsewhere, and asks of it.
type Known struct {
	Notes   []KnownNote
	MinSize int64 // entries that it has at least
	Quorum  bool  // a note is cosigned by a quorum of the witnesses that the trust in force names
	// MaxAge, if not zero, asks that a quorum cosigned after Now less MaxAge.
	MaxAge time.Duration
	Now    time.Time
}

// KnownNote is a signed checkpoint: kept by a target or another clone, or answered by a witness.
type KnownNote struct {
	Name string // for findings
	Data []byte
}

// AuditKnown holds a ledger to what is known of it from elsewhere (THREATS 99-101). It proves nothing else: that the
// ledger's tip is what its entries say is for [Audit].
func AuditKnown(ctx context.Context, objs ledger.Objects, at schema.Hash, known Known) ([]ledger.Finding, error) {
	l, err := ledger.Unverified(ctx, objs, at)
	if err != nil {
		report, err := auditFailed(at, err)
		return report.Findings, err
	}
	var out []ledger.Finding
	if size := l.Checkpoint().Size; size < known.MinSize {
		out = append(out, ledger.Finding{Code: ledger.LogRollback, Class: ledger.Violated, Detail: fmt.Sprintf("the ledger has %d entries, it had at least %d", size, known.MinSize)})
	}
	held, findings, err := holdNotes(ctx, l, known.Notes)
	if err != nil {
		return nil, err
	}
	out = append(out, findings...)
	if known.Quorum || known.MaxAge > 0 {
		found, err := witnessed(ctx, l, held, known)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// holdNotes returns the notes that a log key signed and that the ledger went through.
func holdNotes(ctx context.Context, l *ledger.Ledger, notes []KnownNote) (held [][]byte, out []ledger.Finding, err error) {
	for _, note := range notes {
		c, err := openKnown(ctx, l, note.Data)
		if err == nil {
			err = l.Holds(ctx, c)
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err == nil {
			held = append(held, note.Data)
			continue
		}
		f := ledger.Finding{Path: note.Name, Code: ledger.HistoryMissing, Class: ledger.Unprovable, Detail: err.Error()}
		var d *ledger.Doubt
		switch {
		case errors.Is(err, errNote):
			f.Code = ledger.LogSignature
		case errors.As(err, &d):
			f.Code, f.Class, f.Detail = d.Code, ledger.Violated, d.Err.Error()
		}
		out = append(out, f)
	}
	return held, out, nil
}

var errNote = errors.New("it proves nothing")

// openKnown reads a note by any log key that the project ever had.
func openKnown(ctx context.Context, l *ledger.Ledger, note []byte) (ledger.Checkpoint, error) {
	lines, err := logKeysEver(ctx, l)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	c, err := openCheckpoint(note, l.Head().Project, lines)
	if err != nil {
		return ledger.Checkpoint{}, fmt.Errorf("%w: %w", errNote, err)
	}
	return c, nil
}

// logKeysEver are the keys of trust version 1, of the one in force, and all that a key-rotate entry put in place. Entries
// are read only where keys were replaced.
func logKeysEver(ctx context.Context, l *ledger.Ledger) ([]string, error) {
	first, err := sealedRules(ctx, l)
	if err != nil {
		return nil, err
	}
	named, err := namedLogKeys(ctx, l)
	if err != nil {
		return nil, err
	}
	keys := slices.Concat(first.trust.Root.LogKeys, named)
	if l.Head().Signer == nil {
		return keys, nil
	}
	for e, err := range l.Entries(ctx, 1) {
		if err != nil {
			return nil, err
		}
		if e.Kind == ledger.KeyRotate {
			keys = append(keys, e.Order.LogKey)
		}
	}
	return keys, nil
}

// witnessed asks for a note that a quorum cosigned, and for its age.
func witnessed(ctx context.Context, l *ledger.Ledger, notes [][]byte, known Known) ([]ledger.Finding, error) {
	trust, err := trustAt(ctx, l)
	if err != nil {
		return nil, err
	}
	at, why := newestQuorum(notes, trust.Root.Witnesses)
	f := ledger.Finding{Code: LogUnwitnessed, Class: ledger.Unprovable, Detail: why}
	switch {
	case why != "":
	case at.After(known.Now.Add(witnessSkew)):
		f.Detail = fmt.Sprintf("cosigned at %s, which is yet to come", at.Format(time.RFC3339))
	case known.MaxAge > 0 && known.Now.Sub(at) > known.MaxAge:
		f.Code = LogStale
		f.Detail = fmt.Sprintf("a quorum of witnesses last cosigned at %s, longer than %s ago", at.Format(time.RFC3339), known.MaxAge)
	default:
		return nil, nil
	}
	return []ledger.Finding{f}, nil
}

// newestQuorum is the latest moment at which a quorum had cosigned the same checkpoint; why says that there is none.
func newestQuorum(notes [][]byte, w schema.Witnesses) (at time.Time, why string) {
	if len(w.Keys) == 0 || w.Quorum < 1 {
		return at, "the trust in force names no witnesses"
	}
	keys, err := w.Parsed()
	if err != nil {
		return at, err.Error()
	}
	most := 0
	for _, note := range notes {
		cosigned, err := ledger.Cosignatures(note, keys)
		if err != nil {
			continue // a signature of a witness that is wrong spoils its note
		}
		most = max(most, len(cosigned))
		if n := len(cosigned); n >= w.Quorum && cosigned[n-w.Quorum].At.After(at) {
			at = cosigned[n-w.Quorum].At
		}
	}
	if most < w.Quorum {
		return at, fmt.Sprintf("the checkpoints that were given have %d of %d cosignatures", most, w.Quorum)
	}
	return at, ""
}
