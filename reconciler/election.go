package reconciler

import "context"

// Election tells whether this process is the one of several that works for the project. It saves work and nothing else: what
// two decide at once is settled by the ledger, what two write at once by the targets.
type Election interface {
	// Leading reports whether to work now. The context, where there is one, ends when another process may lead.
	Leading() (lead context.Context, ok bool)
	// Changed receives when Leading may answer otherwise.
	Changed() <-chan struct{}
}

// turn is a pass, or a look where another process leads. It is cut where another began to lead meanwhile.
func (r *Reconciler) turn(ctx context.Context) (report Report, cut bool) {
	if r.cfg.Election == nil {
		return r.Pass(ctx), false
	}
	lead, ok := r.cfg.Election.Leading()
	if !ok {
		return r.follow(ctx), false
	}
	if lead == nil {
		return r.Pass(ctx), false
	}
	ctx, over := whileLeading(ctx, lead)
	defer over()
	report = r.Pass(ctx)
	return report, lead.Err() != nil
}

// follows reports whether another process works: what happens at a target is then its business.
func (r *Reconciler) follows() bool {
	if r.cfg.Election == nil {
		return false
	}
	_, ok := r.cfg.Election.Leading()
	return !ok
}

// elected receives when another process begins or stops to lead; never without an election.
func (r *Reconciler) elected() <-chan struct{} {
	if r.cfg.Election == nil {
		return nil
	}
	return r.cfg.Election.Changed()
}

// follow looks at the ledger, decides nothing and writes nothing: the page shows what the leader did.
func (r *Reconciler) follow(ctx context.Context) Report {
	var report Report
	ctx, look := r.spans.whole(ctx, "look")
	defer func() { look.end(report.Err()) }()
	p := r.newPass()
	report.AdmitErr = p.fetch(ctx)
	if report.AdmitErr != nil || r.known == nil {
		r.publish(ctx, nil, report)
		return report
	}
	p.ledger = r.known
	if p.rules, report.AdmitErr = r.rulesInForce(ctx, p.ledger); report.AdmitErr != nil {
		p = nil
	}
	r.publish(ctx, p, report)
	return report
}
