package etcd_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
)

var (
	unsigned = regexp.MustCompile(`"writtenAt":"[^"]*",`)
	lastly   = regexp.MustCompile(`,"sig":"[^"]*"}$`)
)

// reads is a reader that knows nothing of this project but the format: a plain client, JSON, SHA-256, Ed25519.
func (c raw) reads(t *testing.T, want integrations.Release) {
	t.Helper()
	value := c.get(t, c.root+"/"+string(want.Cell.Stage)+"/"+string(want.Cell.App)+"/head")
	var head struct {
		Project, Stage, App string
		Seq                 int64
		Retired             bool
		Inline, Sig         []byte
	}
	if err := json.Unmarshal(value, &head); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lastly.ReplaceAll(unsigned.ReplaceAll(value, nil), []byte("}")))
	if !ed25519.Verify(integrationstest.PublicKey(), append([]byte("sluice-head-v1\n"), sum[:]...), head.Sig) {
		t.Errorf("not signed: %s", value)
	}
	if head.Project != want.Project || head.Stage != string(want.Cell.Stage) || head.App != string(want.Cell.App) ||
		head.Seq != want.Seq || head.Retired != want.Retired || !bytes.Equal(head.Inline, want.Document) {
		t.Errorf("%s, entry %d: got %s", want.Cell, want.Seq, value)
	}
}
