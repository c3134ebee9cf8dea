package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// tracer follows one file, or one key of it, back through the admissions of an app.
type tracer struct {
	*clone
	cell      schema.Cell
	file, key string
	until     int64 // the newest entry that counts; 0: all do

	admissions []ledger.Entry // of the app, in every stage, oldest first
	sealed     map[schema.StageName]sealing
}

// sealing is a sealed cell with the entry that sealed it.
type sealing struct {
	entry ledger.Entry
	cell  ledger.SealedCell
}

// trace returns the entries on the way of the file, newest first.
func (t *tracer) trace(ctx context.Context) (custody, error) {
	out := custody{App: t.cell.App, Stage: t.cell.Stage, File: t.file, Key: t.key}
	if err := t.read(ctx); err != nil {
		return out, err
	}
	at, ok := t.newestOf(t.cell.Stage)
	if !ok {
		return out, &failure{code: exitUsage, err: fmt.Errorf("%s was never admitted to %s", t.cell.App, t.cell.Stage), hint: "sluice history " + string(t.cell.App) + " shows what happened to it"}
	}
	digest, value, err := t.at(ctx, at)
	if err != nil {
		return out, err
	}
	out.Digest, out.Value = digest, value
	for ok {
		out.Steps = append(out.Steps, custodyStep{Entry: at.entry, Sealed: at.cell.App != ""})
		if at, ok, err = t.before(ctx, at, digest, value); err != nil {
			return out, err
		}
	}
	return out, t.include(ctx, &out)
}

// read collects the app's admissions in one walk through the ledger.
func (t *tracer) read(ctx context.Context) error {
	t.sealed = map[schema.StageName]sealing{}
	for e, err := range t.Ledger.Entries(ctx, 1) {
		switch {
		case err != nil:
			return err
		case e.Kind.Admits() && e.App == t.cell.App:
			t.admissions = append(t.admissions, e)
		case e.Seal != nil && e.Seal.Cells != "":
			list, err := t.Ledger.Evidence(ctx, e.Seal.Cells)
			if err != nil {
				return err
			}
			cells, err := ledger.ParseSealed(list)
			if err != nil {
				return err
			}
			for _, c := range cells {
				if _, known := t.sealed[c.Stage]; c.App == t.cell.App && !known {
					t.sealed[c.Stage] = sealing{entry: e, cell: c}
				}
			}
		}
	}
	return nil
}

// newestOf returns what a stage was admitted to have last.
func (t *tracer) newestOf(stage schema.StageName) (sealing, bool) {
	until := t.until
	if until == 0 {
		until = t.Ledger.Head().Size
	}
	return t.last(stage, until+1)
}

// last returns what a stage was admitted to have before an entry.
func (t *tracer) last(stage schema.StageName, before int64) (sealing, bool) {
	for _, e := range slices.Backward(t.admissions) {
		if e.Stage == stage && e.Seq < before {
			return sealing{entry: e}, true
		}
	}
	s, ok := t.sealed[stage]
	return s, ok && s.entry.Seq < before
}

// before returns the admission that the file came from: the stage before, what a rollback brings back, or in the same stage
// the one before as long as it had the same. Without one it came in here.
func (t *tracer) before(ctx context.Context, at sealing, digest schema.Digest, value string) (sealing, bool, error) {
	if at.cell.App != "" {
		return sealing{}, false, nil
	}
	change := at.entry.Decision.Change
	local := t.Project.StageLocal.Match(t.file)
	var from sealing
	ok := false
	alone := slices.IndexFunc(change.Files, func(f schema.FileSource) bool { return f.Path == t.file })
	switch {
	case alone >= 0:
		from, ok = t.last(change.Files[alone].Stage, change.Files[alone].Seq+1)
	case change.Source != nil && !local && len(change.Files) == 0:
		from, ok = t.last(change.Source.Stage, change.Source.Seq+1)
	case change.Kind == schema.Rollback && !local:
		from, ok = t.withRevision(at.entry)
	default:
		from, ok = t.last(at.entry.Stage, at.entry.Seq)
	}
	if !ok {
		return sealing{}, false, nil
	}
	have, was, err := t.at(ctx, from)
	var none *failure
	if errors.As(err, &none) {
		return sealing{}, false, nil // it had no such file or key
	}
	if err != nil {
		return sealing{}, false, err
	}
	return from, t.same(have, digest, was, value), nil
}

func (t *tracer) same(a, b schema.Digest, value, want string) bool {
	if t.key != "" {
		return value == want
	}
	return a == b
}

// withRevision returns the newest admission before a rollback with the revision that it brings back.
func (t *tracer) withRevision(e ledger.Entry) (sealing, bool) {
	want := e.Decision.Change.To.Revision
	for _, other := range slices.Backward(t.admissions) {
		if other.Stage == e.Stage && other.Seq < e.Seq && other.Decision.Change.To.Revision == want {
			return sealing{entry: other}, true
		}
	}
	s, ok := t.sealed[e.Stage]
	return s, ok && s.cell.Revision == want
}

// at returns the file's digest, and the key's value, as an admission has them.
func (t *tracer) at(ctx context.Context, s sealing) (schema.Digest, string, error) {
	digest, commit, stage := s.cell.Manifest, s.cell.Commit, s.cell.Stage
	if d := s.entry.Decision; d != nil {
		digest, commit, stage = d.Manifest, d.Landing.Tip, s.entry.Stage
	}
	data, err := t.Ledger.Evidence(ctx, digest)
	if err != nil {
		return "", "", err
	}
	manifest, err := schema.ParseManifest(data)
	if err != nil {
		return "", "", err
	}
	i := slices.IndexFunc(manifest, func(f schema.File) bool { return f.Path == t.file })
	if i < 0 {
		return "", "", notThere(schema.Cell{Stage: stage, App: t.cell.App}, t.file, manifest)
	}
	if t.key == "" {
		return manifest[i].Digest, "", nil
	}
	value, err := t.value(ctx, stage, commit, manifest[i])
	return manifest[i].Digest, value, err
}

// value reads a key from the file at a commit; its bytes have to be those that were admitted.
func (t *tracer) value(ctx context.Context, name schema.StageName, commit schema.Hash, f schema.File) (string, error) {
	stage, ok := t.Project.Stage(name)
	if !ok {
		return "", usageError(fmt.Errorf("stage %s is not in the project any more", name))
	}
	info, err := t.repo.Commit(ctx, commit)
	if err != nil {
		return "", err
	}
	path := t.Project.CellPath(stage, t.cell.App) + "/" + f.Path
	entry, ok, err := t.repo.Lookup(ctx, info.Tree, path)
	if err != nil || !ok {
		return "", errors.Join(err, fmt.Errorf("%s is not at commit %s", path, commit.Short()))
	}
	data, err := t.repo.Blob(ctx, entry.ID)
	if err != nil {
		return "", err
	}
	if schema.DigestOf(data) != f.Digest {
		return "", fmt.Errorf("%s at commit %s is not what was admitted", path, commit.Short())
	}
	leaves, _ := schema.Flatten(f.Path, data)
	pointer := "/" + strings.ReplaceAll(strings.TrimPrefix(t.key, "/"), ".", "/")
	for _, p := range []string{t.key, pointer} {
		if leaf, ok := leaves[p]; ok {
			return leaf.Value, nil
		}
	}
	keys := slices.Sorted(maps.Keys(leaves))
	for i := range keys {
		keys[i] = strings.ReplaceAll(strings.TrimPrefix(keys[i], "/"), "/", ".")
	}
	return "", &failure{code: exitUsage, err: fmt.Errorf("%s has no key %q with a value", f.Path, t.key), hint: "its keys: " + strings.Join(keys[:min(len(keys), 20)], ", ")}
}

// include adds to each step the proof that its entry is in the ledger.
func (t *tracer) include(ctx context.Context, c *custody) error {
	var seqs []int64
	for _, s := range c.Steps {
		seqs = append(seqs, s.Entry.Seq)
	}
	proofs, err := t.Ledger.Inclusions(ctx, seqs...)
	if err != nil {
		return err
	}
	for i := range c.Steps {
		_, raw, err := t.Ledger.Entry(ctx, seqs[i])
		if err != nil {
			return err
		}
		c.Steps[i].Digest, c.Steps[i].Inclusion = schema.DigestOf(raw), proofs[i]
	}
	return nil
}
