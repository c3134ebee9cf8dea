// Package policies judges: it turns what is known of a change into a verdict with reasons, and does nothing else.
//
// A [Policy] is a pure function of [Facts]. It asks nobody and reads no clock, so the same facts give the same verdict in
// the pipeline of a merge request, in the reconciler and years later in an audit. [ForGate] composes what always holds
// (a merge request brought it, people signed it, the content comes from where it may) with what a stage's gate adds.
package policies

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Policy is a judge. Evaluate must not depend on anything but its receiver and the facts; facts that are missing never
// allow.
type Policy interface {
	Evaluate(Facts) schema.Verdict
}

// Facts is everything a policy may know of one change of one cell.
type Facts struct {
	Now     time.Time // time of the decision, UTC
	Cell    schema.Cell
	Ref     string // full name of the stage's ref: what a merge request must have targeted
	Change  schema.Change
	Landing schema.Landing
	// Commits are those of the landing that change the cell, with their signature verdicts.
	Commits []schema.CommitVerdict
	// MergeRequest brought the landing; nil means that the forge knows none.
	MergeRequest *schema.MergeRequest
	Approvals    []schema.GivenApproval
	// Signed are the approvals by signature that name the cell, whether their signature counts or not.
	Signed []schema.SignedApproval
	// Gate is the digest of the gate in force that is asked: what a signed approval has to be for.
	Gate schema.Digest
	// Admitted is the ledger sequence of the entry that Change.From rests on; 0 if the cell was never admitted. An approval
	// from before it was for another step.
	Admitted int64
	// Live is the ledger sequence of the entry that made a promotion's content live in the stage before; 0 if unknown.
	Live int64
	// Excluded are principals (or unmapped accounts and addresses) who worked on what is promoted in earlier stages.
	Excluded []string
	// Authorless says that nobody knows who worked on the change, so that nobody's approval is known to be another's. An example may
	// leave that out; what was judged has it always.
	Authorless bool
	Trust      schema.Trust // in force at the decision
	Problems   []schema.Problem
	// Files are the cell's files after the change, by path relative to the app.
	Files map[string][]byte
	// Was are the files as they were admitted, where a policy of the gate compares values; nil otherwise.
	Was map[string][]byte
	// Before and After list the cell's files as they were admitted, and after the change; sizes are not set.
	Before, After schema.Manifest
	// Apps is how many apps of the stage the landing changes, this one among them; 0 where no policy of the gate asks or nobody counted.
	Apps int
	// Schemas are the JSON Schemas in force, by path from the top of the repository.
	Schemas map[string][]byte
	// Misfits are what the stage's targets cannot hold (RULES R41).
	Misfits []schema.Verdict
	// Mixed says that the landing changes control files as well as apps.
	Mixed bool
	// ClockSkew is how far the forge's clock is ahead of ours, where that is too far to trust time; else zero.
	ClockSkew time.Duration
	// Unlinked is the control entry since which Change.Source's stage leads here no more; 0 if it never did, or does.
	Unlinked int64
	// Unproven are the files that come from no stage before, with why, where files are promoted alone.
	Unproven []schema.Problem
	// Guards are the guard rails at the forge, read for this decision; nil where the gate names none or nobody looked.
	Guards *schema.Guards
	// Health are the instances of the app in the stage before; nil where the gate does not ask or nobody looked.
	Health *schema.Consumers
	// Held is what was recorded last about this very change from this very source; nil if nothing was.
	Held *schema.Verdict
	// Rollbacks are those of the app in every stage, as far as the ledger's state has them; nil where nobody read it.
	Rollbacks *Rollbacks
	// Retirement says that a retirement record for the app is in force.
	Retirement bool
	// Suspended pins the cell; nil if nothing does.
	Suspended *Suspension

	acting  acting  // where the gate keeps roles apart; nil outside of one
	reading reading // shared by the policies of a gate; nil outside of one
}

// Suspension pins a cell, or its stage, until a time.
type Suspension struct {
	Entry  int64 // ledger sequence
	Until  time.Time
	Reason string
}

// Gate is what a change of one kind has to pass in one stage: all of its policies.
type Gate struct{ policies []Policy }

// Evaluate asks every policy, so that a person sees all that is missing at once.
func (g Gate) Evaluate(f Facts) schema.Verdict { return Together(Half{g, f})[0] }

// Half is a gate that a change has to pass, and what it is asked about.
type Half struct {
	Gate  Gate
	Facts Facts
}

// Together asks the gates that one change of one cell passes at once, and has a verdict of each: roles that exclude each other in one of
// them are apart in all, or one person would act in one role at the one gate, and in the other at the next.
func Together(halves ...Half) []schema.Verdict {
	var sets [][]schema.RoleName
	for i := range halves {
		halves[i].Facts.reading = reading{}
		sets = append(sets, apart(halves[i].Gate.policies, halves[i].Facts)...)
	}
	if len(sets) > 0 {
		return evaluateApart(halves, sets)
	}
	return evaluateHalves(halves, nil)
}

func evaluateHalves(halves []Half, way acting) []schema.Verdict {
	out := make([]schema.Verdict, len(halves))
	for i, h := range halves {
		h.Facts.acting = way
		out[i] = h.Gate.evaluate(h.Facts)
	}
	return out
}

func (g Gate) evaluate(f Facts) schema.Verdict {
	parts := make([]schema.Verdict, len(g.policies), len(g.policies)+1)
	for i, p := range g.policies {
		parts[i] = p.Evaluate(f)
	}
	if f.Suspended != nil {
		parts = append(parts, f.Suspended.verdict(f.Cell))
	}
	return schema.All("gate", parts...)
}

// verdict holds everything until the suspension ends (RULES R20).
func (s Suspension) verdict(cell schema.Cell) schema.Verdict {
	v := answer("suspension", schema.Hold, "suspended", "stage", string(cell.Stage), "entry", number64(s.Entry), "until", s.Until.UTC().Format(time.RFC3339))
	if s.Reason != "" {
		v.Args["reason"] = s.Reason
	}
	end := s.Until.UTC()
	v.Earliest = &end
	return v
}

// ForGate puts the gate of a stage for a kind of change behind what always holds and cannot be removed (RULES R45).
func ForGate(gates schema.Gates, kind schema.Kind) (Gate, error) {
	g := Gate{policies: []Policy{TrustValid{}, MergeRequest{}, Signed{}, Provenance{}, ContentRules{}}}
	for _, spec := range gates.For(kind) {
		p, err := New(spec)
		if err != nil {
			return Gate{}, err
		}
		g.policies = append(g.policies, p)
	}
	if kind == schema.Retire {
		g.policies = append(g.policies, RetirementRecord{})
	}
	return g, nil
}

func allow(policy string) schema.Verdict {
	return schema.Verdict{Policy: policy, Outcome: schema.Allow}
}

func answer(policy string, outcome schema.Outcome, code schema.Code, args ...string) schema.Verdict {
	v := schema.Verdict{Policy: policy, Outcome: outcome, Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if v.Args == nil {
			v.Args = map[string]string{}
		}
		v.Args[args[i]] = args[i+1]
	}
	return v
}
