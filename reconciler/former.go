package reconciler

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// formerProject is a project file that was in force, from entry seq on.
type formerProject struct {
	seq     int64
	project schema.Project
	// evidence is what it was read from; empty for the one in force.
	evidence []schema.Digest
	// unread is why this version cannot say what was in force: the project is empty then.
	unread error
}

// formerProjects lists the project files that were in force, the one in force first. Each control entry names the one
// before, so the ledger between them is not read. One that was expunged, or that is none for this version, hides none before it:
// people are told of it, once while the rules stay, and it is for each caller to say what is not known then.
func (p *pass) formerProjects(ctx context.Context) ([]formerProject, error) {
	if len(p.former) > 0 && p.former[0].seq == p.rules.seq {
		return p.former, nil
	}
	out := []formerProject{{seq: p.rules.seq, project: p.rules.project}}
	for at := p.rules.seq; at > 1; {
		e, _, err := p.ledger.Entry(ctx, at)
		if err != nil {
			return nil, fmt.Errorf("read control entry #%d: %w", at, err)
		}
		if e.Seal == nil || e.Seal.Before < 1 || e.Seal.Before >= at {
			return nil, fmt.Errorf("control entry #%d names #%d as the one before: %w", at, sealBefore(e), ErrDoubt)
		}
		at = e.Seal.Before
		f, err := p.formerProject(ctx, at)
		if err != nil {
			return nil, err
		}
		if f.unread != nil {
			p.cfg.Log.Warn("a project file that was in force cannot be read", "seq", at, "until", out[len(out)-1].seq, "error", f.unread,
				"effect", "what changed in Git since then and was not admitted is judged as if its stage had been away")
		}
		out = append(out, f)
	}
	p.former = out
	return out, nil
}

func sealBefore(e ledger.Entry) int64 {
	if e.Seal == nil {
		return 0
	}
	return e.Seal.Before
}

func (p *pass) formerProject(ctx context.Context, seq int64) (formerProject, error) {
	e, _, err := p.ledger.Entry(ctx, seq)
	if err != nil {
		return formerProject{}, fmt.Errorf("read control entry #%d: %w", seq, err)
	}
	if e.Seal == nil {
		return formerProject{}, fmt.Errorf("entry #%d puts nothing in force: %w", seq, ErrDoubt)
	}
	source, err := sealedProject(ctx, p.ledger, e.Seal.Control)
	if errors.Is(err, ledger.ErrMissing) {
		return formerProject{seq: seq, unread: err}, nil
	}
	if err != nil {
		return formerProject{}, fmt.Errorf("control files of entry #%d: %w", seq, err)
	}
	evidence := []schema.Digest{e.Seal.Control, schema.DigestOf(source)}
	project, found := schema.LoadProject(schema.ProjectFile, source)
	if err := found.Err(); err != nil {
		return formerProject{seq: seq, evidence: evidence, unread: err}, nil
	}
	return formerProject{seq: seq, project: project, evidence: evidence}, nil
}

// sealedProject reads the project file of a manifest alone: others may have been expunged since.
func sealedProject(ctx context.Context, l *ledger.Ledger, manifest schema.Digest) ([]byte, error) {
	encoded, err := l.Evidence(ctx, manifest)
	if err != nil {
		return nil, err
	}
	m, err := schema.ParseManifest(encoded)
	if err != nil {
		return nil, err
	}
	for _, f := range m {
		if f.Path == schema.ProjectFile {
			return l.Evidence(ctx, f.Digest)
		}
	}
	return nil, fmt.Errorf("%s: %w", schema.ProjectFile, ledger.ErrMissing)
}

// projectAt returns the project file that an admission was made under: its stage may have lain elsewhere.
func (p *pass) projectAt(ctx context.Context, admission int64) (schema.Project, error) {
	if admission >= p.rules.seq {
		return p.rules.project, nil
	}
	former, err := p.formerProjects(ctx)
	if err != nil {
		return schema.Project{}, err
	}
	for _, f := range former {
		if f.seq <= admission && f.unread != nil {
			return schema.Project{}, fmt.Errorf("control files of entry #%d: %w", f.seq, f.unread)
		}
		if f.seq <= admission {
			return f.project, nil
		}
	}
	return schema.Project{}, errors.New("no control entry is before it")
}

// ledOnce finds a revision that is live in a stage which led here once, and the control entry since which it does not.
func (h history) ledOnce(to schema.Revision, former []formerProject) (*schema.Source, int64) {
	for i := 1; i < len(former); i++ {
		for _, stage := range lifecycle.Sources(former[i].project, lifecycle.Promote, h.cell.Stage) {
			a, ok := lastAdmission(h.others[stage].Revisions, to)
			if ok && !a.LiveAt.IsZero() && len(a.Flags) == 0 && !slices.Contains(lifecycle.Sources(h.project, lifecycle.Promote, h.cell.Stage), stage) {
				return source(stage, h.others[stage], a, h.now), former[i-1].seq
			}
		}
	}
	return nil, 0
}

// recordedAs are the names that a revision has in the ledger: those of all admissions that it is compared with now.
func recordedAs(recorded, now ledger.State, rev schema.Revision) []schema.Revision {
	var out []schema.Revision
	known := recorded.Known()
	for i, a := range now.Known() {
		if name := known[i].Revision; a.Revision == rev && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// revised returns a cell's state with the revisions that the files in it make under the rules in force. What was recorded
// under other patterns stays as it is in the ledger, and is compared by what its manifest says (RULES R9).
func (p *pass) revised(ctx context.Context, s ledger.State) (ledger.State, error) {
	since := max(p.regrouped, p.ledger.Head().Control.Regrouped)
	r := reviser{ledger: p.ledger, local: p.rules.project.StageLocal, since: since, known: p.revisions(since)}
	return r.state(ctx, s)
}

// revisions is the cache of what manifests make under the patterns in force.
func (r *Reconciler) revisions(since int64) map[schema.Digest]schema.Revision {
	if r.revisedSince != since || r.revisedAs == nil {
		r.revisedSince, r.revisedAs = since, map[schema.Digest]schema.Revision{}
	}
	return r.revisedAs
}

// reviser computes revisions again that were recorded before entry since.
type reviser struct {
	ledger *ledger.Ledger
	local  schema.Patterns
	since  int64
	known  map[schema.Digest]schema.Revision
}

func (r reviser) state(ctx context.Context, s ledger.State) (ledger.State, error) {
	known := s.Known()
	if r.since == 0 || len(known) == 0 || known[0].Seq >= r.since {
		return s, nil
	}
	revised := make([]ledger.Admission, len(known))
	for i, a := range known {
		var err error
		if revised[i], err = r.admission(ctx, a); err != nil {
			return s, fmt.Errorf("%s in %s, entry #%d: %w", s.App, s.Stage, a.Seq, err)
		}
	}
	kept := len(s.Tainted)
	s.Tainted, s.Revisions, s.Admitted = revised[:kept], revised[kept:], revised[len(revised)-1]
	return s, nil
}

// admission leaves a revision whose manifest was expunged as it was recorded: it equals nothing any more. What was never admitted
// has no manifest either.
func (r reviser) admission(ctx context.Context, a ledger.Admission) (ledger.Admission, error) {
	if a.Seq == 0 || a.Seq >= r.since || a.Content == schema.NoContent {
		return a, nil
	}
	if known, ok := r.known[a.Manifest]; ok {
		a.Revision = known
		return a, nil
	}
	encoded, err := r.ledger.EvidenceOf(ctx, a.Seq, a.Manifest)
	if errors.Is(err, ledger.ErrMissing) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	m, err := schema.ParseManifest(encoded)
	if err != nil {
		return a, err
	}
	a.Revision = m.Revision(r.local)
	r.known[a.Manifest] = a.Revision
	return a, nil
}
