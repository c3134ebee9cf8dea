package reconciler

import (
	"context"
	"errors"
	"log/slog"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// Report says what one pass found and did; Run and the command turn it into logs and an exit code.
type Report struct {
	Entries  []ledger.Entry // appended, in order
	Held     int            // cells that are held or denied, control included
	Drifted  int            // cells that differed from what was admitted
	Refused  int            // refs that did not move forward
	Failed   int            // deliveries that failed
	AdmitErr error          // admission could not be decided
	ApplyErr error          // a target could not be made equal
}

// Err joins what went wrong.
func (r Report) Err() error { return errors.Join(r.AdmitErr, r.ApplyErr) }

// Pass runs both loops once. Converge runs even if Admit could not find out, unless the ledger is in doubt.
func (r *Reconciler) Pass(ctx context.Context) Report {
	ctx, whole := r.spans.whole(ctx, "pass")
	defer func() { _ = r.marked() }() // a panic passes by here, and nothing that a pass began goes on behind it
	report := r.pass(ctx)
	if err := r.marked(); err != nil {
		report.ApplyErr = errors.Join(report.ApplyErr, err)
	}
	whole.count("entries", len(report.Entries)).count("held", report.Held).count("drifted", report.Drifted).count("failed", report.Failed)
	took := whole.end(report.Err())
	level := slog.LevelDebug // most passes find nothing new
	if len(report.Entries) > 0 {
		level = slog.LevelInfo
	}
	r.cfg.Log.Log(ctx, level, "passed", "entries", len(report.Entries), "held", report.Held, "drifted", report.Drifted, "failed", report.Failed,
		"duration_ms", took.Milliseconds())
	return report
}

func (r *Reconciler) pass(ctx context.Context) Report {
	var report Report
	p, err := r.begin(ctx)
	if err != nil {
		report.AdmitErr = err
		if p == nil {
			r.publish(ctx, nil, report)
			return report
		}
	} else if err := p.rotate(ctx, &report); err != nil {
		report.AdmitErr = err
	} else if err := p.admit(ctx, &report); err != nil {
		report.AdmitErr = err
	} else if err := p.widen(ctx, &report); err != nil {
		report.AdmitErr = err
	} else if err := p.archive(ctx, &report); err != nil {
		report.AdmitErr = err
	}
	if errors.Is(report.AdmitErr, ErrDoubt) {
		r.publish(ctx, nil, report)
		return report
	}
	if errors.Is(report.AdmitErr, ErrMoved) {
		return report // somebody else decided: what this pass knows is old, the next one looks again
	}
	report.Drifted += p.forged
	report.ApplyErr = p.converge(ctx, &report)
	if err == nil && report.ApplyErr == nil {
		report.ApplyErr = p.askWitnesses(ctx)
	}
	report.Held = p.held(ctx)
	p.afterwards(ctx, report.AdmitErr == nil)
	r.publish(ctx, p, report)
	return report
}

// afterwards is what sluice asks of the forge, and says there, beside its decisions. All of it together has the time that
// passes until the next look: a forge that hangs keeps neither that nor the repair of drift waiting.
func (p *pass) afterwards(ctx context.Context, decided bool) {
	ctx, span := phase(ctx, "afterwards")
	defer span.end(nil) // what goes wrong there is no pass's failure
	ctx, cancel := p.soon(ctx)
	defer cancel()
	p.countInstances(ctx)
	p.lookAtGuards(ctx)
	if decided {
		p.propose(ctx)
		p.mergeAll(ctx)
	}
	p.announce(ctx)
}

// soon ends about when the next pass is due.
func (p *pass) soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, p.cfg.Patience)
}

// held counts the cells that wait or were refused, the control cell included.
func (p *pass) held(ctx context.Context) int {
	n := 0
	if p.ledger.Head().Control.Held != nil {
		n++
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return n // the loops have said so
	}
	for i := range states {
		if s := &states[i]; s.Held != nil && p.rules.has(*s) {
			n++
		}
	}
	return n
}
