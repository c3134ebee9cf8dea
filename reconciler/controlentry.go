package reconciler

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// decide asks the policy and makes the entry. A change that comes into force is sealed with all that it rests on.
func (c *controlJudge) decide(ctx context.Context, s controlStep, f policies.ControlFacts, b controlBound, to controlCell, groups regrouping) (*judged, error) {
	verdict := policies.Control{}.Evaluate(f)
	end := c.chain[s.landing.end]
	landing := schema.Landing{
		Ref: f.Ref, Base: c.chain[s.base], Start: c.chain[s.landing.start], Tip: end,
		Method: method(s.landing, c.chain), Head: b.head, Bound: schema.Binding{OK: b.bound},
	}
	if !b.bound {
		landing.Bound.Code = "evidence-missing"
	}
	d := &ledger.Decision{
		Change: schema.Change{
			Kind: schema.Edit,
			From: schema.Side{Revision: schema.Revision(f.From), Content: f.From},
			To:   schema.Side{Revision: schema.Revision(f.To), Content: f.To},
		},
		Landing: landing, Verdict: verdict, Trust: c.control.Trust, Control: c.control.Seq, Gate: c.controlGate(),
		MergeRequest: named(policies.Facts{Trust: f.Trust, MergeRequest: f.MergeRequest}),
	}
	for _, commit := range f.Commits {
		d.Commits = append(d.Commits, commit.CommitVerdict)
	}
	d.Counted = countedAdmins(f, verdict)
	out := &judged{entry: ledger.Entry{Kind: controlKind(verdict.Outcome), App: schema.Control.App, Decision: d}}
	if err := c.addEvidence(ctx, out, f, b); err != nil {
		return nil, err
	}
	if verdict.Outcome == schema.Allow {
		if err := c.seal(out, end, to, groups); err != nil {
			return nil, err
		}
	}
	out.entry.Evidence = unique(out.entry.Evidence)
	out.own = len(out.entry.Evidence)
	return out, c.addUnreachable(ctx, out, f)
}

// addUnreachable keeps, of what comes into force, the commits of the merge request that no ref will lead to: a clone does not
// bring them, and to decide again one walks through them.
func (c *controlJudge) addUnreachable(ctx context.Context, out *judged, f policies.ControlFacts) error {
	if f.MergeRequest == nil || out.entry.Kind != ledger.Control {
		return nil
	}
	ids, err := unreachable(ctx, c.cfg.Repository, *f.MergeRequest, out.entry.Decision.Landing.Tip)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.controlObjects(ctx, id, out); err != nil {
			return err
		}
	}
	out.entry.Evidence = unique(out.entry.Evidence)
	return nil
}

// countedAdmins reads from the verdict whose approvals it counted.
func countedAdmins(f policies.ControlFacts, v schema.Verdict) []ledger.CountedApproval {
	by := map[string]bool{}
	for _, part := range v.Parts {
		for _, given := range part.Parts {
			if part.Policy == "admins" && given.Outcome == schema.Allow {
				by[given.Args["by"]] = true
			}
		}
	}
	var out []ledger.CountedApproval
	for _, a := range f.Signed {
		if by[a.Principal] && a.Code == "ok" {
			out = append(out, ledger.CountedApproval{
				Principal: a.Principal, Level: "signed", Role: string(schema.RoleAdmin), At: a.Statement.Made, Tag: a.Tag,
			})
			delete(by, a.Principal)
		}
	}
	slices.SortFunc(out, func(a, b ledger.CountedApproval) int { return cmp.Compare(a.Principal, b.Principal) })
	return out
}

func (j *judged) add(data []byte) schema.Digest {
	d := schema.DigestOf(data)
	j.evidence = append(j.evidence, data)
	j.entry.Evidence = append(j.entry.Evidence, d)
	return d
}

// seal puts the files in force. Whoever reads the entry later needs no ref for it: every file is evidence.
func (c *controlJudge) seal(out *judged, at schema.Hash, to controlCell, groups regrouping) error {
	next, err := newRules(to.files)
	if err != nil {
		return err // the policy was told of it, and allowed nothing
	}
	seal := &ledger.Seal{
		Trust: next.trust.Root.Version, Commit: at, Before: c.control.Seq, Regroups: groups.regroups, Control: out.add(to.manifest.Encode()),
	}
	for _, f := range to.manifest {
		out.add(to.files[f.Path])
	}
	seal.Takes = takesUp(c.rules.project, next.project)
	if len(groups.sealed) > 0 {
		list, err := ledger.EncodeSealed(groups.sealed)
		if err != nil {
			return err
		}
		seal.Cells = out.add(list)
		for _, m := range groups.manifests {
			out.add(m)
		}
	}
	out.entry.Seal = seal
	return nil
}

// addEvidence keeps the judged commits, the trees that show what control files they and the landing have, and the forge's
// answers (RULES R7).
func (c *controlJudge) addEvidence(ctx context.Context, out *judged, f policies.ControlFacts, b controlBound) error {
	for _, raw := range b.raw {
		out.add(raw)
	}
	shown := []schema.Hash{out.entry.Decision.Landing.Start, out.entry.Decision.Landing.Tip}
	for _, commit := range f.Commits {
		shown = append(shown, commit.Commit)
	}
	if !slices.Contains(shown, b.head) {
		shown = append(shown, b.head)
	}
	for _, commit := range shown {
		if err := c.controlObjects(ctx, commit, out); err != nil {
			return err
		}
	}
	for _, raw := range b.tags {
		out.evidence = append(out.evidence, raw)
		out.entry.Decision.Tags = append(out.entry.Decision.Tags, schema.DigestOf(raw))
	}
	if f.MergeRequest != nil {
		said, err := encodeAnswers(*f.MergeRequest)
		if err != nil {
			return err
		}
		out.entry.Decision.MergeRequest.Answers = out.add(said)
		for _, raw := range f.MergeRequest.Raw {
			out.add(raw.Body)
		}
	}
	return nil
}

// controlObjects adds a commit, its root tree and every tree below the control directory.
func (c *controlJudge) controlObjects(ctx context.Context, commit schema.Hash, out *judged) error {
	info, err := c.cfg.Repository.Commit(ctx, commit)
	if err != nil {
		return fmt.Errorf("read commit %s: %w", commit.Short(), err)
	}
	objects := []schema.Hash{commit, info.Tree}
	at, err := c.at(ctx, commit)
	if err != nil {
		return err
	}
	for _, path := range ControlPaths {
		if at.err != nil {
			break // what cannot be files is not walked again
		}
		entry, ok, err := c.cfg.Repository.Lookup(ctx, info.Tree, path)
		if err != nil {
			return fmt.Errorf("look up %s at %s: %w", path, commit.Short(), err)
		}
		if ok && entry.IsDir() {
			if objects, err = c.treesBelow(ctx, entry.ID, objects); err != nil {
				return err
			}
		}
	}
	for _, id := range objects {
		_, data, err := c.cfg.Repository.Object(ctx, id)
		if err != nil {
			return fmt.Errorf("read object %s: %w", id.Short(), err)
		}
		out.add(data)
	}
	return nil
}

func (c *controlJudge) treesBelow(ctx context.Context, tree schema.Hash, out []schema.Hash) ([]schema.Hash, error) {
	out = append(out, tree)
	entries, err := c.cfg.Repository.Tree(ctx, tree)
	if err != nil {
		return nil, fmt.Errorf("read tree %s: %w", tree.Short(), err)
	}
	for _, e := range entries {
		if e.IsDir() {
			if out, err = c.treesBelow(ctx, e.ID, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
