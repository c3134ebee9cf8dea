package clients

import (
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	target "github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// world is a server that the target writes to as the reconciler has it do.
type world struct {
	endpoint string
	writer   integrations.Target
	client   *clientv3.Client
	cell     schema.Cell
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, err := target.StartEmbedded(t.TempDir(), target.EmbeddedOptions{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	w := &world{endpoint: server.Endpoint(), cell: integrationstest.Cell("pay")}
	writer, err := target.New(integrationstest.Spec("etcd", map[string]string{"endpoints": w.endpoint}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = writer.Close() })
	w.writer = writer
	config, err := target.ReaderConfig(map[string]string{"endpoints": w.endpoint})
	if err != nil {
		t.Fatal(err)
	}
	if w.client, err = clientv3.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.client.Close() })
	return w
}

// admit delivers files as an entry of the ledger, with the mirror that a stage's settings choose.
func (w *world) admit(t *testing.T, seq int64, mirror string, files map[string]string) {
	t.Helper()
	want := integrationstest.Release(w.cell, seq, files)
	want.Settings = map[string]string{"mirror": mirror}
	var all []schema.DocumentFile
	for path, data := range want.Files {
		all = append(all, schema.DocumentFile{Path: path, Mode: schema.Regular, Data: data})
	}
	document, found := schema.NewDocument(all)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	want.Document = document.Encode()
	if o, err := w.writer.Write(t.Context(), want); err != nil || !o.Equal {
		t.Fatalf("entry %d: %+v, %v", seq, o, err)
	}
}

func app(port string) map[string]string {
	return map[string]string{
		"app.yaml":      "server:\n  host: pay.example.com\n  port: " + port + "\nhosts: [a, b]\nrate: 1.10\n",
		"db.properties": "url=jdbc:postgresql://db/pay\n",
		"logging.xml":   "<level>info</level>\n",
	}
}
