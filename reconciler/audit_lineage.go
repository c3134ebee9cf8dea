package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// lineage asks of each promoted file that the same bytes under the same path were admitted where the entry says that they
// come from, in a stage before or here before; and of each that is gone, that it is gone there. Each admission of every stage is
// asked, so a file in the last stage is traced back, step by step, to the first stage or to what the genesis sealed.
func (r *replay) lineage(ctx context.Context, a *appended, c *cellJudge, e ledger.Entry) []ledger.Finding {
	if lifecycle.Enters(c.rules.project, c.cell.Stage) {
		return nil
	}
	change := e.Decision.Change
	if change.Kind == schema.Override && e.Decision.Mode.Weak() {
		return nil // it says itself that it comes from nowhere, and that the mode of its stage let it in
	}
	manifest, err := manifestOf(ctx, a.After, e.Decision.Manifest)
	if err != nil {
		return lacking(c.path, err)
	}
	local := c.rules.project.StageLocal
	p := parentage{known: true, to: byPath(manifest.Promoted(local))}
	var from schema.Manifest
	var where string
	if len(change.Files) > 0 && c.rules.project.Provenance == schema.ByFile {
		where = "the admission that it names as its source"
		from, err = r.fileByFile(ctx, a, c, change.Files, &p)
	} else {
		from, where, err = r.cameFrom(ctx, a, c, e)
	}
	if err != nil {
		return lacking(c.path, err)
	}
	p.from = byPath(from.Promoted(local))
	var out []ledger.Finding
	for _, f := range p.unfounded() {
		what := "that it is gone"
		if f.there {
			what = string(f.file.Digest)
		}
		out = append(out, ledger.Finding{
			Path: c.path + "/" + f.path, Code: LineageBroken, Class: ledger.Violated,
			Detail: fmt.Sprintf("%s is not what %s has there", what, where),
		})
	}
	return out
}

// parentage is what a cell's promoted files become, and what they come from.
type parentage struct {
	from, to map[string]schema.File
	known    bool // what they come from may be taken for granted where nothing else is named
	named    map[string]namedSource
}

// namedSource is what the ledger has of the admission that an entry names as the source of one file.
type namedSource struct {
	files   map[string]schema.File // nil where no stage before has such an admission
	removed bool                   // the entry says that the file is gone there
	late    bool                   // the stage got the file only after it: that it was not there is no removal
}

// unfounded lists the files, and the absent ones, that what they come from does not have so. Without a source there is nothing
// that it could have.
func (p parentage) unfounded() (out []oneFile) {
	paths := slices.AppendSeq(slices.Collect(maps.Keys(p.from)), maps.Keys(p.to))
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		f := oneFile{path: path}
		f.file, f.there = p.to[path]
		source, ok := p.named[path]
		switch {
		case ok && source.has(f):
		case !ok && p.known && f.in(p.from):
		default:
			out = append(out, f)
		}
	}
	return out
}

func (s namedSource) has(f oneFile) bool {
	return s.removed == !f.there && f.in(s.files) && (f.there || !s.late)
}

// fileByFile looks up what a promotion names whose files come from several admissions of stages before, and returns what was
// here before.
func (r *replay) fileByFile(ctx context.Context, a *appended, c *cellJudge, files []schema.FileSource, p *parentage) (schema.Manifest, error) {
	h, err := c.fullHistory(ctx)
	if err != nil {
		return nil, err
	}
	p.known, p.named = h.vouched(), make(map[string]namedSource, len(files))
	before := lifecycle.Sources(c.rules.project, lifecycle.Promote, c.cell.Stage)
	for _, from := range files {
		source := namedSource{removed: from.Removed}
		if slices.Contains(before, from.Stage) {
			past, err := h.filesPast(from.Stage, func(d schema.Digest) (schema.Manifest, error) { return manifestOf(ctx, a.Before, d) })
			if err != nil {
				return nil, err
			}
			if at := past.index(from.Seq); at >= 0 {
				if past.files[at] == nil {
					return nil, fmt.Errorf("manifest of entry #%d: %w", from.Seq, ledger.ErrMissing)
				}
				source.files, source.late = past.files[at], past.before(at, from.Path)
			}
		}
		p.named[from.Path] = source
	}
	return manifestOf(ctx, a.After, c.state.Admitted.Manifest)
}

// cameFrom returns the files of the admission that an entry's promoted files come from, and what it is called.
func (r *replay) cameFrom(ctx context.Context, a *appended, c *cellJudge, e ledger.Entry) (schema.Manifest, string, error) {
	change := e.Decision.Change
	var from ledger.Admission
	where := "anything admitted before"
	switch change.Kind {
	case schema.Promote, schema.Retire:
		if change.Source == nil || !slices.Contains(lifecycle.Sources(c.rules.project, lifecycle.Promote, c.cell.Stage), change.Source.Stage) {
			return nil, where, nil
		}
		state, _, err := a.Before.Cell(ctx, schema.Cell{Stage: change.Source.Stage, App: c.cell.App})
		if err != nil {
			return nil, where, err
		}
		for _, each := range state.Revisions {
			if each.Seq == change.Source.Seq {
				from = each
			}
		}
	case schema.Rollback:
		from, _ = lastAdmission(c.state.Revisions, change.To.Revision)
	case schema.Tune:
		from = c.state.Admitted
	}
	if from.Seq == 0 || from.Content == schema.NoContent {
		return nil, where, nil
	}
	m, err := manifestOf(ctx, a.Before, from.Manifest)
	if errors.Is(err, ledger.ErrMissing) {
		m, err = manifestOf(ctx, a.After, from.Manifest) // it was admitted in this append
	}
	return m, fmt.Sprintf("entry #%d", from.Seq), err
}

func manifestOf(ctx context.Context, l *ledger.Ledger, d schema.Digest) (schema.Manifest, error) {
	if d == "" {
		return nil, nil
	}
	data, err := l.Evidence(ctx, d)
	if err != nil {
		return nil, err
	}
	return schema.ParseManifest(data)
}
