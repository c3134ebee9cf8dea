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
func JudgeCase(stage schema.Stage, facts schema.CaseFacts, trust schema.Trust, control map[string][]byte) (schema.Verdict, error) {
	c := caseMaker{facts: facts, trust: withAccounts(trust)}
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
		Now: e.At, Cell: schema.Cell{Stage: stage, App: e.App}, Ref: caseRef, Trust: c.trust, Gate: caseGate, Admitted: 1, Live: 2,
		Change: schema.Change{Kind: e.Kind, Tune: e.Kind == schema.Tune}, Files: e.After, Was: e.Before, Apps: e.Apps,
	}
	var err error
	if f.Before, f.Change.From, err = caseSide(e.Before); err != nil {
		return f, err
	}
	if f.After, f.Change.To, err = caseSide(e.After); err != nil {
		return f, err
	}
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
