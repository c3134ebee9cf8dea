package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// refusal is why a request is not carried out. It is told once, and records nothing: anybody who may push can make a tag.
type refusal struct {
	code   schema.Code
	detail string
}

func (r refusal) Error() string {
	if r.detail == "" {
		return string(r.code)
	}
	return r.detail + " [" + string(r.code) + "]"
}

func refused(code schema.Code, format string, args ...any) error {
	return refusal{code, fmt.Sprintf(format, args...)}
}

// asked is a request whose signatures count, with what its entry says of it.
type asked struct {
	schema.RequestStatement
	order    ledger.Order
	evidence [][]byte
}

// carryOut does what signed requests ask for, each once and in an append of its own, before anything else is judged.
func (p *pass) carryOut(ctx context.Context, report *Report) error {
	tags, odd := p.readTags(ctx)
	for _, err := range odd {
		p.tellOnce(err.Error(), "request not read", "error", err)
	}
	var errs []error
	for _, g := range grouped(tags, carriedOut) {
		if _, used := p.ledger.Head().WasUsed(g.statement); used || p.now.Sub(g.made) > schema.RequestLife {
			continue
		}
		decided, err := p.answer(ctx, g)
		var no refusal
		switch {
		case errors.As(err, &no):
			p.tellOnce(string(g.statement)+string(no.code)+no.detail, "request not carried out", "kind", g.copies[0].request.Kind, "tag", g.copies[0].ref, "code", string(no.code), "why", no.detail)
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("request %s: %w", g.copies[0].ref, err))
			continue
		}
		var f findings
		f.add(decided)
		if err := p.record(ctx, report, f.entries, f.evidence); err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}

// carriedOut leaves out the kinds that are asked for elsewhere: genesis while there is no ledger, approvals by the gates.
func carriedOut(kind string) bool { return kind != schema.KindGenesis && kind != schema.KindApprove }

// tellOnce logs what stays true from pass to pass only the first time.
func (r *Reconciler) tellOnce(key, message string, args ...any) {
	if r.told[key] {
		return
	}
	r.told[key] = true
	r.cfg.Log.Warn(message, args...)
}

// answer judges a request under the trust in force and makes the entries that carry it out.
func (p *pass) answer(ctx context.Context, g requestGroup) ([]judged, error) {
	a, err := p.check(ctx, g)
	if err != nil {
		return nil, err
	}
	switch a.Kind {
	case schema.KindSuspend:
		return p.suspend(ctx, a)
	case schema.KindResume:
		return p.resume(ctx, a)
	case schema.KindTaint:
		return p.taint(ctx, a)
	case schema.KindExpunge:
		return p.expunge(ctx, a)
	case schema.KindAcceptRef:
		return p.acceptRef(ctx, a)
	case schema.KindAdopt:
		return p.adopt(ctx, a)
	case schema.KindBreakGlass:
		return p.breakGlass(ctx, a)
	}
	return nil, refused(signing.CodeRequestRefused, "the kind %q is not known", a.Kind)
}

// check asks whether enough people with the role signed, in time and against this ledger.
func (p *pass) check(ctx context.Context, g requestGroup) (asked, error) {
	var seen schema.Digest
	if s, err := schema.ParseStatement(g.copies[0].request); err == nil {
		if seen, err = p.entryDigest(ctx, s.Seen.Size); err != nil {
			return asked{}, err
		}
	}
	c := signing.CheckRequest(p.rules.keyring, p.rules.trust, g.signers(), p.acceptance(), seen)
	if !c.OK {
		return asked{}, refused(c.Code, "%s%s", c.Detail, notCounted(c.Refused))
	}
	a := asked{RequestStatement: c.Statement}
	a.order = ledger.Order{Statement: g.statement, By: c.By, Reason: c.Statement.Reason}
	a.evidence, a.order.Request = g.counted(c.By)
	return a, nil
}

func notCounted(copies []string) string {
	if len(copies) == 0 {
		return ""
	}
	return fmt.Sprintf("; not counted: %v", copies)
}

// entry is the record of a request about its cell.
func (a asked) entry(kind ledger.Kind) ledger.Entry {
	order := a.order
	if !a.Until.IsZero() {
		order.Until = instantOf(a.Until)
	}
	return ledger.Entry{Kind: kind, Stage: a.Cell.Stage, App: a.Cell.App, Order: &order}
}

func (a asked) judged(entries ...ledger.Entry) []judged {
	out := make([]judged, len(entries))
	for i, e := range entries {
		out[i] = judged{entry: e}
	}
	out[0].evidence = a.evidence
	return out
}

func instantOf(t time.Time) *time.Time {
	at := t.UTC()
	return &at
}

// inProject refuses a request about a stage that the project does not have.
func (p *pass) inProject(a asked) (schema.Stage, error) {
	stage, ok := p.rules.project.Stage(a.Cell.Stage)
	if !ok {
		return stage, refused(signing.CodeRequestRefused, "the project has no stage %s", a.Cell.Stage)
	}
	return stage, nil
}

func (p *pass) suspend(_ context.Context, a asked) ([]judged, error) {
	if _, err := p.inProject(a); err != nil {
		return nil, err
	}
	return a.judged(a.entry(ledger.Suspend)), nil
}

// resume ends a suspension that is in force; there is nothing to record otherwise.
func (p *pass) resume(ctx context.Context, a asked) ([]judged, error) {
	if _, err := p.inProject(a); err != nil {
		return nil, err
	}
	pinned := p.ledger.Head().Suspended[a.Cell.Stage]
	if a.Cell.App != "" {
		state, _, err := p.ledger.Cell(ctx, a.Cell)
		if err != nil {
			return nil, err
		}
		if pinned = (ledger.Suspension{}); state.Suspended != nil {
			pinned = *state.Suspended
		}
	}
	if pinned.Until == nil || !p.now.Before(*pinned.Until) {
		return nil, refused(signing.CodeRequestRefused, "nothing is suspended there")
	}
	if err := a.sawSuspension(pinned); err != nil {
		return nil, err
	}
	return a.judged(a.entry(ledger.Resume)), nil
}

// taint marks a revision that the cell admitted, or takes a mark back (RULES R18, R19).
func (p *pass) taint(ctx context.Context, a asked) ([]judged, error) {
	state, _, err := p.ledger.Cell(ctx, a.Cell)
	if err != nil {
		return nil, err
	}
	now, err := p.revised(ctx, state)
	if err != nil {
		return nil, err
	}
	admission, ok := lastAdmission(now.Known(), a.Revision)
	if !ok {
		return nil, refused(signing.CodeRequestRefused, "%s never admitted %s", a.Cell, a.Revision)
	}
	e := a.entry(ledger.Taint)
	switch {
	case a.Acknowledged && !admission.Flagged(ledger.Tainted), a.Reviewed && !admission.Flagged(ledger.Unreviewed), !a.Acknowledged && !a.Reviewed && admission.Flagged(ledger.Tainted):
		return nil, refused(signing.CodeRequestRefused, "%s is that already in %s", a.Revision, a.Cell)
	case a.Acknowledged:
		e.Code = ledger.Acknowledged
	case a.Reviewed:
		e.Code = ledger.Reviewed
		if err := p.reviewedByOthers(ctx, a, admission); err != nil {
			return nil, err
		}
	}
	names := recordedAs(state, now, a.Revision)
	if err := p.sawMark(ctx, a, admission.Seq, names); err != nil {
		return nil, err
	}
	return a.judged(marks(e, names)...), nil
}

// marks is an entry for each name that a revision was recorded under.
func marks(e ledger.Entry, names []schema.Revision) []ledger.Entry {
	out := make([]ledger.Entry, len(names))
	for i, name := range names {
		out[i] = e
		order := *e.Order
		order.Revision = name
		out[i].Order = &order
	}
	return out
}

// reviewedByOthers asks that somebody looked at an emergency who did not declare it.
func (p *pass) reviewedByOthers(ctx context.Context, a asked, admission ledger.Admission) error {
	e, _, err := p.ledger.Entry(ctx, admission.Seq)
	if err != nil {
		return err
	}
	for _, who := range a.order.By {
		if e.Order == nil || !slices.Contains(e.Order.By, who) {
			return nil
		}
	}
	return refused(signing.CodeRequestUnsigned, "only those who broke the glass signed: %v", a.order.By)
}

// expunge drops evidence, unless something still rests on its bytes.
func (p *pass) expunge(ctx context.Context, a asked) ([]judged, error) {
	needed, err := p.neededEvidence(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]ledger.Entry, 0, len(a.Blobs))
	for _, blob := range a.Blobs {
		if why, ok := needed[blob]; ok {
			return nil, refused(signing.CodeRequestRefused, "%s is still needed: %s", blob, why)
		}
		if _, err := p.ledger.Evidence(ctx, blob); err != nil {
			return nil, refused(signing.CodeRequestRefused, "%s: %v", blob, err)
		}
		e := a.entry(ledger.Expunge)
		e.Order.Blob = blob
		entries = append(entries, e)
	}
	return a.judged(entries...), nil
}

// neededEvidence names the blobs that the loops read: the manifests of what was admitted, and the control files in force.
func (p *pass) neededEvidence(ctx context.Context) (map[schema.Digest]string, error) {
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return nil, err
	}
	needed := map[schema.Digest]string{p.ledger.Head().Control.Manifest: "the control files in force"}
	for _, s := range states {
		for _, a := range append(slices.Clone(s.Revisions), s.Admitted) {
			if a.Manifest != "" {
				needed[a.Manifest] = fmt.Sprintf("the manifest of %s in %s", s.App, s.Stage)
			}
		}
	}
	for path, data := range p.rules.files {
		needed[schema.DigestOf(data)] = path + " is in force"
	}
	former, err := p.formerProjects(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range former {
		for _, d := range f.evidence {
			needed[d] = fmt.Sprintf("the project file that entry #%d put in force", f.seq)
		}
	}
	return needed, nil
}
