package reconciler

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// record appends entries in one commit and pushes it with compare-and-swap: of two reconcilers that decided, one loses and
// looks again. Only after it returned may a target be written.
func (p *pass) record(ctx context.Context, report *Report, entries []ledger.Entry, evidence [][]byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("record %d entries: %w", len(entries), err) // a decision may wait for the next process
	}
	return p.recordAt(ctx, p.now, report, entries, evidence)
}

// recordAt records what was found after the pass began: entries are not earlier than what they tell.
func (p *pass) recordAt(ctx context.Context, at time.Time, report *Report, entries []ledger.Entry, evidence [][]byte) (err error) {
	spooled := p.spool.entries()
	all := append(slices.Clone(spooled), entries...)
	ctx, cancel := lasting(ctx, p.cfg.Grace)
	defer cancel()
	ctx, span := phase(ctx, "record")
	defer func() { span.count("entries", len(all)).end(err) }()
	batch, err := p.ledger.Append(ctx, at, all, evidence, p.signer())
	if err != nil {
		return fmt.Errorf("record %d entries: %w", len(all), err)
	}
	if err := p.push(ctx, batch); err != nil {
		return fmt.Errorf("push the ledger: %w", err)
	}
	if err := p.spool.drop(len(spooled)); err != nil {
		p.cfg.Log.Warn("spool not emptied", "error", err)
	}
	p.ledger, p.known = batch.Ledger, batch.Ledger
	report.Entries = append(report.Entries, batch.Entries...)
	for _, e := range batch.Entries {
		p.logEntry(e)
	}
	return p.seen(ctx, batch.New)
}

// push returns when the append is at the remote, or is not. The mirror keeps its objects meanwhile.
func (p *pass) push(ctx context.Context, batch ledger.Batch) error {
	err := p.cfg.Ledger.Push(ctx, p.cfg.LedgerRef, batch.Old, batch.New, batch.Objects)
	if !errors.Is(err, ErrUnknownOutcome) {
		return err
	}
	at, askErr := p.cfg.Ledger.RemoteRef(ctx, p.cfg.LedgerRef)
	if askErr != nil || at != batch.New {
		return errors.Join(err, askErr)
	}
	if err := p.cfg.Ledger.Write(ctx, batch.Objects); err != nil {
		return fmt.Errorf("keep the new objects: %w", err)
	}
	return nil
}

func (p *pass) logEntry(e ledger.Entry) {
	args := []any{"seq", e.Seq}
	if e.App != "" {
		args = append(args, "stage", string(e.Stage), "app", string(e.App))
	}
	if e.Ref != "" {
		args = append(args, "ref", e.Ref)
	}
	if e.Code != "" {
		args = append(args, "code", string(e.Code))
	}
	if e.Decision != nil {
		args = append(args, "kind", string(e.Decision.Change.Kind), "to", e.Decision.Change.To.Revision.String())
		if missing := missingCodes(e.Decision.Verdict); len(missing) > 0 {
			args = append(args, "missing", missing)
		}
	}
	if e.Step != nil {
		share := "all"
		if e.Step.Rule != nil {
			share = schema.PercentText(e.Step.Rule.Permyriad)
		}
		args = append(args, "admission", e.Step.Admission, "share", share)
	}
	if e.Delivery != nil {
		level, message, more := deliveryLine(e)
		p.cfg.Log.Log(context.Background(), level, message, append(args, more...)...)
		return
	}
	if e.Kind == ledger.BreakGlass {
		p.cfg.Log.Warn(pastTense[e.Kind], append(args, "by", e.Decision.Operator)...)
		return
	}
	p.cfg.Log.Info(pastTense[e.Kind], args...)
}

// missingCodes are in one list: a key that is repeated is lost to whoever reads JSON.
func missingCodes(v schema.Verdict) []string {
	var out []string
	for _, m := range v.Missing() {
		if code := string(m.Code); !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

var pastTense = map[ledger.Kind]string{
	ledger.Genesis: "sealed", ledger.Control: "control taken over", ledger.Observe: "observed", ledger.Admit: "admitted",
	ledger.Rollback: "rolled back", ledger.Retire: "retired", ledger.Hold: "held", ledger.Deny: "denied",
	ledger.Apply: "applied", ledger.Drift: "found drift", ledger.TargetDown: "lost a target",
	ledger.Suspend: "suspended", ledger.Resume: "resumed", ledger.Taint: "marked a revision", ledger.Expunge: "expunged evidence",
	ledger.BreakGlass: "broke the glass", ledger.KeyRotate: "replaced the log key", ledger.Archive: "archived", ledger.Widen: "widened",
}

// VerifyLogCommit checks the signature of a ledger commit by one log key; the ledger asks for it so that it needs to know
// nothing of signatures.
func VerifyLogCommit(payload, armored []byte, key ed25519.PublicKey) error {
	return signing.VerifySSH(ledger.FormatLogKey(key), "git", payload, armored)
}
