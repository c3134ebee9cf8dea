package reconciler

import (
	"context"
	"fmt"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// payload is what a release delivers of an admission: the files and the document made of them.
type payload struct {
	manifest schema.Manifest
	files    map[string][]byte
	document []byte
	doc      schema.Digest
}

// newPayload makes the document of files that were read already.
func newPayload(m schema.Manifest, files map[string][]byte) (payload, *misfit) {
	document, found := schema.NewDocument(documentFiles(m, files))
	if len(found) > 0 {
		return payload{}, &misfit{found}
	}
	encoded := document.Encode()
	return payload{m, files, encoded, schema.DigestOf(encoded)}, nil
}

// newRelease makes what a target shall hold; a retired app has no payload.
func newRelease(r *rules, cell schema.Cell, a ledger.Admission, of payload, target schema.StageTarget) integrations.Release {
	return integrations.Release{
		Project: r.trust.Root.Project, Cell: cell, Seq: a.Seq, Revision: a.Revision, Content: a.Content, Commit: a.Commit, MergeRequest: a.MergeRequest,
		Manifest: of.manifest, Files: of.files, Document: of.document, Doc: of.doc,
		Settings: target.Settings, Prune: target.Prune, Retired: a.Revision == schema.None,
	}
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

// makeOne makes the release of one admission. What several stages have, or came to have one after the other, is read and parsed
// once: the manifest names every byte of it.
func (p *pass) makeOne(ctx context.Context, state ledger.State, a ledger.Admission, target schema.StageTarget) (integrations.Release, error) {
	cell := schema.Cell{Stage: state.Stage, App: state.App}
	if a.Revision == schema.None {
		return newRelease(p.rules, cell, a, payload{}, target), nil
	}
	c, ok := p.made.payloads[a.Manifest]
	if !ok {
		var err error
		if c, err = p.admittedPayload(ctx, cell, a); err != nil {
			return integrations.Release{}, err
		}
		p.made.putPayload(a.Manifest, c)
	} else if err := sameContent(cell, a, c.manifest); err != nil {
		return integrations.Release{}, err
	}
	return newRelease(p.rules, cell, a, c, target), nil
}

// admittedPayload reads what an admission is of, and makes its document.
func (p *pass) admittedPayload(ctx context.Context, cell schema.Cell, a ledger.Admission) (payload, error) {
	project, err := p.projectAt(ctx, a.Seq)
	if err != nil {
		return payload{}, err
	}
	return p.payloadAt(ctx, placed{cell, a, project})
}

// payloadAt is admittedPayload for who knows the project of then. It may be called from several goroutines.
func (p *pass) payloadAt(ctx context.Context, at placed) (payload, error) {
	manifest, err := p.admittedManifest(ctx, at.cell, at.admission)
	if err != nil {
		return payload{}, err
	}
	files, err := p.admittedFiles(ctx, at, manifest)
	if err != nil {
		return payload{}, err
	}
	c, bad := newPayload(manifest, files)
	if bad != nil {
		return payload{}, fmt.Errorf("document of %s: %w", at.cell, bad)
	}
	return c, nil
}

// admittedManifest reads the manifest of an admission.
func (p *pass) admittedManifest(ctx context.Context, cell schema.Cell, a ledger.Admission) (schema.Manifest, error) {
	encoded, err := p.ledger.EvidenceOf(ctx, a.Seq, a.Manifest)
	if err != nil {
		return nil, fmt.Errorf("manifest of %s (entry #%d): %w", cell, a.Seq, err)
	}
	manifest, err := schema.ParseManifest(encoded)
	if err != nil {
		return nil, fmt.Errorf("manifest of %s (entry #%d): %w", cell, a.Seq, err)
	}
	return manifest, sameContent(cell, a, manifest)
}

// sameContent doubts an entry whose manifest is of something else than it admits.
func sameContent(cell schema.Cell, a ledger.Admission, m schema.Manifest) error {
	if found := m.Content(); found != a.Content {
		return fmt.Errorf("manifest of %s is of %s, entry #%d admitted %s: %w", cell, found, a.Seq, a.Content, ErrDoubt)
	}
	return nil
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

// releaseCache keeps releases between passes, with what they have in common: a full comparison reads the targets, not Git. One
// pass at a time uses it.
type releaseCache struct {
	byKey    map[releaseKey]integrations.Release
	payloads map[schema.Digest]payload // by manifest
	bytes    int
}

func (c *releaseCache) get(key releaseKey) (integrations.Release, bool) {
	r, ok := c.byKey[key]
	return r, ok
}

func (c *releaseCache) put(key releaseKey, r integrations.Release) {
	c.room(releaseBytes)
	c.byKey[key] = r
}

func (c *releaseCache) putPayload(manifest schema.Digest, of payload) {
	c.room(3 * len(of.document)) // the files once more, and what holds them
	c.payloads[manifest] = of
}

// releaseBytes is what a release takes beside its payload.
const releaseBytes = 512

// room forgets everything when it is full: what is asked for again is made again.
func (c *releaseCache) room(size int) {
	if c.byKey == nil || c.bytes+size > maxReleases {
		*c = releaseCache{byKey: map[releaseKey]integrations.Release{}, payloads: map[schema.Digest]payload{}}
	}
	c.bytes += size
}

// admittedFiles reads the files of a manifest at the commit that was admitted. Bytes that are not those of the manifest are
// never delivered.
func (p *pass) admittedFiles(ctx context.Context, at placed, m schema.Manifest) (map[string][]byte, error) {
	cell, a := at.cell, at.admission
	stage, ok := at.project.Stage(cell.Stage)
	if !ok {
		return nil, fmt.Errorf("stage %s was not in the project when entry #%d admitted %s", cell.Stage, a.Seq, cell.App)
	}
	tree, err := subtree(ctx, p.cfg.Repository, a.Commit, at.project.CellPath(stage, cell.App))
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
