package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) requestsCommand() *cobra.Command {
	var f cloneFlags
	var all bool
	c := &cobra.Command{
		Use: "requests", Short: "List the signed statements that wait, and who still has to sign", Args: cobra.NoArgs,
		Long: `requests lists the signed statements that this clone has as tags: approvals, suspensions and the like, with who signed, how
many are needed, and the ledger's entry that used them. Fetch first: git fetch origin 'refs/tags/sluice/*:refs/tags/sluice/*'`,
		RunE: func(c *cobra.Command, _ []string) error { return a.requests(c.Context(), f, all) },
	}
	f.add(c)
	c.Flags().BoolVarP(&all, "all", "a", false, "also those that were used, ran out or are refused")
	return c
}

// The states of a request.
const (
	requestWaits   = "waiting" // for signatures, or for the next pass
	requestUsed    = "used"    // by an entry of the ledger
	requestOver    = "over"    // it can no longer be used
	requestRefused = "refused" // it never can
)

// listed is one statement with its signers, as -o json prints it.
type listed struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	What   string    `json:"what"`
	Reason string    `json:"reason,omitempty"`
	Made   time.Time `json:"made,omitzero"`
	Ends   time.Time `json:"ends,omitzero"` // when it can be used no more
	By     []string  `json:"by"`            // who signed and counts
	Need   int       `json:"need,omitempty"`
	May    []string  `json:"may_sign,omitempty"`
	State  string    `json:"state"`
	Entry  int64     `json:"entry,omitempty"` // that used it
	Why    string    `json:"why,omitempty"`
	Tags   []string  `json:"tags"`
}

func (a *app) requests(ctx context.Context, f cloneFlags, all bool) error {
	c, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer c.Close()
	d := &desk{clone: c, a: a}
	var odd []error
	if d.found, odd, err = requestsIn(ctx, c.repo, c.refs); err != nil {
		return err
	}
	if all {
		for _, err := range odd {
			fmt.Fprintln(a.errs, "not a request: "+schema.Printable(err.Error()))
		}
	}
	list, err := d.list(ctx)
	if err != nil {
		return err
	}
	hidden := 0
	shown := slices.DeleteFunc(list, func(l listed) bool {
		if all || l.State == requestWaits {
			return false
		}
		hidden++
		return true
	})
	if a.json() {
		var errs []error
		for _, l := range shown {
			errs = append(errs, a.encode(l))
		}
		return errors.Join(errs...)
	}
	a.writeRequests(shown, hidden)
	return nil
}

// list groups the tags by statement, the newest first.
func (d *desk) list(ctx context.Context) ([]listed, error) {
	used, err := d.used(ctx)
	if err != nil {
		return nil, err
	}
	var out []listed
	for _, r := range d.found {
		if slices.ContainsFunc(out, func(l listed) bool { return l.ID == r.ID }) {
			continue
		}
		copies := d.copies(r.ID)
		l := listed{ID: r.ID, Kind: r.Request.Kind, By: []string{}}
		for _, copied := range copies {
			l.Tags = append(l.Tags, copied.Name)
			l.Entry = max(l.Entry, used[schema.DigestOf(copied.Raw)], used[schema.DigestOf(copied.Request.Statement)])
		}
		switch r.Request.Kind {
		case schema.KindApprove:
			err = d.listApproval(ctx, &l, r)
		case schema.KindGenesis:
			d.listGenesis(&l, copies)
		default:
			d.listRequest(ctx, &l, copies)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b listed) int { return b.Made.Compare(a.Made) })
	return out, nil
}

// used maps the statements that entries carry out, and the tags of approvals that admissions count, to those entries.
func (d *desk) used(ctx context.Context) (map[schema.Digest]int64, error) {
	out := map[schema.Digest]int64{}
	for e, err := range d.Ledger.Entries(ctx, d.oldest()) {
		if err != nil {
			return nil, err
		}
		if e.Order != nil && e.Order.Statement != "" {
			out[e.Order.Statement] = e.Seq
		}
		if e.Decision == nil || !e.Kind.Admits() {
			continue
		}
		for _, counted := range e.Decision.Counted {
			out[counted.Tag] = e.Seq
		}
	}
	return out, nil
}

// oldest is the first entry that can have used one of the requests.
func (d *desk) oldest() int64 {
	from := d.Ledger.Head().Size + 1
	for _, r := range d.found {
		seen := schema.Seen{}
		if r.Request.Kind == schema.KindApprove {
			if a, err := schema.ParseApproval(r.Request); err == nil {
				seen = a.Seen
			}
		} else if s, err := schema.ParseStatement(r.Request); err == nil {
			seen = s.Seen
		}
		from = min(from, seen.Size+1)
	}
	return from
}

func (d *desk) listGenesis(l *listed, copies []foundRequest) {
	l.What, l.State, l.Entry = "the beginning of the ledger", requestUsed, max(l.Entry, 1)
	for _, r := range copies {
		l.By = append(l.By, r.Principal)
	}
}

func (d *desk) listRequest(ctx context.Context, l *listed, copies []foundRequest) {
	s, err := schema.ParseStatement(copies[0].Request)
	if err != nil {
		l.State, l.Why = requestRefused, err.Error()
		return
	}
	rule, _ := s.Rule()
	check := d.check(ctx, copies)
	l.What, l.Reason, l.Made, l.Ends, l.Need = whatOf(s), s.Reason, s.Made, usableUntil(s), rule.Need(d.Trust.Root)
	l.By = append(l.By, check.By...)
	for _, p := range d.Trust.Principals {
		if rule.MaySign(p, s.Cell) && !slices.Contains(l.By, p.ID) {
			l.May = append(l.May, p.ID)
		}
	}
	switch {
	case l.Entry > 0:
		l.State = requestUsed
	case !now().Before(l.Ends):
		l.State = requestOver
	case d.moot(ctx, s) != "":
		l.State, l.Why = requestOver, d.moot(ctx, s)
	case check.OK || check.Code == signing.CodeRequestUnsigned:
		l.State = requestWaits
		l.Why = strings.Join(check.Refused, "; ")
	default:
		l.State, l.Why = requestRefused, check.Detail
	}
}

// moot says why a statement can no longer be used although its time is not over: what it was made for has changed.
func (d *desk) moot(ctx context.Context, s schema.RequestStatement) string {
	switch s.Kind {
	case schema.KindBreakGlass:
		if state, _, err := d.Ledger.Cell(ctx, s.Cell); err == nil && state.Admitted.Seq > s.Seen.Size {
			return "the app has moved on since"
		}
	case schema.KindAcceptRef:
		if seen := d.Ledger.Refs().Seen[s.Ref]; seen != s.Old {
			return "the branch has moved on since, to " + seen.Short()
		}
	}
	return ""
}

// listApproval says of an approval whether an admission counted it, and whether it still can be.
func (d *desk) listApproval(ctx context.Context, l *listed, r foundRequest) error {
	checked, err := signing.CheckApproval(d.Keyring, r.copy(), d.acceptance())
	if err != nil {
		l.State, l.Why = requestRefused, err.Error()
		return nil
	}
	a := checked.Statement
	l.What, l.Made, l.State = approvedText(a), a.Made, requestWaits
	if checked.Code != "ok" {
		l.State, l.Why = requestRefused, checked.Code.Message(nil)+" ["+string(checked.Code)+"]"
		return nil
	}
	l.By = append(l.By, checked.Principal)
	over := true
	for _, c := range a.Cells {
		admitted := d.Ledger.Head().Control.Seq
		if c.Cell != schema.Control {
			state, _, err := d.Ledger.Cell(ctx, c.Cell)
			if err != nil {
				return err
			}
			admitted = state.Admitted.Seq
		}
		over = over && admitted > a.Seen.Size
	}
	switch {
	case l.Entry > 0:
		l.State = requestUsed
	case over:
		l.State, l.Why = requestOver, "the app has moved on since"
	}
	return nil
}

func approvedText(a schema.ApprovalStatement) string {
	var cells []string
	for _, c := range a.Cells {
		cells = append(cells, fmt.Sprintf("%s %s to %s", cellName(c.Cell), c.From.String(), c.To.String()))
	}
	text := strings.Join(cells, ", ")
	if a.MergeRequest != nil {
		text += fmt.Sprintf(", !%d", a.MergeRequest.IID)
	}
	return text
}

// whatOf is a request in a few words.
func whatOf(s schema.RequestStatement) string {
	switch s.Kind {
	case schema.KindTaint:
		mark := ""
		if s.Acknowledged {
			mark = ", acknowledged"
		} else if s.Reviewed {
			mark = ", reviewed"
		}
		return fmt.Sprintf("%s of %s%s", s.Revision.String(), cellName(s.Cell), mark)
	case schema.KindExpunge:
		return count(int64(len(s.Blobs)), "piece", "pieces") + " of evidence"
	case schema.KindAcceptRef:
		return fmt.Sprintf("%s from %s to %s", branchName(s.Ref), s.Old.Short(), s.New.Short())
	case schema.KindBreakGlass:
		return fmt.Sprintf("%s %s to %s without its gate, review by %s", cellName(s.Cell), s.From.String(), s.To.String(), minute(s.Review))
	case schema.KindAdopt:
		if s.Overwrite {
			return placeName(s.Cell) + ", over what others put there"
		}
		return placeName(s.Cell)
	case schema.KindSuspend:
		return placeName(s.Cell) + " until " + minute(s.Until)
	}
	return placeName(s.Cell)
}

func (a *app) writeRequests(list []listed, hidden int) {
	if len(list) == 0 {
		fmt.Fprintln(a.out, "no request waits")
	}
	for i, l := range list {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		a.writeListed(l)
	}
	if hidden > 0 {
		fmt.Fprintf(a.out, "%s used or ended: sluice requests --all\n", count(int64(hidden), "more is", "more are"))
	}
}

func (a *app) writeListed(l listed) {
	fmt.Fprintf(a.out, "%s  %s  %s\n", l.ID, l.Kind, schema.Printable(l.What))
	if l.Reason != "" {
		fmt.Fprintf(a.out, "  reason  %s\n", schema.Printable(l.Reason))
	}
	if !l.Made.IsZero() {
		line := "made " + minute(l.Made)
		if !l.Ends.IsZero() {
			line += ", usable until " + minute(l.Ends)
		}
		fmt.Fprintf(a.out, "  time    %s\n", line)
	}
	if len(l.By) > 0 {
		fmt.Fprintf(a.out, "  signed  %s\n", strings.Join(l.By, ", "))
	}
	fmt.Fprintf(a.out, "  state   %s\n", schema.Printable(l.state()))
}

// state is where a statement is, in words, with the command that brings it on.
func (l listed) state() string {
	why := ""
	if l.Why != "" {
		why = ": " + l.Why
	}
	switch {
	case l.State == requestUsed:
		return fmt.Sprintf("used by entry #%d", l.Entry)
	case l.State == requestOver:
		return "can no longer be used" + why
	case l.State == requestRefused:
		return "refused" + why
	case l.Need > len(l.By):
		return fmt.Sprintf("%d of %d signed; %s", len(l.By), l.Need, waitsFor(l.May, l.Kind, l.ID)) + why
	}
	return "waits for the reconciler's next pass" + why
}
