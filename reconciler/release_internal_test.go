package reconciler

import (
	"errors"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatSeveralStagesHaveIsReadOnce: a second stage with the same manifest asks neither Git nor the ledger, which this pass has
// not, and what an entry admits is still held against the manifest that it names.
func TestWhatSeveralStagesHaveIsReadOnce(t *testing.T) {
	text := []byte("limit: 5\n")
	m := schema.Manifest{{Path: "app.yaml", Mode: schema.Regular, Digest: schema.DigestOf(text)}}
	made, bad := newPayload(m, map[string][]byte{"app.yaml": text})
	if bad != nil {
		t.Fatal(bad)
	}
	p := &pass{Reconciler: &Reconciler{}, rules: &rules{trust: schema.Trust{}}}
	p.made.putPayload("sha256:m", made)
	production := ledger.State{Stage: "production", App: "payments"}
	release, err := p.makeOne(t.Context(), production, ledger.Admission{Seq: 7, Revision: "r", Manifest: "sha256:m", Content: m.Content()}, schema.StageTarget{})
	if err != nil || release.Doc != made.doc || string(release.Files["app.yaml"]) != string(text) || release.Seq != 7 || release.Cell.Stage != "production" {
		t.Errorf("%+v, %v", release, err)
	}
	if _, err := p.makeOne(t.Context(), production, ledger.Admission{Seq: 8, Revision: "r", Manifest: "sha256:m", Content: "sha256:other"}, schema.StageTarget{}); !errors.Is(err, ErrDoubt) {
		t.Errorf("an entry that admits something else: %v", err)
	}
}

// TestReleasesAreForgottenWhenTheyAreTooMany, with what they have in common.
func TestReleasesAreForgottenWhenTheyAreTooMany(t *testing.T) {
	var c releaseCache
	large := payload{document: make([]byte, maxReleases/4)}
	c.putPayload("sha256:1", large)
	c.put(releaseKey{seq: 1}, integrations.Release{Document: large.document})
	if _, ok := c.get(releaseKey{seq: 1}); !ok || len(c.payloads) != 1 {
		t.Errorf("%d payloads, the release there: %v", len(c.payloads), ok)
	}
	c.putPayload("sha256:2", large)
	if _, ok := c.get(releaseKey{seq: 1}); ok || len(c.payloads) != 1 || c.bytes > maxReleases {
		t.Errorf("%d payloads of %d bytes, the release there: %v", len(c.payloads), c.bytes, ok)
	}
}
