package reconciler

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// filePast is what a stage before had of an app's promoted files, admission by admission.
type filePast struct {
	stage schema.StageName
	state ledger.State
	// files has the promoted files of each of state's revisions, by path; nil where the manifest is not there any more.
	files  []map[string]schema.File
	usable []schema.Code // why an admission is no source; empty where it is one
}

// oneFile is a path and what is wanted of it: a file, or its absence.
type oneFile struct {
	path  string
	file  schema.File
	there bool
}

func (f oneFile) in(files map[string]schema.File) bool {
	have, ok := files[f.path]
	return files != nil && ok == f.there && (!ok || have.Digest == f.file.Digest && have.Mode == f.file.Mode)
}

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

func byPath(m schema.Manifest) map[string]schema.File {
	out := make(map[string]schema.File, len(m))
	for _, f := range m {
		out[f.Path] = f
	}
	return out
}

// filesPast reads what a stage admitted of the app, by the manifests in the ledger.
func (c *cellJudge) filesPast(ctx context.Context, h history, stage schema.StageName) (filePast, error) {
	return h.filesPast(stage, func(d schema.Digest) (schema.Manifest, error) { return manifestOf(ctx, c.ledger, d) })
}

func (h history) filesPast(stage schema.StageName, read func(schema.Digest) (schema.Manifest, error)) (filePast, error) {
	past := filePast{stage: stage, state: h.others[stage]}
	for _, a := range past.state.Revisions {
		m, err := read(a.Manifest)
		if err != nil && !errors.Is(err, ledger.ErrMissing) {
			return past, err
		}
		var files map[string]schema.File
		if err == nil {
			files = byPath(m.Promoted(h.project.StageLocal))
		}
		past.files, past.usable = append(past.files, files), append(past.usable, h.refuses(stage, a))
	}
	return past, nil
}

// sources finds for each file the newest admission that may be its source; problems names those without one.
func (p filePast) sources(wanted []oneFile) (out []schema.FileSource, problems []schema.Problem) {
	for _, f := range wanted {
		i, why := p.source(f)
		if i < 0 {
			problems = append(problems, schema.Problem{Path: f.path, Code: why})
			continue
		}
		out = append(out, schema.FileSource{Path: f.path, Stage: p.stage, Seq: p.state.Revisions[i].Seq, Removed: !f.there})
	}
	return out, problems
}

// source is the newest admission that has the file as it is wanted; -1 and why where none may be one. That a file was not
// there yet says nothing about whether it may go.
func (p filePast) source(f oneFile) (int, schema.Code) {
	why := schema.Code("override")
	for i := len(p.files) - 1; i >= 0; i-- {
		switch {
		case !f.in(p.files[i]), !f.there && p.before(i, f.path):
		case p.usable[i] != "":
			why = p.usable[i]
		default:
			return i, ""
		}
	}
	return -1, why
}

// before reports whether the stage got the path only after an admission, so that its absence there was no removal.
func (p filePast) before(i int, path string) bool {
	has := func(files map[string]schema.File) bool { _, ok := files[path]; return ok }
	return !slices.ContainsFunc(p.files[:i], has) && slices.ContainsFunc(p.files[i:], has)
}

// weakest joins the sources of all files: live since the last of them was, soaked as long as the one that did least.
func (p filePast) weakest(sources []schema.FileSource, wanted []oneFile, h history) *schema.Source {
	var out *schema.Source
	for i, s := range sources {
		one := p.run(p.index(s.Seq), wanted[i], h)
		if out == nil {
			out = one
			continue
		}
		if one.Seq > out.Seq {
			out.Seq, out.Content = one.Seq, one.Content
		}
		if one.LiveSeq > out.LiveSeq {
			out.LiveSeq, out.LiveAt = one.LiveSeq, one.LiveAt
		}
		if one.SoakingSince.IsZero() || !out.SoakingSince.IsZero() && one.SoakingSince.After(out.SoakingSince) {
			out.SoakingSince = one.SoakingSince
		}
		out.Soaked, out.Down, out.LetIn = min(out.Soaked, one.Soaked), out.Down || one.Down, cmp.Or(out.LetIn, one.LetIn)
	}
	return out
}

func (p filePast) index(seq int64) int {
	return slices.IndexFunc(p.state.Revisions, func(a ledger.Admission) bool { return a.Seq == seq })
}

// run is the source of one file: it lives on where an admission leaves it as it was, so it is live since the first of those
// in a row that have it.
func (p filePast) run(i int, f oneFile, h history) *schema.Source {
	out := source(p.stage, p.state, p.state.Revisions[i], h.now)
	for i--; i >= 0 && p.usable[i] == "" && f.in(p.files[i]) && (f.there || !p.before(i, f.path)); i-- {
		a := p.state.Revisions[i]
		out.Soaked, out.LiveAt, out.LiveSeq = out.Soaked+a.SoakedAt(h.now), a.LiveAt, a.LiveSeq
	}
	return out
}

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
