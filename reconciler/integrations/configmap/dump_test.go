package configmap_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// documented is a release with the document that readers of heads verify.
func (d *desk) documented(t *testing.T, app schema.App, files map[string]string) integrations.Release {
	t.Helper()
	want := integrationstest.Release(integrationstest.Cell(app), 7, files)
	want.Settings = d.stage
	var parts []schema.DocumentFile
	for _, f := range want.Manifest {
		parts = append(parts, schema.DocumentFile{Path: f.Path, Mode: f.Mode, Data: want.Files[f.Path]})
	}
	document, found := schema.NewDocument(parts)
	if len(found) > 0 {
		t.Fatal(found)
	}
	want.Document = document.Encode()
	return want
}

// printed is what kubectl prints of the namespace.
func (d *desk) printed(t *testing.T) []byte {
	t.Helper()
	list, err := d.at("").objects().List(t.Context(), metav1.ListOptions{})
	must(t, err)
	text, err := json.Marshal(list)
	must(t, err)
	return text
}

// dumped are what is found of the namespace: a place, and what is wrong there.
func (d *desk) dumped(t *testing.T) (out []string, cells []integrations.Held) {
	t.Helper()
	stages := map[schema.StageName]map[string]string{"production": d.stage, "staging": nil}
	for held, err := range configmap.ReadDump(bytes.NewReader(d.printed(t)), stages) {
		must(t, err)
		switch place := strings.TrimPrefix(held.Place, d.stage["namespace"]+"/"); {
		case held.Foreign:
			out = append(out, place+" is foreign")
		case held.Problem != "":
			out = append(out, place+": "+held.Problem)
		default:
			cells = append(cells, held)
		}
	}
	return out, cells
}

func TestADumpIsReadAsItWasWritten(t *testing.T) {
	for mode, kind := range map[string]string{"inplace": "configmap", "rolling": "secret"} {
		d := deskOf(t, "mode", mode, "kind", kind)
		wants := map[schema.App]integrations.Release{}
		for _, app := range []schema.App{"pay", "pay/eu", "shop"} {
			wants[app] = d.documented(t, app, map[string]string{"app.yaml": string(app), "run/start.txt": "\xff"})
			d.write(t, wants[app])
		}
		gone := d.documented(t, "gone", nil)
		gone.Document, gone.Seq = nil, 8
		wants["gone"] = gone
		d.write(t, gone)
		d.make(t, resource(d.at("").kind), d.stage["namespace"], map[string]any{
			"apiVersion": "v1", "kind": map[string]string{"configmap": "ConfigMap", "secret": "Secret"}[kind],
			"metadata": map[string]any{"name": "other-config"}, "data": map[string]any{"app.yaml": "eA=="},
		})
		said, cells := d.dumped(t)
		if len(said) > 0 || len(cells) != len(wants) {
			t.Fatalf("%s: %d cells, and %q", mode, len(cells), said)
		}
		for _, held := range cells {
			want := wants[held.Cell.App]
			head, err := integrations.DecodeHead(held.Head)
			if err != nil || held.Cell != want.Cell || head.Content != want.Content || !bytes.Equal(held.Document, want.Document) || held.Files.Content() != want.Manifest.Content() {
				t.Errorf("%s: %s is not what was written: %v", mode, held.Place, err)
			}
		}
	}
}

func TestADumpTellsWhatIsNotAsItWasWritten(t *testing.T) {
	for _, row := range []struct {
		sentence, mode string
		harm           func(t *testing.T, d *desk)
		want           string
	}{
		{"a file was edited", "inplace", func(t *testing.T, d *desk) { d.at("pay-config").put(t, "run__start.txt", []byte("evil")) }, "pay-config: the key run__start.txt is not the file"},
		{"a file was deleted", "inplace", func(t *testing.T, d *desk) { d.at("pay-config").put(t, "app.yaml", nil) }, "pay-config: the key app.yaml is not the file"},
		{"the document is no document", "inplace", func(t *testing.T, d *desk) { d.at("pay-config").put(t, ".sluice.document", []byte("{")) }, "pay-config: document: "},
		{"a key was added", "inplace", func(t *testing.T, d *desk) { d.at("pay-config").put(t, "more.yaml", []byte("x")) }, "pay-config/more.yaml is foreign"},
		{"the pointer leads nowhere", "rolling", func(t *testing.T, d *desk) { d.at("pay-config").put(t, "current", []byte("pay-config-0")) }, `pay-config: the object "pay-config-0" that it points to is not there`},
		{"the pointer leads to another release", "rolling", func(t *testing.T, d *desk) {
			d.at("pay-config").put(t, "current", d.at("shop-config").data(t)["current"])
		}, "is not the release that it points to"},
		{"the pointer says another commit", "rolling", func(t *testing.T, d *desk) { d.at("pay-config").put(t, "commit", []byte("0")) }, "pay-config: its key commit is not what its head says"},
		{"a key was added to the pointer", "rolling", func(t *testing.T, d *desk) { d.at("pay-config").put(t, "more", []byte("x")) }, "pay-config/more is foreign"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			d := deskOf(t, "mode", row.mode)
			for _, app := range []schema.App{"pay", "shop"} {
				d.write(t, d.documented(t, app, map[string]string{"app.yaml": string(app), "run/start.txt": "x"}))
			}
			row.harm(t, d)
			if said, _ := d.dumped(t); len(said) != 1 || !strings.Contains(said[0], row.want) {
				t.Errorf("found %q, want %q", said, row.want)
			}
		})
	}
	for held, err := range configmap.ReadDump(strings.NewReader(`{"kvs":[]}`), nil) {
		if err == nil || !strings.Contains(err.Error(), "kubectl get configmaps -A -o json") {
			t.Errorf("something that is no dump: %v, %v", held, err)
		}
	}
}
