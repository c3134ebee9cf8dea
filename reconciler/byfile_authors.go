package reconciler

import (
	"context"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// carriedBy are the people whose edits a promotion brings (RULES R22). Where files are promoted alone it is those who changed
// one of them in the stage before since it was there as it is here.
func (c *cellJudge) carriedBy(ctx context.Context, h history, change schema.Change, from, to schema.Manifest) ([]string, error) {
	if change.Source == nil {
		return nil, nil
	}
	if c.rules.project.Provenance != schema.ByFile || c.ledger == nil {
		return carried(c.state, h.others[change.Source.Stage], change.Source.Seq), nil
	}
	past, err := c.filesPast(ctx, h, change.Source.Stage)
	if err != nil {
		return nil, err
	}
	local := c.rules.project.StageLocal
	before := byPath(from.Promoted(local))
	var out []string
	for _, f := range h.wanted(from.Promoted(local), to.Promoted(local)) {
		at := past.index(change.Source.Seq)
		for _, s := range change.Files {
			if s.Path == f.path {
				at = past.index(s.Seq)
			}
		}
		was, there := before[f.path]
		out = append(out, past.changedBy(at, f.path, oneFile{f.path, was, there})...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// changedBy are the authors of the admissions up to i that changed a path, back to the one that has it as it was.
func (p filePast) changedBy(i int, path string, was oneFile) []string {
	var out []string
	for ; i >= 0 && !was.in(p.files[i]); i-- {
		if i > 0 && p.files[i] != nil && p.files[i-1] != nil {
			have, there := p.files[i][path]
			if (oneFile{path, have, there}).in(p.files[i-1]) {
				continue
			}
		}
		out = append(out, p.state.Revisions[i].Authors...)
	}
	return out
}
