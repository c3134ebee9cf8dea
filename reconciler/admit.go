package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// admit decides about everything that is new on the stages' refs and records it in one append, after what came into force by
// a control change (RULES R9) and what signed requests asked for. What could not be found out is an error beside what could;
// while it is not known which rules hold, nothing is judged.
func (p *pass) admit(ctx context.Context, report *Report) (err error) {
	ctx, span := phase(ctx, "admit")
	defer func() { span.end(err) }()
	control, err := p.decideControl(ctx, report)
	if err != nil {
		return err
	}
	if err := p.sealStages(ctx, report); err != nil {
		return err
	}
	var found findings
	size := p.ledger.Head().Size
	switch err := p.carryOut(ctx, report); {
	case errors.Is(err, ErrMoved):
		return err
	case err != nil:
		found.errs = append(found.errs, fmt.Errorf("carry out requests: %w", err))
	}
	if p.ledger.Head().Size != size { // the default branch may be followed again
		if control, err = p.decideControl(ctx, report); err != nil {
			return errors.Join(append(found.errs, err)...)
		}
	}
	if err := p.distrust(ctx, report); err != nil {
		return errors.Join(append(found.errs, err)...)
	}
	for _, ref := range p.followedRefs() {
		p.admitRef(ctx, ref, control, &found)
	}
	report.Refused = found.refused
	if len(found.entries) == 0 {
		return errors.Join(found.errs...)
	}
	if err := p.record(ctx, report, found.entries, found.evidence); err != nil {
		return errors.Join(append(found.errs, err)...)
	}
	return errors.Join(found.errs...)
}

// findings are what admission of one pass comes to.
type findings struct {
	entries  []ledger.Entry
	evidence [][]byte
	refused  int // refs that did not move forward
	errs     []error
}

func (f *findings) add(decided []judged) {
	for _, d := range decided {
		f.entries = append(f.entries, d.entry)
		f.evidence = append(f.evidence, d.evidence...)
	}
}

// followedRefs lists the refs that are followed: the one with the control files, then those that hold stages, in the order
// of the first stage on each.
func (p *pass) followedRefs() []string {
	refs := []string{p.controlRef()}
	seen := map[string]bool{p.controlRef(): true}
	for _, s := range p.rules.project.Stages {
		if ref := p.rules.project.Ref(s); !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	return refs
}

// admitRef judges the cells of one ref. A ref that did not move forward holds everything on it (RULES R5). control is what is
// to be told of the control files.
func (p *pass) admitRef(ctx context.Context, ref string, control []judged, found *findings) {
	seen, tip := p.ledger.Refs().Seen[ref], p.refs[ref]
	code, err := p.movement(ctx, seen, tip)
	if err != nil {
		found.errs = append(found.errs, fmt.Errorf("follow %s: %w", ref, err))
		return
	}
	if code != "" {
		p.refuse(ref, seen, tip, code, found)
		return
	}
	if tip.IsZero() {
		return // a stage branch may be missing until its first admission
	}
	decided, errs := p.judgeRef(ctx, ref, seen, tip)
	if ref == p.controlRef() {
		decided = append(control, decided...)
	}
	found.errs = append(found.errs, errs...)
	_, incident := p.ledger.Refs().Incident[ref]
	complete := len(errs) == 0
	if complete {
		moveSeen(decided, ref, seen, tip)
	}
	found.add(decided)
	if complete && (incident || seen != tip && !moves(decided, ref)) {
		found.entries = append(found.entries, ledger.Entry{Kind: ledger.Observe, Ref: ref, Old: seen, New: tip})
	}
}

// movement says why a ref cannot be followed; an empty code follows.
func (p *pass) movement(ctx context.Context, seen, tip schema.Hash) (schema.Code, error) {
	switch {
	case seen == tip, seen.IsZero():
		return "", nil
	case tip.IsZero():
		return ledger.RefMissing, nil
	}
	forward, err := p.cfg.Repository.IsAncestor(ctx, seen, tip)
	if err != nil {
		return "", err
	}
	if !forward {
		return ledger.NonFastForward, nil
	}
	return "", nil
}

// refuse records a rewind, a rewrite or a vanished ref once. It is never followed and never read as "delete everything".
func (p *pass) refuse(ref string, seen, tip schema.Hash, code schema.Code, found *findings) {
	found.refused++
	p.cfg.Log.Error("refused", "ref", ref, "code", code, "seen", seen.String(), "found", tip.String())
	if incident, ok := p.ledger.Refs().Incident[ref]; ok && incident.Code == code && incident.New == tip {
		return
	}
	found.entries = append(found.entries, ledger.Entry{Kind: ledger.Observe, Code: code, Ref: ref, Old: seen, New: tip})
}

// judgeRef judges every cell on the ref that changed since it was last seen, and every one that is held.
func (p *pass) judgeRef(ctx context.Context, ref string, seen, tip schema.Hash) ([]judged, []error) {
	var errs []error
	from := seen
	if from.IsZero() {
		var err error
		if from, err = p.origin(ctx, ref, tip); err != nil {
			return nil, []error{fmt.Errorf("find where %s began: %w", ref, err)}
		}
	}
	var cells []schema.Cell
	var stages []schema.StageName
	for _, stage := range p.rules.project.Stages {
		if p.rules.project.Ref(stage) != ref {
			continue
		}
		apps, err := p.appsToJudge(ctx, stage, seen, tip)
		if err != nil {
			errs = append(errs, fmt.Errorf("find what changed in %s: %w", stage.Name, err))
			continue
		}
		stages = append(stages, stage.Name)
		for _, app := range apps {
			cells = append(cells, schema.Cell{Stage: stage.Name, App: app})
		}
	}
	if len(errs) > 0 && p.rules.project.Atomic {
		return nil, errs
	}
	out, wrong := p.judgeCells(ctx, cells, from, tip)
	beside := wrong
	if p.rules.project.Atomic {
		beside = besides(wrong, cells)
	}
	p.judgedBut(stages, beside, tip)
	for _, cell := range cells {
		if err := wrong[cell]; err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		for _, stage := range stages {
			p.looked[stage] = p.rules.seq
		}
	}
	return out, errs
}

func (p *pass) appsToJudge(ctx context.Context, stage schema.Stage, seen, tip schema.Hash) ([]schema.App, error) {
	apps, err := p.appsBetween(ctx, stage, seen, tip)
	if err != nil {
		return nil, err
	}
	after, err := subtree(ctx, p.cfg.Repository, tip, p.rules.project.Dir(stage))
	if err != nil {
		return nil, err
	}
	held, err := p.heldIn(ctx, stage.Name)
	if err != nil {
		return nil, err
	}
	unsealed, err := p.unsealedIn(ctx, stage.Name, after)
	if err != nil {
		return nil, err
	}
	returned, err := p.returnedIn(ctx, stage, tip)
	if err != nil {
		return nil, err
	}
	all := map[schema.App]bool{}
	for _, app := range slices.Concat(apps, held, unsealed, returned) {
		all[app] = true
	}
	out := make([]schema.App, 0, len(all))
	for app := range all {
		out = append(out, app)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out, nil
}

func (p *pass) heldIn(ctx context.Context, stage schema.StageName) ([]schema.App, error) {
	held, err := p.sieves.held.pick(ctx, p.ledger, p.rules.seq, func(s *ledger.State) bool { return s.Held != nil && p.rules.has(*s) })
	if err != nil {
		return nil, err
	}
	var out []schema.App
	for _, s := range held {
		if s.Stage == stage {
			out = append(out, s.App)
		}
	}
	return out, nil
}

// unsealedIn lists apps that the ledger never heard of, though nothing brings them now: they lay in the stage's place before
// it was a stage (RULES R29). It looks once after a start and after each change of the rules.
func (p *pass) unsealedIn(ctx context.Context, stage schema.StageName, tree schema.Hash) ([]schema.App, error) {
	if p.looked[stage] == p.rules.seq {
		return nil, nil
	}
	found, err := appsIn(ctx, p.cfg.Repository, p.rules.project.Apps, tree)
	if err != nil {
		return nil, err
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger's state: %w", err)
	}
	known := map[schema.App]bool{}
	for _, s := range states {
		known[s.App] = known[s.App] || s.Stage == stage
	}
	return slices.DeleteFunc(found, func(app schema.App) bool {
		return known[app] || strings.HasPrefix(string(app), ".")
	}), nil
}

// moveSeen lets the decisions carry the ref's new position, so that no entry of its own is needed for it. It is done only
// when every cell could be decided: a cell that was not is found again by the difference to the last position seen.
func moveSeen(decided []judged, ref string, old, tip schema.Hash) {
	for i := range decided {
		if decided[i].entry.Kind == ledger.Observe {
			continue
		}
		decided[i].entry.Ref, decided[i].entry.Old, decided[i].entry.New = ref, old, tip
	}
}

func moves(decided []judged, ref string) bool {
	for _, d := range decided {
		if d.entry.Ref == ref {
			return true
		}
	}
	return false
}
