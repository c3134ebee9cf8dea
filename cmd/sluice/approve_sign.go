package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// approveSteps shows what is approved, asks, signs and pushes.
func (d *desk) approveSteps(ctx context.Context, p pen, s subject, steps []step, exact bool) error {
	steps, err := d.permitted(p, &s, steps, exact)
	if err != nil {
		return err
	}
	if d.Trust.Expired(d.made) {
		s.notes = append(s.notes, "the trust root ran out at "+minute(d.Trust.Root.ExpiresAt)+": nothing new enters until the roots renew it")
	}
	statement := d.approval(s, steps)
	encoded, err := statement.Statement()
	if err != nil {
		return usageError(err)
	}
	given, err := d.given(ctx)
	if err != nil {
		return err
	}
	sheet := sheet{ID: statementID(encoded), Title: s.title, Statement: statement, Text: string(encoded), Steps: steps, Notes: s.notes, Signer: p.name(), Key: p.Key}
	judgeSteps(sheet.Steps, p, statement, given)
	if before, ok := d.approvedBefore(p, sheet, given); ok {
		sheet.ID, sheet.Tag, sheet.Before = before.ID, before.Name, true
		if !d.f.dryRun {
			if err := d.push(ctx, before); err != nil {
				return err
			}
		}
		return d.a.printSheet(sheet)
	}
	if d.f.dryRun {
		sheet.DryRun = true
		return d.a.printSheet(sheet)
	}
	return d.signSheet(ctx, p, sheet, encoded)
}

func (d *desk) signSheet(ctx context.Context, p pen, s sheet, encoded []byte) error {
	if !d.a.json() {
		d.a.writeSheet(s)
	}
	question := "Approve?"
	if why := s.futile(); why != "" && d.f.yes {
		return &failure{code: exitForbidden, err: fmt.Errorf("nothing was signed, because it would count for nothing: %s", why), hint: "without --yes you are asked whether to sign it all the same"}
	}
	if s.idle() {
		question = "Approve? It will not count."
	}
	if err := d.agree(question); err != nil {
		return err
	}
	signed, err := d.sign(ctx, p, encoded, schema.KindApprove, schema.UsageApproval, s.Statement.Head)
	if err != nil {
		return err
	}
	if err := d.mayStill(signed.Principal, s.Steps); err != nil {
		return err
	}
	if err := d.push(ctx, signed); err != nil {
		return err
	}
	s.Signer, s.Tag, s.Pushed = signed.Principal, signed.Name, true
	if d.a.json() {
		return d.a.printSheet(s)
	}
	d.a.writeSigned(s)
	return nil
}

// permitted leaves out the cells that the signer has no role for, unless they were named.
func (d *desk) permitted(p pen, s *subject, steps []step, exact bool) ([]step, error) {
	if p.Who == "" {
		return steps, nil
	}
	who, _ := d.Trust.Principal(p.Who)
	var out []step
	var refused []string
	for _, one := range steps {
		if one.may(who) {
			out = append(out, one)
			continue
		}
		refused = append(refused, fmt.Sprintf("%s (wants %s)", cellName(one.Cell), one.Roles))
	}
	if len(out) == 0 || exact && len(refused) > 0 {
		return nil, &failure{
			code: exitForbidden, err: fmt.Errorf("%s may not approve %s", p.Who, strings.Join(refused, ", ")),
			hint: "ask one who may: " + strings.Join(d.whoMay(steps), ", "),
		}
	}
	if len(refused) > 0 {
		s.notes = append(s.notes, "left out, because you have no role there: "+strings.Join(refused, ", "))
	}
	return out, nil
}

// mayStill asks for the role of a signer who was known by the signature only.
func (d *desk) mayStill(who string, steps []step) error {
	person, _ := d.Trust.Principal(who)
	for _, one := range steps {
		if !one.may(person) {
			return &failure{code: exitForbidden, err: fmt.Errorf("%s may not approve %s (wants %s); nothing was pushed", who, cellName(one.Cell), one.Roles), hint: "ask one who may: " + strings.Join(d.whoMay(steps), ", ")}
		}
	}
	return nil
}

func (d *desk) whoMay(steps []step) []string {
	var out []string
	for _, p := range d.Trust.Principals {
		if slices.ContainsFunc(steps, func(one step) bool { return one.may(p) && !slices.Contains(one.Authors, p.ID) }) {
			out = append(out, p.ID)
		}
	}
	if len(out) == 0 {
		return []string{"nobody has the role and did not work on it; the roots give it in the trust directory"}
	}
	return out
}

func (d *desk) approval(s subject, steps []step) schema.ApprovalStatement {
	out := schema.ApprovalStatement{
		Project: d.Trust.Root.Project, Made: d.made, Seen: d.seen(), Trust: d.Trust.Root.Version, MergeRequest: s.mr, Head: s.head,
	}
	for _, one := range steps {
		out.Cells = append(out.Cells, one.ApprovedCell)
	}
	return out
}

// given reads the approvals by signature that are here already, each with what its check says.
func (d *desk) given(ctx context.Context) ([]schema.SignedApproval, error) {
	var out []schema.SignedApproval
	for _, r := range d.found {
		if r.Request.Kind != schema.KindApprove {
			continue
		}
		a, err := signing.CheckApproval(d.Keyring, r.copy(), d.acceptance())
		if err != nil {
			continue // no approval, whatever its name says
		}
		a.Tag, a.Entry = schema.DigestOf(r.Raw), d.entry(ctx, a.Statement.Seen.Size)
		out = append(out, a)
	}
	return out, ctx.Err()
}
