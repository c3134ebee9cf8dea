package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// The codes of what an audit finds beyond the ledger's own (ledger.Verify).
const (
	// Unlogged is a stage's tip, or a value at a target, that no entry names: no reconciler saw it come.
	Unlogged schema.Code = "unlogged"
	// DecisionMismatch is a decision that does not come out again.
	DecisionMismatch schema.Code = "decision-mismatch"
	// LineageBroken is a file that did not come through the stages before.
	LineageBroken schema.Code = "lineage-broken"
	// Drifted is a value at a target that is not the admitted one.
	Drifted schema.Code = "drift"
	// TaintedEntry is an entry that rests on a key which was stolen by then.
	TaintedEntry schema.Code = "tainted"
	// Unjudged is an entry whose kind this version cannot decide again.
	Unjudged schema.Code = "unjudged"
)

// Readable is a repository that is only read: a clone.
type Readable interface {
	ledger.Objects
	History
	Trees
}

// AuditOptions say what is audited.
type AuditOptions struct {
	// Repository is the clone. Where it lacks an object, it should ask Evidence.
	Repository Readable
	Evidence   *Evidence
	Ledger     ledger.Objects // Repository when it is nil
	Tip        schema.Hash    // of the ledger
	Anchor     schema.Digest  // of trust version 1; without it nothing is proven, whatever is found
	// Ref answers where a ref is in the clone.
	Ref func(name string) (schema.Hash, bool)
	// Reread, if given, reads a merge request again from the raw answers that were kept: what it says has to be what was
	// judged, as far as these answers tell it.
	Reread func(schema.MergeRequest) (schema.MergeRequest, error)
	// RereadGuards, if given, does the same of guard rails.
	RereadGuards func(schema.Guards) (schema.Guards, error)
	// Live, if given, is a target to hold against the ledger.
	Live *Live
}

// Audit proves a project from a clone: the ledger's chain, every decision to let something in, made again by the code that
// made it and by what was in force then, where each promoted file came from, and that every stage ref stands where the
// ledger last saw it.
func Audit(ctx context.Context, o AuditOptions) (ledger.Report, error) {
	if o.Ledger == nil {
		o.Ledger = o.Repository
	}
	unproven, err := ledger.Unverified(ctx, o.Ledger, o.Tip)
	if err != nil {
		return auditFailed(o.Tip, err)
	}
	first, err := sealedRules(ctx, unproven)
	if err != nil {
		return auditFailed(o.Tip, err)
	}
	now, err := rulesAt(ctx, unproven, unproven.Head().Control.Seq)
	if err != nil {
		now = first // what is wrong there is found on the way
	}
	r := newReplay(o, now)
	report, err := ledger.Verify(ctx, o.Ledger, o.Tip, ledger.VerifyOptions{
		Anchor: o.Anchor, LogKeys: first.trust.Root.LogKeys, VerifyCommit: VerifyLogCommit, Named: namedLogKeys, Judge: r.judge,
	})
	if err != nil {
		return ledger.Report{}, err
	}
	report.Findings = append(report.Findings, r.withoutExpunged(r.late)...)
	report.Findings = append(report.Findings, rootFindings(first, report)...)
	report.Findings = append(report.Findings, unlogged(ctx, o.Repository, unproven, now.project, o.Ref)...)
	report.Findings = append(report.Findings, r.tainted()...)
	if o.Live != nil {
		report.Findings = append(report.Findings, liveFindings(ctx, unproven, now, o.Live)...)
	}
	return report, nil
}

// sealedRules reads the control files that the first entry sealed: the keys of trust version 1 sign the ledger from there.
func sealedRules(ctx context.Context, l *ledger.Ledger) (*rules, error) {
	first, _, err := l.Entry(ctx, 1)
	if err != nil {
		return nil, err
	}
	if first.Seal == nil {
		return nil, fmt.Errorf("entry #1 is of kind %s, want %s: %w", first.Kind, ledger.Genesis, ledger.ErrUnknownFormat)
	}
	return rulesAt(ctx, l, 1)
}

// rulesAt reads the control files that an entry put in force.
func rulesAt(ctx context.Context, l *ledger.Ledger, seq int64) (*rules, error) {
	e, _, err := l.Entry(ctx, seq)
	if err != nil {
		return nil, err
	}
	if e.Seal == nil {
		return nil, fmt.Errorf("entry #%d is of kind %s and puts no control files in force", seq, e.Kind)
	}
	files, err := sealedFiles(ctx, l, e.Seal.Control)
	if err != nil {
		return nil, fmt.Errorf("control files of entry #%d: %w", seq, err)
	}
	r, err := newRules(files)
	if err != nil {
		return nil, fmt.Errorf("control files of entry #%d: %w", seq, err)
	}
	r.seq = seq
	return r, nil
}

// rootFindings hold the sealed trust root against the anchor that the first entry names.
func rootFindings(r *rules, report ledger.Report) []ledger.Finding {
	if report.Anchor == "" || r.trust.RootDigest == report.Anchor {
		return nil
	}
	return []ledger.Finding{{
		Seq: 1, Code: ledger.AnchorMismatch, Class: ledger.Violated,
		Detail: fmt.Sprintf("entry #1 names trust root %s, the one it sealed is %s", report.Anchor, r.trust.RootDigest),
	}}
}

// unlogged holds each stage's ref in the clone against where the ledger saw it last.
func unlogged(ctx context.Context, h History, l *ledger.Ledger, project schema.Project, tip func(string) (schema.Hash, bool)) []ledger.Finding {
	var out []ledger.Finding
	seen := l.Refs()
	checked := map[string]bool{}
	for _, stage := range project.Stages {
		ref := project.Ref(stage)
		if checked[ref] {
			continue
		}
		checked[ref] = true
		at, here := tip(ref)
		want, known := seen.Seen[ref]
		incident, recorded := seen.Incident[ref]
		switch {
		case !here && known && !(recorded && incident.New.IsZero()):
			out = append(out, ledger.Finding{Path: ref, Code: ledger.RefMissing, Class: ledger.Unprovable, Detail: fmt.Sprintf("the ledger saw it at %s, this clone does not have it", want.Short())})
		case here && at != want && !(recorded && incident.New == at):
			out = append(out, unloggedTip(ctx, h, ref, want, at))
		}
	}
	return out
}

// unloggedTip says what a ref that is not where the ledger saw it last means: a clone that is behind proves nothing, commits
// on top were pushed past the reconciler or wait for it, and anything else is a rewritten branch.
func unloggedTip(ctx context.Context, h History, ref string, seen, at schema.Hash) ledger.Finding {
	behind, errBehind := h.IsAncestor(ctx, at, seen)
	ahead, errAhead := h.IsAncestor(ctx, seen, at)
	f := ledger.Finding{Path: ref, Commit: at, Code: Unlogged, Class: ledger.Violated}
	switch {
	case errBehind == nil && behind && !seen.IsZero():
		f.Code, f.Class = ledger.RefMissing, ledger.Unprovable
		f.Detail = fmt.Sprintf("the ledger saw it further on, at %s, than this clone has it: git fetch", short(seen))
	case errAhead == nil && ahead && !seen.IsZero():
		f.Detail = fmt.Sprintf("no entry names the commits after %s: the reconciler has not looked since, or they were pushed past it", short(seen))
	default:
		f.Detail = fmt.Sprintf("no entry names this position; the ledger saw %s, which it does not go on from", short(seen))
	}
	return f
}

// auditFailed turns what could not even be read into a finding: damage is tampering, absence proves nothing.
func auditFailed(at schema.Hash, err error) (ledger.Report, error) {
	if errors.Is(err, context.Canceled) {
		return ledger.Report{}, err
	}
	f := ledger.Finding{Commit: at, Class: ledger.Unprovable, Code: ledger.HistoryMissing, Detail: err.Error()}
	var d *ledger.Doubt
	if errors.As(err, &d) {
		f.Class, f.Code = ledger.Violated, d.Code
	}
	return ledger.Report{Tip: at, Findings: []ledger.Finding{f}}, nil
}
