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

// lineage asks of each promoted file that the same bytes under the same path were admitted where the entry says that they
// come from: in a stage before, or here before. Each admission of every stage is asked, so a file in the last stage is
// traced back, step by step, to the first stage or to what the genesis sealed.
func (r *replay) lineage(ctx context.Context, a *appended, c *cellJudge, e ledger.Entry) []ledger.Finding {
	if lifecycle.Enters(c.rules.project, c.cell.Stage) {
		return nil
	}
	if e.Decision.Change.Kind == schema.Override && e.Decision.Mode.Weak() {
		return nil // it says itself that it comes from nowhere, and that the mode of its stage let it in
	}
	manifest, err := manifestOf(ctx, a.After, e.Decision.Manifest)
	if err != nil {
		return lacking(c.path, err)
	}
	promoted := manifest.Promoted(c.rules.project.StageLocal)
	if len(promoted) == 0 {
		return nil
	}
	from, where, err := r.cameFrom(ctx, a, c, e)
	if err != nil {
		return lacking(c.path, err)
	}
	have := make(map[string]schema.Digest, len(from))
	for _, f := range from {
		have[f.Path] = f.Digest
	}
	if len(e.Decision.Change.Files) > 0 {
		if have, err = r.fileByFile(ctx, a, c, e.Decision.Change.Files); err != nil {
			return lacking(c.path, err)
		}
		where = "the admission that it names as its source"
	}
	var out []ledger.Finding
	for _, f := range promoted {
		if have[f.Path] != f.Digest {
			out = append(out, ledger.Finding{
				Path: c.path + "/" + f.Path, Code: LineageBroken, Class: ledger.Violated,
				Detail: fmt.Sprintf("%s is not what %s has there", f.Digest, where),
			})
		}
	}
	return out
}

// fileByFile is what a promotion may bring whose files come from several admissions: what was here before, with each file that
// it names as the admission has it that it names. A file that it says to be gone there has to be gone there.
func (r *replay) fileByFile(ctx context.Context, a *appended, c *cellJudge, files []schema.FileSource) (map[string]schema.Digest, error) {
	have := map[string]schema.Digest{}
	before, err := manifestOf(ctx, a.After, c.state.Admitted.Manifest)
	if err != nil {
		return nil, err
	}
	for _, f := range before {
		have[f.Path] = f.Digest
	}
	for _, from := range files {
		delete(have, from.Path)
		state, _, err := a.Before.Cell(ctx, schema.Cell{Stage: from.Stage, App: c.cell.App})
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(state.Revisions, func(each ledger.Admission) bool { return each.Seq == from.Seq })
		if at < 0 {
			continue
		}
		m, err := manifestOf(ctx, a.Before, state.Revisions[at].Manifest)
		if err != nil {
			return nil, err
		}
		for _, f := range m {
			if f.Path == from.Path {
				have[f.Path] = f.Digest
			}
		}
	}
	return have, nil
}

// cameFrom returns the files of the admission that an entry's promoted files come from, and what it is called.
func (r *replay) cameFrom(ctx context.Context, a *appended, c *cellJudge, e ledger.Entry) (schema.Manifest, string, error) {
	change := e.Decision.Change
	var from ledger.Admission
	where := "anything admitted before"
	switch change.Kind {
	case schema.Promote, schema.Retire:
		if change.Source == nil {
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
