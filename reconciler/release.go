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
		Project: r.trust.Root.Project, Cell: cell, Seq: a.Seq, Revision: a.Revision, Content: a.Content, Commit: a.Commit, MergeRequest: a.MergeRequest,
		Manifest: m, Files: files, Settings: target.Settings, Prune: target.Prune, Retired: a.Revision == schema.None,
	}
	if release.Retired {
		release.Manifest, release.Files = nil, nil
		return release, nil
	}
	document, found := schema.NewDocument(documentFiles(m, files))
	if len(found) > 0 {
		return integrations.Release{}, &misfit{found}
	}
	release.Document = document.Encode()
	release.Doc = schema.DigestOf(release.Document)
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
	key := releaseKey{schema.Cell{Stage: state.Stage, App: state.App}, target.Name, state.Delivered(), p.rules.seq}
	release, ok := p.made.get(key)
	if !ok {
		var err error
		if release, err = p.makeRelease(ctx, state, target); err != nil {
			return integrations.Release{}, err
		}
		p.made.put(key, release)
	}
	in := p.ledger.Head().Control
	release.Applied, release.Adopt = state.Applied(in, target.Name), state.Overwrites(in, target.Name)
	return release, nil
}

func (p *pass) makeRelease(ctx context.Context, state ledger.State, target schema.StageTarget) (release integrations.Release, err error) {
	if state.Whole() {
		release, err = p.makeOne(ctx, state, state.Admitted, target)
	} else {
		release, err = p.makeGray(ctx, state, target)
	}
	release.Seq = state.Delivered()
	return release, err
}

// makeOne makes the release of one admission.
func (p *pass) makeOne(ctx context.Context, state ledger.State, a ledger.Admission, target schema.StageTarget) (integrations.Release, error) {
	cell := schema.Cell{Stage: state.Stage, App: state.App}
	if a.Revision == schema.None {
		return newRelease(p.rules, cell, a, nil, nil, target)
	}
	encoded, err := p.ledger.EvidenceOf(ctx, a.Seq, a.Manifest)
	if err != nil {
		return integrations.Release{}, fmt.Errorf("manifest of %s (entry #%d): %w", cell, a.Seq, err)
	}
	manifest, err := schema.ParseManifest(encoded)
	if err != nil {
		return integrations.Release{}, fmt.Errorf("manifest of %s (entry #%d): %w", cell, a.Seq, err)
	}
	if manifest.Content() != a.Content {
		return integrations.Release{}, fmt.Errorf("manifest of %s is of %s, entry #%d admitted %s: %w", cell, manifest.Content(), a.Seq, a.Content, ErrDoubt)
	}
	files, err := p.admittedFiles(ctx, cell, a, manifest)
	if err != nil {
		return integrations.Release{}, err
	}
	release, err := newRelease(p.rules, cell, a, manifest, files, target)
	if err != nil {
		return integrations.Release{}, fmt.Errorf("document of %s: %w", cell, err)
	}
	return release, nil
}

// releaseKey names a release: the admission, where it goes, and the rules it was made under.
type releaseKey struct {
	cell    schema.Cell
	target  string
	seq     int64
	control int64
}

// maxReleases bounds the bytes that releaseCache keeps: every cell of the reference size with a kilobyte or two.
const maxReleases = 128 << 20

// releaseCache keeps releases between passes: a full comparison reads the targets, not Git. One pass at a time uses it.
type releaseCache struct {
	byKey map[releaseKey]integrations.Release
	bytes int
}

func (c *releaseCache) get(key releaseKey) (integrations.Release, bool) {
	r, ok := c.byKey[key]
	return r, ok
}

// put forgets everything when it is full: what is asked for again is made again.
func (c *releaseCache) put(key releaseKey, r integrations.Release) {
	size := 3 * len(r.Document) // the files once more, and what holds them
	if c.byKey == nil || c.bytes+size > maxReleases {
		c.byKey, c.bytes = map[releaseKey]integrations.Release{}, 0
	}
	c.byKey[key] = r
	c.bytes += size
}

// admittedFiles reads the files of a manifest at the commit that was admitted. Bytes that are not those of the manifest are
// never delivered.
func (p *pass) admittedFiles(ctx context.Context, cell schema.Cell, a ledger.Admission, m schema.Manifest) (map[string][]byte, error) {
	project, err := p.projectAt(ctx, a.Seq)
	if err != nil {
		return nil, err
	}
	stage, ok := project.Stage(cell.Stage)
	if !ok {
		return nil, fmt.Errorf("stage %s was not in the project when entry #%d admitted %s", cell.Stage, a.Seq, cell.App)
	}
	tree, err := subtree(ctx, p.cfg.Repository, a.Commit, project.CellPath(stage, cell.App))
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
