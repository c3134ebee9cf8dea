package etcd_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// dump is what `etcdctl get --prefix "" -w json` prints.
func (c raw) dump(t *testing.T) []byte {
	t.Helper()
	response, err := c.Get(t.Context(), "\x00", clientv3.WithFromKey())
	if err != nil {
		t.Fatal(err)
	}
	type kv struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	}
	var out struct {
		Kvs []kv `json:"kvs"`
	}
	for _, k := range response.Kvs {
		out.Kvs = append(out.Kvs, kv{k.Key, k.Value})
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestADumpIsReadAsItWasWritten(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint, "inline": "2000"}), raw{dial(t, endpoint), "/config"}
	wants := map[schema.App]integrations.Release{}
	for i, app := range []schema.App{"a", "a-inside", "b", "c/parts", "d", "z"} {
		files := map[string]string{"app.txt": string(app), "run/start.txt": "x"}
		if i%2 == 1 {
			files["large.txt"] = string(bytes.Repeat([]byte("0123456789"), 300))
		}
		want := integrationstest.Release(integrationstest.Cell(app), int64(i+1), files)
		var parts []schema.DocumentFile
		for _, f := range want.Manifest {
			parts = append(parts, schema.DocumentFile{Path: f.Path, Mode: f.Mode, Data: want.Files[f.Path]})
		}
		document, found := schema.NewDocument(parts)
		if len(found) > 0 {
			t.Fatal(found)
		}
		want.Document = document.Encode()
		want.Settings = map[string]string{"mirror": []string{"files", "leaves", "none"}[i%3]}
		wants[app] = want
		write(t, target, want)
	}
	c.put(t, "/config/production/a/kv/app.txt", "by hand")
	c.put(t, "/config/production/b/kv/app.txt", "foreign, there is no mirror")
	c.del(t, "/config/production/d/rel/"+schema.DigestOf(wants["d"].Document).Hex()+"/blob/0000")
	harmed := schema.App("z")
	c.put(t, "/config/production/z/rel/"+schema.DigestOf(wants[harmed].Document).Hex()+"/blob/0000", "harmed")
	var foreign []string
	for held, err := range etcd.ReadDump(bytes.NewReader(c.dump(t)), []schema.StageName{"production"}) {
		if err != nil {
			t.Fatal(err)
		}
		if held.Foreign {
			foreign = append(foreign, held.Place)
			continue
		}
		want, ok := wants[held.Cell.App]
		if !ok {
			t.Fatalf("%s twice, or of nobody", held.Place)
		}
		delete(wants, held.Cell.App)
		right := bytes.Equal(held.Document, want.Document) && held.Problem == "" && held.Files.Content() == want.Content
		if right != (held.Cell.App != harmed) {
			t.Errorf("%s: right %v, problem %q", held.Place, right, held.Problem)
		}
	}
	if len(wants) != 0 {
		t.Errorf("not found: %v", wants)
	}
	if want := []string{"/config/production/a/kv/app.txt", "/config/production/b/kv/app.txt"}; !slices.Equal(foreign, want) {
		t.Errorf("foreign: %q, want %q", foreign, want)
	}
}
