package reconciler

import (
	"context"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// classified says what the cell's change is. Where the project lets files be promoted alone (RULES R11), what is no revision
// of a stage before is asked file by file; unproven are the files that come from nowhere, with why.
func (c *cellJudge) classified(ctx context.Context, h history, from schema.Manifest, to cellFiles) (schema.Change, []schema.Problem, error) {
	change, unproven, err := c.fileByFile(ctx, h, from, to)
	if src := change.Source; src != nil && h.project.Mode(src.Stage) == schema.Observe {
		src.Observed = !c.stage.Mode.Weak()
		asIfLive(src, h.others[src.Stage], c.stage.Mode, h.now)
	}
	return change, unproven, err
}

func (c *cellJudge) fileByFile(ctx context.Context, h history, from schema.Manifest, to cellFiles) (schema.Change, []schema.Problem, error) {
	local := c.rules.project.StageLocal
	change := h.classify(c.admitted(), to.side, !sameFiles(from.Local(local), to.manifest.Local(local)))
	if c.ledger == nil {
		return change, nil, nil
	}
	return h.byFile(change, from.Promoted(local), to.manifest.Promoted(local), func(stage schema.StageName) (filePast, error) {
		return c.filesPast(ctx, h, stage)
	})
}

// byFile asks every file that changes for its source in one stage before, of which past tells.
func (h history) byFile(change schema.Change, from, to schema.Manifest, past func(schema.StageName) (filePast, error)) (schema.Change, []schema.Problem, error) {
	if h.project.Provenance != schema.ByFile || change.Code != "override" || change.To.Revision == schema.None {
		return change, nil, nil
	}
	if h.tainted(change.To.Revision) {
		change.Code = "tainted"
		return change, nil, nil
	}
	wanted := h.wanted(from, to)
	if len(wanted) == 0 {
		return change, nil, nil
	}
	var unproven []schema.Problem
	for _, stage := range lifecycle.Sources(h.project, lifecycle.Promote, h.cell.Stage) {
		past, err := past(stage)
		if err != nil {
			return change, nil, err
		}
		sources, problems := past.sources(wanted)
		if len(problems) == 0 {
			change.Kind, change.Code, change.Files = schema.Promote, "", sources
			change.Source = past.weakest(sources, wanted, h)
			return change, nil, nil
		}
		if unproven == nil || len(problems) < len(unproven) {
			unproven = problems
		}
	}
	return change, unproven, nil
}

// wanted lists the promoted files that have to come from a stage before: those that change, deletions included. Where what is
// admitted here is no source for anything itself, nothing of it is taken for granted.
func (h history) wanted(from, to schema.Manifest) []oneFile {
	before := byPath(from)
	known := h.vouched()
	var out []oneFile
	for _, f := range to {
		was, ok := before[f.Path]
		delete(before, f.Path)
		if !known || !ok || was.Digest != f.Digest || was.Mode != f.Mode {
			out = append(out, oneFile{f.Path, f, true})
		}
	}
	for path, f := range before {
		out = append(out, oneFile{path, f, false})
	}
	slices.SortFunc(out, func(a, b oneFile) int { return strings.Compare(a.path, b.path) })
	return out
}

// vouched reports whether what is admitted here may stay without a source of its own.
func (h history) vouched() bool {
	a := h.own.Admitted
	return len(h.own.Revisions) == 0 || a.LetIn == "" && !a.Flagged(ledger.Unreviewed) && !h.tainted(a.Revision)
}
