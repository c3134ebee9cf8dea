package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// distrust taints the revisions that rest on a key which the trust in force marks as compromised, if they were admitted after
// the entry that the mark names (THREATS 10). It looks once per control entry; what the roots acknowledged stays so.
func (p *pass) distrust(ctx context.Context, report *Report) error {
	if p.distrusted == p.rules.seq {
		return nil
	}
	after := compromised(p.rules.trust)
	var found findings
	if len(after) > 0 {
		states, err := p.ledger.Cells(ctx)
		if err != nil {
			return fmt.Errorf("read the ledger's state: %w", err)
		}
		for _, s := range states {
			entries, err := p.tainted(ctx, s, after)
			if err != nil {
				return fmt.Errorf("look for what rests on a compromised key: %w", err)
			}
			found.entries = append(found.entries, entries...)
		}
	}
	if len(found.entries) > 0 {
		if err := p.record(ctx, report, found.entries, nil); err != nil {
			return err
		}
	}
	p.distrusted = p.rules.seq
	return nil
}

// compromised maps the fingerprints of compromised keys to the last entry that may rest on them.
func compromised(t schema.Trust) map[string]int64 {
	after := map[string]int64{}
	for _, key := range t.Keys {
		if key.Revoked != nil && key.Revoked.Reason == "compromised" {
			after[signing.Fingerprint(key)] = key.Revoked.DistrustAfterEntry
		}
	}
	return after
}

// tainted makes an entry for each revision of a cell that rests on one of the keys.
func (p *pass) tainted(ctx context.Context, s ledger.State, after map[string]int64) ([]ledger.Entry, error) {
	var out []ledger.Entry
	told := map[schema.Revision]bool{}
	for _, a := range s.Revisions {
		if a.Kind == "" || told[a.Revision] || a.Flagged(ledger.Tainted) || a.Flagged(ledger.TaintAcknowledged) {
			continue
		}
		e, _, err := p.ledger.Entry(ctx, a.Seq)
		if err != nil {
			return nil, err
		}
		keys, err := p.restsOn(ctx, e)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if last, bad := after[key]; bad && a.Seq > last && !told[a.Revision] {
				told[a.Revision] = true
				out = append(out, ledger.Entry{Kind: ledger.Taint, Stage: s.Stage, App: s.App, Order: &ledger.Order{
					Revision: a.Revision, Reason: fmt.Sprintf("entry #%d rests on key %s, compromised since entry #%d", a.Seq, key, last),
				}})
			}
		}
	}
	return out, nil
}

// restsOn lists the keys whose signatures an admission counted: of its commits, its signed approvals, and its request.
func (p *pass) restsOn(ctx context.Context, e ledger.Entry) ([]string, error) {
	var keys []string
	var tags []schema.Digest
	if d := e.Decision; d != nil {
		for _, c := range d.Commits {
			keys = append(keys, c.Key)
		}
		for _, a := range d.Counted {
			if a.Tag != "" {
				tags = append(tags, a.Tag)
			}
		}
	}
	if e.Order != nil {
		tags = append(tags, e.Order.Request...)
	}
	for _, d := range tags {
		raw, err := p.ledger.Evidence(ctx, d)
		if err != nil {
			return nil, err
		}
		tag, err := requestIn(raw)
		if err != nil {
			return nil, err
		}
		r := tag.request
		signer, _ := p.rules.keyring.Detached(signing.NamespaceOf(r.Kind), r.Statement, r.Signature, schema.UsageApproval, p.acceptance())
		keys = append(keys, signer.Key)
	}
	return keys, nil
}
