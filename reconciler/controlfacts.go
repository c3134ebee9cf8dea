package reconciler

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// judge collects the facts of a step, asks the policy, and makes the entry that says so.
func (c *controlJudge) judge(ctx context.Context, s *controlStep) (*judged, error) {
	to, err := c.at(ctx, c.chain[s.landing.end])
	if err != nil {
		return nil, err
	}
	f := policies.ControlFacts{
		Now: c.now, Ref: c.controlRef(), From: c.inForce(), To: to.content, Trust: c.rules.trust, Admitted: c.control.Seq,
		MergeRequest: s.landing.request,
	}
	next, err := newRules(to.files)
	if err = first(to.err, err); err != nil {
		f.Problem, f.Detail, next = "config", detail(err), nil
	}
	if err := c.mix(ctx, s, next); err != nil {
		return nil, err
	}
	f.Mixed = s.mixed
	if f.Trusted, f.Others, err = c.changed(ctx, to); err != nil {
		return nil, err
	}
	if f.Trusted && next != nil {
		f.Update = c.update(next.trust, to.files)
	}
	b, err := c.bind(ctx, *s, to)
	if err != nil {
		return nil, err
	}
	f.Commits = b.commits
	if f.Signed, b.tags, err = c.signedApprovals(ctx, schema.Control, f.To, s.landing.request); err != nil {
		return nil, err
	}
	var groups regrouping
	if next != nil {
		if groups, err = c.regroup(ctx, next); err != nil {
			return nil, err
		}
	}
	f.Altered, f.Held, f.Lost = groups.altered, groups.held, groups.lost
	return c.decide(ctx, *s, f, b, to, groups)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// detail is what a verdict says of files that cannot be used: the first finding, with its place.
func detail(err error) string {
	const most = 300
	line, _, _ := strings.Cut(err.Error(), "\n")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "…"
	}
	return line
}

// mix notes whether the landing changes apps, by the rules in force or by those that it brings (RULES R27).
func (c *controlJudge) mix(ctx context.Context, s *controlStep, next *rules) error {
	projects := []schema.Project{c.rules.project}
	if next != nil {
		projects = append(projects, next.project)
	}
	for _, project := range projects {
		mixed, err := c.appsChanged(ctx, project, c.chain[s.landing.start], c.chain[s.landing.end])
		if err != nil {
			return err
		}
		s.mixed = s.mixed || mixed
	}
	return nil
}

func (p *pass) appsChanged(ctx context.Context, project schema.Project, from, to schema.Hash) (bool, error) {
	for _, stage := range project.Stages {
		if project.Ref(stage) != p.controlRef() {
			continue
		}
		before, err := subtree(ctx, p.cfg.Repository, from, project.Dir(stage))
		if err != nil {
			return false, err
		}
		after, err := subtree(ctx, p.cfg.Repository, to, project.Dir(stage))
		if err != nil || before != after {
			return err == nil, err
		}
	}
	return false, nil
}

// changed says which of the two kinds of control files differ from those in force.
func (c *controlJudge) changed(ctx context.Context, to controlCell) (trusted, others bool, err error) {
	encoded, err := c.ledger.EvidenceOf(ctx, c.control.Seq, c.control.Manifest)
	if err != nil {
		return false, false, fmt.Errorf("manifest of entry #%d: %w", c.control.Seq, err)
	}
	from, err := schema.ParseManifest(encoded)
	if err != nil {
		return false, false, fmt.Errorf("manifest of entry #%d: %w", c.control.Seq, err)
	}
	before := map[string]schema.File{}
	for _, f := range from {
		before[f.Path] = f
	}
	note := func(path string) {
		if strings.HasPrefix(path, trustDir) {
			trusted = true
		} else {
			others = true
		}
	}
	for _, f := range to.manifest {
		was, ok := before[f.Path]
		if delete(before, f.Path); !ok || was.Digest != f.Digest || was.Mode != f.Mode {
			note(f.Path)
		}
	}
	for path := range before {
		note(path)
	}
	return trusted, others, nil
}

// update asks whether the trust directory may follow the one in force. Versions never go back, whatever they are signed
// with: the ledger remembers the highest (THREATS 49).
func (c *controlJudge) update(next schema.Trust, files map[string][]byte) policies.TrustUpdate {
	version, err := signing.ReadTrustVersion(below(files, trustDir))
	if err != nil {
		return policies.TrustUpdate{Code: "config", Detail: detail(err)}
	}
	u := signing.CheckUpdate(c.rules.trust, version, c.now, max(c.control.Trust, c.rules.trust.Root.Version))
	out := policies.TrustUpdate{OK: u.OK, Code: u.Code, Detail: u.Detail, By: u.By}
	if !u.OK && u.Code == signing.CodeTrustThreshold {
		out.Missing = missingRoots(c.rules.trust, next, u)
	}
	return out
}

// missingRoots are those who could still sign a version: the roots of the version in force who have not, then those of the
// new one.
func missingRoots(old, next schema.Trust, u signing.Update) []string {
	var out []string
	add := func(roots, signed []string, need int) {
		if len(signed) >= need {
			return
		}
		for _, id := range roots {
			if !contains(signed, id) && !contains(out, id) {
				out = append(out, id)
			}
		}
	}
	add(old.Root.Roots, u.By, u.NeedOld)
	add(next.Root.Roots, u.New, u.NeedNew)
	return out
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// controlGate names what a control change has to pass: the trust root in force.
func (p *pass) controlGate() schema.Digest { return p.rules.trust.RootDigest }

// controlChanged compares the control files of two commits by their ids.
func (p *pass) controlChanged(ctx context.Context, from, to schema.Hash) (bool, error) {
	return p.differ(ctx, from, to, ControlPaths)
}

// stageControlPaths are refused on a stage's branch: there they would only look as if they ruled (RULES R9).
var stageControlPaths = []string{".sluice", "sluice.yaml"}

func (p *pass) differ(ctx context.Context, from, to schema.Hash, paths []string) (bool, error) {
	for _, path := range paths {
		x, err := entryAt(ctx, p.cfg.Repository, from, path)
		if err != nil {
			return false, err
		}
		y, err := entryAt(ctx, p.cfg.Repository, to, path)
		if err != nil {
			return false, err
		}
		if x.ID != y.ID || x.Mode != y.Mode {
			return true, nil
		}
	}
	return false, nil
}

// controlKind is the kind of entry that an answer about control files makes.
func controlKind(o schema.Outcome) ledger.Kind {
	switch o {
	case schema.Allow:
		return ledger.Control
	case schema.Hold:
		return ledger.Hold
	}
	return ledger.Deny
}
