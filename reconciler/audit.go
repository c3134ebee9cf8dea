package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// Unlogged is the finding about a stage's tip that no entry names: somebody pushed it and no reconciler saw it.
const Unlogged schema.Code = "unlogged"

// Audit proves a project from a clone: the ledger's chain, and that every stage ref stands where the ledger last saw it.
// tip answers where a ref is in the clone. Without an anchor nothing is proven, whatever is found.
func Audit(ctx context.Context, objs ledger.Objects, at schema.Hash, anchor schema.Digest, tip func(ref string) (schema.Hash, bool)) (ledger.Report, error) {
	unproven, err := ledger.Unverified(ctx, objs, at)
	if err != nil {
		return auditFailed(at, err)
	}
	rules, err := sealedRules(ctx, unproven)
	if err != nil {
		return auditFailed(at, err)
	}
	report, err := ledger.Verify(ctx, objs, at, ledger.VerifyOptions{
		Anchor: anchor, LogKeys: rules.trust.Root.LogKeys, VerifyCommit: VerifyLogCommit, Named: namedLogKeys,
	})
	if err != nil {
		return ledger.Report{}, err
	}
	report.Findings = append(report.Findings, rootFindings(rules, report)...)
	report.Findings = append(report.Findings, unlogged(unproven, rules.project, tip)...)
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
	files, err := sealedFiles(ctx, l, first.Seal.Control)
	if err != nil {
		return nil, err
	}
	return newRules(files)
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

func unlogged(l *ledger.Ledger, project schema.Project, tip func(string) (schema.Hash, bool)) []ledger.Finding {
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
			out = append(out, ledger.Finding{Path: ref, Commit: at, Code: Unlogged, Class: ledger.Violated, Detail: fmt.Sprintf("no entry names this position; the ledger saw %s", short(want))})
		}
	}
	return out
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
