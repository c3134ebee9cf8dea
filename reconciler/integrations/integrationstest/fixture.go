// Package integrationstest is the conformance suite of targets: what the contract says, asked of a real one.
//
// A target's test makes a [Fixture], which is the target and its system as somebody with direct access sees it, and
// calls [TestTarget]. Only tests may import this package.
package integrationstest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Fixture is an empty target of its own for one test. Every func but Open works behind the target's back.
type Fixture struct {
	// Open connects to the fixture's system; each call is another reconciler on the same one.
	Open func(t *testing.T, spec integrations.Spec) integrations.Target
	// Settings are the operator's, given to Open; Stage are the stage's, given in every release.
	Settings map[string]string
	Stage    map[string]string

	// Version names the state of everything the target owns for a cell: it changes whenever something is written.
	Version func(t *testing.T, cell schema.Cell) string
	// Reads checks, as an application would, that the cell holds exactly what the release says.
	Reads func(t *testing.T, want integrations.Release)
	// Put places a key beside ours that the target never wrote, and returns its name as Observation.Foreign has it.
	Put func(t *testing.T, cell schema.Cell, key string, value []byte) string
	// Get reads such a key.
	Get func(t *testing.T, cell schema.Cell, key string) []byte
	// Damage are ways to break what the target wrote for a release, by name. Each is to be seen and healed.
	Damage map[string]func(t *testing.T, was integrations.Release)
	// PutCheckpoint puts bytes where the target keeps a project's checkpoint.
	PutCheckpoint func(t *testing.T, project string, value []byte)
	// Limit is the largest document that fits; 0 is any.
	Limit int
	// Refuses tells the paths of files that the target cannot have; nil is none. Each is refused, and admitted nowhere.
	Refuses func(path string) bool
	// Overwrites says that Put places a key of a file's name where the target has the file itself, so that adopting takes it.
	Overwrites bool
}

// Spec returns what the reconciler would give to Open, with a fixed key.
func Spec(kind string, settings map[string]string) integrations.Spec {
	return integrations.Spec{
		Name: kind + "-test", Kind: kind, Settings: settings, Now: time.Now, Keys: integrations.NewLogKeys(signer("log-1", Key())),
	}
}

func signer(id string, key ed25519.PrivateKey) integrations.HeadSigner {
	return integrations.HeadSigner{
		ID: id, Key: key.Public().(ed25519.PublicKey), Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(key, m), nil },
	}
}

// Key is the log key that the suite signs with.
func Key() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("sluice conformance: log key"))
	return ed25519.NewKeyFromSeed(seed[:])
}

// PublicKey verifies what Key signed.
func PublicKey() ed25519.PublicKey { return Key().Public().(ed25519.PublicKey) }

// Cell returns the cell of an app in the suite's stage.
func Cell(app schema.App) schema.Cell { return schema.Cell{Stage: "production", App: app} }

// Release returns a release of files by path. No files at all is a retired app.
func Release(cell schema.Cell, seq int64, files map[string]string) integrations.Release {
	r := integrations.Release{
		Project: "5f0c66d1", Cell: cell, Seq: seq, Commit: schema.Hash{1, 2, 3, byte(seq)},
		Files: map[string][]byte{}, Retired: len(files) == 0,
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		r.Files[path] = []byte(files[path])
		r.Manifest = append(r.Manifest, schema.File{Path: path, Mode: schema.Regular, Digest: schema.DigestOf(r.Files[path])})
	}
	r.Revision, r.Content, r.Document = r.Manifest.Revision(nil), r.Manifest.Content(), document(r)
	return r
}

// document has the shape of RULES R38; to a target it is bytes.
func document(r integrations.Release) []byte {
	type file struct {
		Mode   schema.Mode `json:"mode"`
		Base64 []byte      `json:"base64"`
	}
	doc := struct {
		Files  map[string]file `json:"files"`
		Values struct{}        `json:"values"`
	}{Files: map[string]file{}}
	for _, f := range r.Manifest {
		doc.Files[f.Path] = file{f.Mode, r.Files[f.Path]}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err) // maps of strings and bytes cannot fail
	}
	return text
}
