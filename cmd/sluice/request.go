package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// requestFlags are what every kind of request takes.
type requestFlags struct {
	statementFlags
	reason string
	sign   string // a statement that is there already
}

// draft is what a command says of a request: the fields of its kind. The rest is the same for all.
type draft func(ctx context.Context, d *desk, args []string) (schema.RequestStatement, error)

// requestKind is a command that makes one kind of request.
type requestKind struct {
	kind, use, short, long, example string
	args                            cobra.PositionalArgs
	flags                           func(*pflag.FlagSet)
	draft                           draft
}

func (a *app) requestCommand(k requestKind) *cobra.Command {
	var f requestFlags
	own := pflag.NewFlagSet(k.kind, pflag.ContinueOnError)
	k.flags(own)
	c := &cobra.Command{
		Use: k.use, Short: k.short, Long: k.long, Example: k.example,
		Args: func(c *cobra.Command, args []string) error {
			if f.sign != "" {
				return onlySign(own, args, f)
			}
			return k.args(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return a.request(c.Context(), f, k, args) },
	}
	c.Flags().AddFlagSet(own)
	c.Flags().StringVar(&f.reason, "reason", "", "why, in one line: it stays in the ledger")
	c.Flags().StringVar(&f.sign, "sign", "", "sign what somebody else asked for: the `ID` that sluice requests shows")
	f.add(c)
	return c
}

// onlySign refuses to say something about a statement that is made already.
func onlySign(own *pflag.FlagSet, args []string, f requestFlags) error {
	if len(args) > 0 || f.reason != "" {
		return usageError(errors.New("--sign signs a statement as it is: nothing can be added"))
	}
	var err error
	own.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			err = usageError(fmt.Errorf("--sign signs a statement as it is: --%s cannot be added", f.Name))
		}
	})
	return err
}

// request shows what will happen, asks, signs and pushes.
func (a *app) request(ctx context.Context, f requestFlags, k requestKind, args []string) error {
	if f.sign == "" && strings.TrimSpace(f.reason) == "" {
		return &failure{code: exitUsage, err: errors.New("a reason is missing"), hint: `--reason "what happened": it stays in the ledger`}
	}
	d, err := a.openDesk(ctx, f.statementFlags)
	if err != nil {
		return err
	}
	defer d.Close()
	p, err := d.pen(ctx)
	if err != nil {
		return err
	}
	if err := usable(p.Who); err != nil {
		return err
	}
	var s schema.RequestStatement
	var text []byte
	if f.sign != "" {
		s, text, err = d.repeated(ctx, k.kind, f.sign)
	} else {
		s, text, err = d.drafted(ctx, f, k, args)
	}
	if err != nil {
		return err
	}
	return d.requestSheet(ctx, p, s, text)
}

// drafted makes a new statement.
func (d *desk) drafted(ctx context.Context, f requestFlags, k requestKind, args []string) (schema.RequestStatement, []byte, error) {
	s, err := k.draft(ctx, d, args)
	if err != nil {
		return s, nil, err
	}
	s.Kind, s.Project, s.Made, s.Seen, s.Reason = k.kind, d.Trust.Root.Project, d.made, d.seen(), strings.TrimSpace(f.reason)
	text, err := s.Statement()
	if err != nil {
		return s, nil, usageError(err)
	}
	return s, text, nil
}

// repeated finds a statement that somebody signed already, and refuses one that cannot be used any more.
func (d *desk) repeated(ctx context.Context, kind, id string) (schema.RequestStatement, []byte, error) {
	copies := d.copies(strings.ToLower(id))
	if len(copies) == 0 {
		return schema.RequestStatement{}, nil, &failure{code: exitUsage, err: fmt.Errorf("there is no request %s", id), hint: "sluice requests lists them"}
	}
	first := copies[0].Request
	if first.Kind != kind {
		return schema.RequestStatement{}, nil, &failure{code: exitUsage, err: fmt.Errorf("%s is a %s request", id, first.Kind), hint: "sluice " + first.Kind + " --sign " + id}
	}
	s, err := schema.ParseStatement(first)
	if err != nil {
		return s, nil, usageError(err)
	}
	if seq, used := d.Ledger.Head().WasUsed(schema.DigestOf(first.Statement)); used {
		return s, nil, &failure{code: exitNo, err: fmt.Errorf("%s was carried out by entry #%d", id, seq), hint: "make it again, without --sign"}
	}
	check := d.check(ctx, copies)
	if !check.OK && check.Code != signing.CodeRequestUnsigned {
		return s, nil, &failure{code: exitNo, err: fmt.Errorf("%s cannot be used any more: %s", id, check.Detail), hint: "make it again, without --sign"}
	}
	return s, first.Statement, nil
}

// check judges copies as the reconciler would now.
func (d *desk) check(ctx context.Context, copies []foundRequest) signing.RequestCheck {
	var out []signing.RequestCopy
	for _, r := range copies {
		out = append(out, r.copy())
	}
	s, _ := schema.ParseStatement(copies[0].Request)
	return signing.CheckRequest(d.Keyring, d.Trust, out, d.acceptance(), d.entry(ctx, s.Seen.Size))
}

// requestSheet shows the request with who may sign it, and lets the person sign.
func (d *desk) requestSheet(ctx context.Context, p pen, s schema.RequestStatement, text []byte) error {
	rule, _ := s.Rule()
	sheet := requestSheet{ID: statementID(text), Kind: s.Kind, Statement: s, Text: string(text), Need: rule.Need(d.Trust.Root), Roles: words(rule.Roles), Signer: p.name(), Key: p.Key}
	var err error
	if sheet.Says, sheet.Steps, err = d.plainWords(ctx, s); err != nil {
		return err
	}
	broke, err := d.brokeTheGlass(ctx, s)
	if err != nil {
		return err
	}
	for _, who := range d.Trust.Principals {
		if rule.MaySign(who, s.Cell) && !slices.Contains(broke, who.ID) {
			sheet.May = append(sheet.May, who.ID)
		}
	}
	switch {
	case slices.Contains(broke, p.Who):
		return &failure{code: exitForbidden, err: fmt.Errorf("%s broke the glass and cannot review it", p.Who), hint: "ask somebody who did not: " + orNobody(sheet.May)}
	case p.Who != "" && !slices.Contains(sheet.May, p.Who):
		return hasNoRole(p.Who, sheet)
	}
	copies := d.copies(sheet.ID)
	if len(copies) > 0 {
		sheet.By = d.check(ctx, copies).By
	}
	if n := slices.IndexFunc(copies, func(r foundRequest) bool { return r.Principal == p.Who }); n >= 0 && slices.Contains(sheet.By, p.Who) {
		sheet.Before, sheet.Tag = true, copies[n].Name
		if !d.f.dryRun {
			err = d.push(ctx, copies[n])
		}
		return errors.Join(err, d.a.printRequest(sheet))
	}
	if d.f.dryRun {
		sheet.DryRun = true
		return d.a.printRequest(sheet)
	}
	return d.signRequestSheet(ctx, p, sheet, copies)
}

// brokeTheGlass names those who asked for the emergency that a review is about: they are not the ones to look at it.
func (d *desk) brokeTheGlass(ctx context.Context, s schema.RequestStatement) ([]string, error) {
	if !s.Reviewed {
		return nil, nil
	}
	state, _, err := d.Ledger.Cell(ctx, s.Cell)
	if err != nil {
		return nil, err
	}
	for _, a := range slices.Backward(state.Revisions) {
		if a.Revision != s.Revision || !a.Flagged(ledger.Unreviewed) {
			continue
		}
		e, _, err := d.Ledger.Entry(ctx, a.Seq)
		if err != nil || e.Order == nil {
			return nil, err
		}
		return e.Order.By, nil
	}
	return nil, nil
}

func (d *desk) signRequestSheet(ctx context.Context, p pen, s requestSheet, copies []foundRequest) error {
	if !d.a.json() {
		d.a.writeRequest(s)
	}
	if err := d.agree("Sign?"); err != nil {
		return err
	}
	rule, _ := s.Statement.Rule()
	at := s.Statement.New
	if s.Kind != schema.KindBreakGlass || !d.has(ctx, at) {
		at = d.Ledger.Head().Control.Commit
	}
	signed, err := d.sign(ctx, p, []byte(s.Text), s.Kind, rule.Usage, at)
	if err != nil {
		return err
	}
	if !slices.Contains(s.May, signed.Principal) {
		return hasNoRole(signed.Principal, s)
	}
	check := d.check(ctx, append(copies, signed))
	if !check.OK && check.Code != signing.CodeRequestUnsigned {
		return &failure{code: exitForbidden, err: fmt.Errorf("the reconciler would refuse it: %s [%s]", check.Detail, check.Code)}
	}
	if err := d.push(ctx, signed); err != nil {
		return err
	}
	s.Signer, s.Tag, s.Pushed, s.By = signed.Principal, signed.Name, true, check.By
	if d.a.json() {
		return d.a.printRequest(s)
	}
	d.a.writeRequestSigned(s)
	return nil
}

func hasNoRole(who string, s requestSheet) error {
	return &failure{
		code: exitForbidden, err: fmt.Errorf("%s may not sign this: it wants the role %s", who, strings.Join(s.Roles, " or ")),
		hint: "ask one who may: " + orNobody(s.May),
	}
}

func orNobody(names []string) string {
	if len(names) == 0 {
		return "nobody has the role; the roots give it in the trust directory"
	}
	return strings.Join(names, ", ")
}

// moment reads a time, or how long from now on.
func moment(text string, from time.Time) (time.Time, error) {
	for _, shape := range []string{time.RFC3339, "2006-01-02T15:04Z", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(shape, text); err == nil {
			return t.UTC().Truncate(time.Second), nil
		}
	}
	d, err := schema.ParseDuration(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: want a duration like 4h or 3d, or a time like %s", text, from.Add(24*time.Hour).Format("2006-01-02T15:04Z"))
	}
	return from.Add(d).Truncate(time.Second), nil
}
