package policies

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// caseHost is a forge that there is nowhere: accounts there are those of an example's people.
const caseHost = "forge.invalid"

// What an example takes for given where it does not say otherwise.
const (
	caseMergedBefore   = time.Minute
	caseApprovedBefore = 2 * time.Minute
	caseLiveBefore     = time.Hour
	caseRef            = "refs/heads/example"
	caseGate           = schema.Digest("sha256:0000000000000000000000000000000000000000000000000000000000000000")
)

// JudgeCase asks what a stage's gate adds about an example. The people are those of the trust, with their roles; control
// files are schemas and lists by path. What always holds is not asked: it is about signatures and origin, which no example has.
func JudgeCase(project schema.Project, stage schema.Stage, facts schema.CaseFacts, trust schema.Trust, control map[string][]byte) (schema.Verdict, error) {
	c := caseMaker{facts: facts, trust: withAccounts(trust), local: project.StageLocal}
	f, err := c.make(stage.Name)
	if err != nil {
		return schema.Verdict{}, err
	}
	f.Schemas = control
	var gate Gate
	for _, spec := range stage.Gates.For(facts.Kind) {
		p, err := New(spec)
		if err != nil {
			return schema.Verdict{}, err
		}
		gate.policies = append(gate.policies, p)
	}
	if len(gate.policies) == 0 {
		return allow("gate"), nil // it adds nothing to what always holds
	}
	return gate.Evaluate(f), nil
}

// withAccounts gives everybody an account, by their place in the trust directory.
func withAccounts(trust schema.Trust) schema.Trust {
	people := slices.Clone(trust.Principals)
	for i := range people {
		people[i].Forge = append(slices.Clone(people[i].Forge), schema.ForgeAccount{Host: caseHost, UserID: int64(i + 1)})
	}
	trust.Principals = people
	if trust.Root.Project == "" {
		trust.Root.Project = "example"
	}
	return trust
}

// caseMaker makes facts of an example.
type caseMaker struct {
	facts schema.CaseFacts
	trust schema.Trust
	local schema.Patterns // what a stage has of its own
}

func (c caseMaker) account(id string) (schema.Account, error) {
	for i, p := range c.trust.Principals {
		if p.ID == id {
			return schema.Account{ID: int64(i + 1), Username: id, State: "active", AccessLevel: developer}, nil
		}
	}
	return schema.Account{}, fmt.Errorf("there is no %q in the trust directory", id)
}

func (c caseMaker) make(stage schema.StageName) (Facts, error) {
	e := c.facts
	f := Facts{
		Now: e.At, Cell: schema.Cell{Stage: stage, App: e.App}, Ref: caseRef, Trust: c.trust, Gate: caseGate, Admitted: 1, Live: 2, Authorless: len(e.Authors) == 0,
		Change: schema.Change{Kind: e.Kind}, Files: e.After, Was: e.Before, Apps: e.Apps,
	}
	if e.After == nil && e.Kind == schema.Retire {
		f.Files = map[string][]byte{} // that is what it means
	}
	var err error
	if f.Before, f.Change.From, err = caseSide(f.Was); err != nil {
		return f, err
	}
	if f.After, f.Change.To, err = caseSide(f.Files); err != nil {
		return f, err
	}
	if f.Was == nil {
		f.Change.From = unknownSide("before")
	}
	if f.Files == nil {
		f.Change.To = unknownSide("after")
	}
	f.Change.Tune = c.tunes(f)
	if e.Source != "" {
		live := e.At.Add(-max(e.Soaked, caseLiveBefore))
		f.Change.Source = &schema.Source{Stage: e.Source, Seq: 1, LiveAt: live, LiveSeq: 2, Soaked: e.Soaked, SoakingSince: e.At.Add(-e.Soaked)}
	}
	c.guards(&f)
	if e.Rollbacks != nil {
		f.Rollbacks = c.rollbacks()
	}
	return f, c.people(&f)
}

// unknownSide is files that nobody knows, which are not none: there is no file of them, and what approved them did approve these.
func unknownSide(which string) schema.Side {
	digest := schema.DigestOf([]byte(which))
	return schema.Side{Revision: schema.Revision(digest), Content: schema.Content(digest)}
}

// tunes reports whether files of the stage's own change. Where nobody knows which files do, a rule about tunes is for the change.
func (c caseMaker) tunes(f Facts) bool {
	switch {
	case c.facts.Kind == schema.Tune:
		return true
	case c.facts.Kind != schema.Promote || len(c.local) == 0:
		return false
	}
	return !bothKnown(f) || slices.ContainsFunc(changed(f.Before, f.After), c.local.Match)
}

func caseSide(files map[string][]byte) (schema.Manifest, schema.Side, error) {
	var list []schema.File
	for path, data := range files {
		list = append(list, schema.File{Path: path, Mode: schema.Regular, Digest: schema.DigestOf(data), Size: int64(len(data))})
	}
	m, err := schema.NewManifest(list)
	if err != nil {
		return nil, schema.Side{}, err
	}
	return m, schema.Side{Revision: m.Revision(nil), Content: m.Content()}, nil
}

func (c caseMaker) guards(f *Facts) {
	if c.facts.Guardrails == nil {
		return
	}
	f.Guards = &schema.Guards{Host: caseHost, ProjectID: 1, At: c.facts.At}
	for _, name := range c.facts.Guardrails {
		rail := schema.GuardRail{Name: name, State: schema.GuardOK}
		if schema.OfBranch(name) {
			rail.Subject = caseRef
		}
		f.Guards.Rails = append(f.Guards.Rails, rail)
	}
}

func (c caseMaker) rollbacks() *Rollbacks {
	out := &Rollbacks{}
	for _, r := range c.facts.Rollbacks {
		one := Rollback{At: c.facts.At.Add(-r.Ago), Left: r.Left}
		if r.LiveAfter > 0 {
			one.LiveAt = one.At.Add(r.LiveAfter)
		}
		out.Of = append(out.Of, one)
	}
	out.Sort()
	return out
}

// people makes the merge request with all that people did for it: its author is the first one who worked on the change.
func (c caseMaker) people(f *Facts) error {
	e := c.facts
	head := schema.Hash{1}
	mr := &schema.MergeRequest{
		Host: caseHost, ProjectID: 1, IID: 1, State: "merged", TargetRef: caseRef, Title: e.Title, Head: head, MergedAt: e.At.Add(-caseMergedBefore),
	}
	for i, id := range e.Authors {
		account, err := c.account(id)
		if err != nil {
			return err
		}
		if i == 0 {
			mr.Author = account
		}
		f.Commits = append(f.Commits, schema.CommitVerdict{Commit: head, Code: "ok", Principal: id})
	}
	for _, id := range e.Approvers {
		account, err := c.account(id)
		if err != nil {
			return err
		}
		f.Approvals = append(f.Approvals, schema.GivenApproval{
			By: account, At: e.At.Add(-caseApprovedBefore), Version: 1, Head: head, From: f.Change.From.Content, To: f.Change.To.Content,
		})
	}
	for _, id := range e.Signed {
		if _, err := c.account(id); err != nil {
			return err
		}
		f.Signed = append(f.Signed, c.signed(id, *f, head))
	}
	if e.MergedBy != "" {
		account, err := c.account(e.MergedBy)
		if err != nil {
			return err
		}
		mr.MergedBy = account
	}
	for i, name := range slices.Sorted(maps.Keys(e.Jobs)) {
		mr.Statuses = append(mr.Statuses, schema.JobStatus{ID: int64(i + 1), Commit: head, Name: name, State: e.Jobs[name]})
	}
	f.MergeRequest = mr
	return nil
}

// signed is an approval by a person's own signature for exactly this step.
func (c caseMaker) signed(id string, f Facts, head schema.Hash) schema.SignedApproval {
	return schema.SignedApproval{Principal: id, Code: "ok", Entry: caseGate, Statement: schema.ApprovalStatement{
		Project: c.trust.Root.Project, Trust: c.trust.Root.Version, Seen: schema.Seen{Size: 2, Entry: caseGate}, Head: head,
		Cells: []schema.ApprovedCell{{Cell: f.Cell, Ref: caseRef, From: f.Change.From.Content, To: f.Change.To.Content, Gate: caseGate}},
	}}
}
