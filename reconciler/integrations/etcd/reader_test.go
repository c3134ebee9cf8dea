package etcd_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
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
		Doc                 string
		Blobs               int
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
		head.Seq != want.Seq || head.Retired != want.Retired || !bytes.Equal(c.document(t, want.Cell, head.Doc, head.Blobs, head.Inline), want.Document) {
		t.Errorf("%s, entry %d: got %s", want.Cell, want.Seq, value)
	}
}

// document joins what lies in parts.
func (c raw) document(t *testing.T, cell schema.Cell, doc string, blobs int, inline []byte) []byte {
	t.Helper()
	if blobs == 0 {
		return inline
	}
	response, err := c.Get(t.Context(), c.beside(cell, "rel/"+strings.TrimPrefix(doc, "sha256:")+"/blob/"), clientv3.WithPrefix())
	if err != nil || len(response.Kvs) != blobs {
		t.Fatalf("%d parts of %s: %v, %v", blobs, doc, response, err)
	}
	var document []byte
	for _, kv := range response.Kvs {
		document = append(document, kv.Value...)
	}
	if sum := sha256.Sum256(document); "sha256:"+hex.EncodeToString(sum[:]) != doc {
		t.Errorf("the parts are not of %s", doc)
	}
	return document
}
