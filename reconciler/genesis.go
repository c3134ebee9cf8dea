package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// RequestNamespace is the SSHSIG namespace of signed requests; a commit signature can never pass for one.
const RequestNamespace = signing.RequestNamespace

// Sealing is what a genesis request seals: the project at chosen tips.
type Sealing struct {
	Project   string
	Anchor    schema.Digest
	Control   schema.Hash      // commit of the control files
	Stage     schema.StageName // the one stage that is sealed, under rules that are in force already; empty for a whole project
	Tips      map[string]schema.Hash
	Cells     []ledger.SealedCell
	Manifests [][]byte // of the cells, and of the control files, and those files
	manifest  schema.Digest
	trust     int
	logKeys   []string
}

// Statement returns the bytes that the admins sign (RULES R25).
func (s Sealing) Statement() ([]byte, error) {
	list, err := ledger.EncodeSealed(s.Cells)
	if err != nil {
		return nil, err
	}
	fields := []schema.RequestField{
		{Name: "project", Value: s.Project}, {Name: "root", Value: string(s.Anchor)}, {Name: "control", Value: s.Control.String()},
	}
	if s.Stage != "" {
		fields = append(fields, schema.RequestField{Name: "stage", Value: string(s.Stage)})
	}
	for _, ref := range slices.Sorted(maps.Keys(s.Tips)) {
		fields = append(fields, schema.RequestField{Name: "tip", Value: ref + " " + s.Tips[ref].String()})
	}
	fields = append(fields, schema.RequestField{Name: "cells", Value: string(schema.DigestOf(list))})
	return schema.EncodeStatement("genesis", fields...)
}

// Seal reads what a repository holds at the tips of its stage refs. It refuses as a whole while an app is malformed
// (RULES R30). tips maps full ref names; refs of stages that do not exist yet are left out.
func Seal(ctx context.Context, repo Repository, control schema.Hash, tips map[string]schema.Hash) (Sealing, error) {
	info, err := repo.Commit(ctx, control)
	if err != nil {
		return Sealing{}, fmt.Errorf("read commit %s: %w", control.Short(), err)
	}
	manifest, files, err := ControlFiles(ctx, repo, info.Tree)
	if err != nil {
		return Sealing{}, err
	}
	rules, err := newRules(files)
	if err != nil {
		return Sealing{}, err
	}
	s := Sealing{
		Project: rules.trust.Root.Project, Anchor: rules.trust.RootDigest, Control: control, Tips: map[string]schema.Hash{},
		Manifests: [][]byte{manifest.Encode()}, manifest: schema.DigestOf(manifest.Encode()), trust: rules.trust.Root.Version,
		logKeys: rules.trust.Root.LogKeys,
	}
	for _, data := range files {
		s.Manifests = append(s.Manifests, data)
	}
	if ref := "refs/heads/" + rules.project.Branch; !tips[ref].IsZero() {
		s.Tips[ref] = tips[ref]
	}
	var problems []error
	for _, stage := range rules.project.Stages {
		ref := rules.project.Ref(stage)
		tip, ok := tips[ref]
		if !ok {
			continue
		}
		s.Tips[ref] = tip
		problems = append(problems, s.sealStage(ctx, repo, rules, stage, tip)...)
	}
	return s, errors.Join(problems...)
}

func (s *Sealing) sealStage(ctx context.Context, repo Repository, r *rules, stage schema.Stage, tip schema.Hash) []error {
	tree, err := subtree(ctx, repo, tip, r.project.Dir(stage))
	if err != nil {
		return []error{err}
	}
	apps, err := appsIn(ctx, repo, r.project.Apps, tree)
	if err != nil {
		return []error{err}
	}
	var problems []error
	for _, app := range apps {
		if strings.HasPrefix(string(app), ".") {
			continue // the control directory on the default branch of the branch layout
		}
		if err := s.sealCell(ctx, repo, r, stage, app, tip); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

func (s *Sealing) sealCell(ctx context.Context, repo Repository, r *rules, stage schema.Stage, app schema.App, tip schema.Hash) error {
	path := r.project.CellPath(stage, app)
	if _, err := schema.ParseApp(string(app)); err != nil {
		return fmt.Errorf("%s: %w [name]", path, err)
	}
	tree, err := subtree(ctx, repo, tip, path)
	if err != nil {
		return err
	}
	files, err := readCell(ctx, repo, r.project, tree)
	if err != nil {
		return err
	}
	if len(files.problems) > 0 {
		p := files.problems[0]
		return fmt.Errorf("%s/%s: %s [%s]", path, p.Path, p.Detail, p.Code)
	}
	encoded := files.manifest.Encode()
	s.Manifests = append(s.Manifests, encoded)
	s.Cells = append(s.Cells, ledger.SealedCell{
		Stage: stage.Name, App: app, Revision: files.side.Revision, Content: files.side.Content,
		Manifest: schema.DigestOf(encoded), Commit: tip, Required: required(stage),
	})
	return nil
}

// genesis makes entry 1 from a valid request. Without one the project is not sealed, and nothing is admitted or written.
func (p *pass) genesis(ctx context.Context) error {
	tags, refused := p.readTags(ctx)
	for _, g := range grouped(tags, func(kind string) bool { return kind == schema.KindGenesis }) {
		err := p.sealBy(ctx, g)
		if err == nil {
			return nil
		}
		refused = append(refused, err)
	}
	return errors.Join(append([]error{ErrNotSealed}, refused...)...)
}

// sealBy checks one statement with its signers and appends the genesis entry.
func (p *pass) sealBy(ctx context.Context, g requestGroup) error {
	request, ref := g.copies[0].request, g.copies[0].ref
	control, tips, err := p.requestedTips(ctx, request)
	if err != nil {
		return fmt.Errorf("genesis request %s: %w", ref, err)
	}
	sealing, err := Seal(ctx, p.cfg.Repository, control, tips)
	if err != nil {
		return fmt.Errorf("genesis request %s: %w", ref, err)
	}
	if sealing.Anchor != p.cfg.Anchor {
		return fmt.Errorf("genesis request %s: trust version 1 at %s is %s, the operator's anchor is %s [wrong-anchor]", ref, control.Short(), sealing.Anchor, p.cfg.Anchor)
	}
	statement, err := sealing.Statement()
	if err != nil {
		return err
	}
	if string(statement) != string(request.Statement) {
		return fmt.Errorf("genesis request %s: what it seals is not what the repository holds at those tips [request-mismatch]", ref)
	}
	by, err := p.signedByAdmins(ctx, control, g)
	if err != nil {
		return err
	}
	raw, digests := g.counted(by)
	return p.appendGenesis(ctx, sealing, raw, digests)
}

// requestedTips reads the refs that the statement names and checks that they are history of what is there now.
func (p *pass) requestedTips(ctx context.Context, r schema.Request) (schema.Hash, map[string]schema.Hash, error) {
	control, tips, err := tipsOf(r)
	if err != nil {
		return schema.Hash{}, nil, err
	}
	for ref, tip := range tips {
		forward, err := p.cfg.Repository.IsAncestor(ctx, tip, p.refs[ref])
		if err != nil {
			return schema.Hash{}, nil, err
		}
		if !forward {
			return schema.Hash{}, nil, fmt.Errorf("%s is not history of %s", tip.Short(), ref)
		}
	}
	return control, tips, nil
}

// tipsOf reads the commits that a genesis request names.
func tipsOf(r schema.Request) (control schema.Hash, tips map[string]schema.Hash, err error) {
	value, ok := r.Value("control")
	if !ok {
		return schema.Hash{}, nil, errors.New("names no control commit")
	}
	if control, err = schema.ParseHash(value); err != nil {
		return schema.Hash{}, nil, err
	}
	tips = map[string]schema.Hash{}
	for _, tip := range r.Values("tip") {
		ref, id, ok := strings.Cut(tip, " ")
		if !ok {
			return schema.Hash{}, nil, fmt.Errorf("tip %q: want a ref and a commit", tip)
		}
		if tips[ref], err = schema.ParseHash(id); err != nil {
			return schema.Hash{}, nil, err
		}
	}
	return control, tips, nil
}

// signedByAdmins judges the request under the trust that it seals: whoever is told the anchor vouches for that.
func (p *pass) signedByAdmins(ctx context.Context, control schema.Hash, g requestGroup) ([]string, error) {
	info, err := p.cfg.Repository.Commit(ctx, control)
	if err != nil {
		return nil, err
	}
	_, files, err := ControlFiles(ctx, p.cfg.Repository, info.Tree)
	if err != nil {
		return nil, err
	}
	rules, err := newRules(files)
	if err != nil {
		return nil, err
	}
	check := signing.CheckRequest(rules.keyring, rules.trust, g.signers(), signing.Acceptance{At: p.now}, "")
	if !check.OK {
		return nil, fmt.Errorf("genesis request %s: %s%s [%s]", g.copies[0].ref, check.Detail, notCounted(check.Refused), check.Code)
	}
	return check.By, nil
}

func (p *pass) appendGenesis(ctx context.Context, s Sealing, request [][]byte, digests []schema.Digest) error {
	list, err := ledger.EncodeSealed(s.Cells)
	if err != nil {
		return err
	}
	evidence := append([][]byte{list}, s.Manifests...)
	seal := &ledger.Seal{
		Anchor: s.Anchor, Trust: s.trust, Commit: s.Control, Control: s.manifest, Refs: s.Tips, Cells: schema.DigestOf(list),
		Form: ledger.Volumes, Volume: ledger.VolumeEntries,
	}
	evidence, seal.Request = append(evidence, request...), digests
	entry := ledger.Entry{Kind: ledger.Genesis, Seal: seal}
	for _, data := range s.Manifests {
		entry.Evidence = append(entry.Evidence, schema.DigestOf(data))
	}
	entry.Evidence = unique(entry.Evidence)
	if err := p.neverSealed(ctx, s); err != nil {
		return err
	}
	empty, err := ledger.Open(ctx, p.cfg.Ledger, schema.Hash{}, p.ledgerOptions(s.Project))
	if err != nil {
		return err
	}
	p.ledger = empty
	var report Report
	return p.record(ctx, &report, []ledger.Entry{entry}, evidence)
}
