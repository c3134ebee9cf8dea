package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// newRelease makes what a target shall hold from files that were read already.
func newRelease(r *rules, cell schema.Cell, a ledger.Admission, m schema.Manifest, files map[string][]byte, target schema.StageTarget) (integrations.Release, error) {
	release := integrations.Release{
		Project: r.trust.Root.Project, Cell: cell, Seq: a.Seq, Revision: a.Revision, Content: a.Content, Commit: a.Commit,
		Manifest: m, Files: files, Settings: target.Settings, Retired: a.Revision == schema.None,
	}
	if release.Retired {
		release.Manifest, release.Files = nil, nil
		return release, nil
	}
	document, found := schema.NewDocument(documentFiles(m, files))
	if err := found.Err(); err != nil {
		return integrations.Release{}, err
	}
	release.Document = document.Encode()
	return release, nil
}

func documentFiles(m schema.Manifest, files map[string][]byte) []schema.DocumentFile {
	out := make([]schema.DocumentFile, len(m))
	for i, f := range m {
		out[i] = schema.DocumentFile{Path: f.Path, Mode: f.Mode, Data: files[f.Path]}
	}
	return out
}

// release reads what was admitted, from Git, and proves that it is what the ledger names before anything is delivered.
func (p *pass) release(ctx context.Context, state ledger.State, target schema.StageTarget) (integrations.Release, error) {
	cell := schema.Cell{Stage: state.Stage, App: state.App}
	a := state.Admitted
	files := map[string][]byte{}
	var manifest schema.Manifest
	if a.Revision != schema.None {
		encoded, err := p.ledger.Evidence(ctx, a.Manifest)
		if err != nil {
			return integrations.Release{}, fmt.Errorf("manifest of %s (entry #%d): %w", cell, a.Seq, err)
		}
		if manifest, err = schema.ParseManifest(encoded); err != nil {
			return integrations.Release{}, fmt.Errorf("manifest of %s (entry #%d): %w", cell, a.Seq, err)
		}
		if manifest.Content() != a.Content {
			return integrations.Release{}, fmt.Errorf("manifest of %s is of %s, entry #%d admitted %s: %w", cell, manifest.Content(), a.Seq, a.Content, ErrDoubt)
		}
		if files, err = p.admittedFiles(ctx, cell, a, manifest); err != nil {
			return integrations.Release{}, err
		}
	}
	release, err := newRelease(p.rules, cell, a, manifest, files, target)
	if err != nil {
		return integrations.Release{}, fmt.Errorf("document of %s: %w", cell, err)
	}
	_, release.Applied = state.Live[target.Name]
	return release, nil
}

// admittedFiles reads the files of a manifest at the commit that was admitted. Bytes that are not those of the manifest are
// never delivered.
func (p *pass) admittedFiles(ctx context.Context, cell schema.Cell, a ledger.Admission, m schema.Manifest) (map[string][]byte, error) {
	stage, ok := p.rules.project.Stage(cell.Stage)
	if !ok {
		return nil, fmt.Errorf("stage %s is not in the project", cell.Stage)
	}
	tree, err := subtree(ctx, p.cfg.Repository, a.Commit, p.rules.project.CellPath(stage, cell.App))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(m))
	for _, f := range m {
		entry, ok, err := p.cfg.Repository.Lookup(ctx, tree, f.Path)
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", f.Path, cell, err)
		}
		if !ok {
			return nil, fmt.Errorf("%s of %s is not at commit %s, entry #%d admitted it there", f.Path, cell, a.Commit.Short(), a.Seq)
		}
		data, err := p.cfg.Repository.Blob(ctx, entry.ID)
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", f.Path, cell, err)
		}
		if schema.DigestOf(data) != f.Digest {
			return nil, fmt.Errorf("%s of %s differs from what entry #%d admitted", f.Path, cell, a.Seq)
		}
		files[f.Path] = data
	}
	return files, nil
}
