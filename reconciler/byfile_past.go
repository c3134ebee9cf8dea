package reconciler

import (
	"context"
	"errors"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
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

func (p filePast) index(seq int64) int {
	return slices.IndexFunc(p.state.Revisions, func(a ledger.Admission) bool { return a.Seq == seq })
}
