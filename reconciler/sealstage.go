package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// SealStage reads what lies in the place of a stage that never admitted anything, for a request that seals it (RULES R29).
// What was judged somewhere is never sealed: a stage that admitted something once gets its content as every other stage.
func SealStage(ctx context.Context, repo Repository, l *ledger.Ledger, name schema.StageName, tip schema.Hash) (Sealing, error) {
	head := l.Head()
	files, err := sealedFiles(ctx, l, head.Control.Manifest)
	if err != nil {
		return Sealing{}, fmt.Errorf("read the control files in force: %w", err)
	}
	rules, err := newRules(files)
	if err != nil {
		return Sealing{}, fmt.Errorf("control files in force: %w", err)
	}
	stage, ok := rules.project.Stage(name)
	if !ok {
		return Sealing{}, fmt.Errorf("there is no stage %q in the rules in force [unknown-stage]", name)
	}
	states, err := l.Cells(ctx)
	if err != nil {
		return Sealing{}, fmt.Errorf("read the ledger's state: %w", err)
	}
	if used(states, name) {
		return Sealing{}, fmt.Errorf("stage %s has admitted apps already: only a new one is sealed", name)
	}
	s := Sealing{
		Project: rules.trust.Root.Project, Anchor: head.Anchor, Control: head.Control.Commit, Stage: name,
		Tips: map[string]schema.Hash{rules.project.Ref(stage): tip}, manifest: head.Control.Manifest, trust: head.Control.Trust,
	}
	if problems := s.sealStage(ctx, repo, rules, stage, tip); len(problems) > 0 {
		return Sealing{}, errors.Join(problems...)
	}
	if len(s.Cells) == 0 {
		return Sealing{}, fmt.Errorf("stage %s holds no app: there is nothing to seal", name)
	}
	return s, nil
}

func used(states []ledger.State, stage schema.StageName) bool {
	return slices.ContainsFunc(states, func(s ledger.State) bool { return s.Stage == stage && s.Admitted.Seq > 0 })
}

// sealStages puts requests of the admins in force that seal a new stage. Each counts once, because the stage has admitted
// something then.
func (p *pass) sealStages(ctx context.Context, report *Report) error {
	tags, _ := p.readTags(ctx) // told where requests are carried out
	groups := grouped(tags, func(kind string) bool { return kind == schema.KindGenesis })
	groups = slices.DeleteFunc(groups, func(g requestGroup) bool {
		_, ok := g.copies[0].request.Value("stage")
		return !ok
	})
	if len(groups) == 0 {
		return nil
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's state: %w", err)
	}
	for _, g := range groups {
		if stage, _ := g.copies[0].request.Value("stage"); used(states, schema.StageName(stage)) {
			continue
		}
		sealed, err := p.sealStageBy(ctx, g)
		if err != nil {
			p.tellOnce(string(g.statement)+err.Error(), "request not carried out", "kind", schema.KindGenesis, "tag", g.copies[0].ref, "why", err.Error())
			continue
		}
		return p.takeOver(ctx, report, *sealed) // one a pass: the next has to be made for the rules that this one leaves
	}
	return nil
}

// sealStageBy checks one statement with its signers and makes the control entry.
func (p *pass) sealStageBy(ctx context.Context, g requestGroup) (*judged, error) {
	request := g.copies[0].request
	control, tips, err := p.requestedTips(ctx, request)
	if err != nil {
		return nil, err
	}
	if now := p.ledger.Head().Control.Commit; control != now {
		return nil, fmt.Errorf("made for control files of %s, those of %s are in force [request-mismatch]", control.Short(), now.Short())
	}
	name, _ := request.Value("stage")
	stage, ok := p.rules.project.Stage(schema.StageName(name))
	if !ok {
		return nil, fmt.Errorf("there is no stage %q [unknown-stage]", name)
	}
	sealing, err := SealStage(ctx, p.cfg.Repository, p.ledger, stage.Name, tips[p.rules.project.Ref(stage)])
	if err != nil {
		return nil, err
	}
	statement, err := sealing.Statement()
	if err != nil {
		return nil, err
	}
	if string(statement) != string(request.Statement) {
		return nil, errors.New("what it seals is not what the stage holds at that tip [request-mismatch]")
	}
	check := signing.CheckRequest(p.rules.keyring, p.rules.trust, g.signers(), p.acceptance(), "")
	if !check.OK {
		return nil, fmt.Errorf("%s%s [%s]", check.Detail, notCounted(check.Refused), check.Code)
	}
	raw, digests := g.counted(check.By)
	return p.stageEntry(sealing, raw, digests)
}

func (p *pass) stageEntry(s Sealing, request [][]byte, digests []schema.Digest) (*judged, error) {
	list, err := ledger.EncodeSealed(s.Cells)
	if err != nil {
		return nil, err
	}
	out := &judged{entry: ledger.Entry{Kind: ledger.Control}}
	seal := &ledger.Seal{Trust: s.trust, Commit: s.Control, Control: s.manifest, Before: p.rules.seq, Cells: out.add(list), Request: digests}
	for _, m := range s.Manifests {
		out.add(m)
	}
	out.evidence = append(out.evidence, request...)
	out.entry.Seal, out.entry.Evidence = seal, unique(out.entry.Evidence)
	return out, nil
}
