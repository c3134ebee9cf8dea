package configmap_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// marks are what is ours about an object.
func (h held) marks(t *testing.T) []string {
	t.Helper()
	o := h.get(t)
	var out []string
	for name, value := range o.GetLabels() {
		if strings.HasPrefix(name, "sluice.dev/") || value == "sluice" {
			out = append(out, "label "+name)
		}
	}
	for name := range o.GetAnnotations() {
		if strings.HasPrefix(name, "sluice.dev/") {
			out = append(out, "annotation "+name)
		}
	}
	for _, m := range o.GetManagedFields() {
		if m.Manager == "sluice" {
			out = append(out, "managedFields "+string(m.Operation))
		}
	}
	slices.Sort(out)
	return out
}

func TestWhoLeavesKeepsTheObjects(t *testing.T) {
	for _, row := range []struct {
		sentence, kind, mode string
	}{
		{"in place", "configmap", "inplace"},
		{"a Secret in place", "secret", "inplace"},
		{"rolling", "configmap", "rolling"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			c := serverOf(t)
			stage := map[string]string{"namespace": c.namespace(t), "mode": row.mode, "kind": row.kind}
			to := target(t, c.settings())
			want := release("pay", 5, map[string]string{"app.yaml": "a: 1\n", "more/b.bin": "\xff"})
			want.Settings = stage
			for _, seq := range []int64{5, 7} {
				want.Seq = seq
				if _, err := to.Write(t.Context(), want); err != nil {
					t.Fatal(err)
				}
			}
			h := held{c, row.kind + "s", stage["namespace"], "pay-config"}
			h.put(t, "theirs", []byte("theirs"))
			h.patch(t, map[string]any{"metadata": map[string]any{"labels": map[string]any{"team": "pay"}}})
			bare := integrations.Release{Project: want.Project, Cell: want.Cell, Settings: stage}

			before := h.get(t).GetResourceVersion()
			left, err := to.Leave(t.Context(), bare, false)
			if err != nil || len(left.Goes) == 0 || h.get(t).GetResourceVersion() != before {
				t.Fatalf("asking what would go: %+v, %v, and the object moved: %t", left, err, h.get(t).GetResourceVersion() != before)
			}
			all := []held{h}
			for _, place := range left.Plain[1:] {
				_, name, _ := strings.Cut(place, "/")
				all = append(all, held{c, h.kind, h.namespace, name})
			}
			if (len(all) > 1) != (row.mode == "rolling") {
				t.Errorf("it would leave %v", left.Plain)
			}
			files := map[string]map[string][]byte{}
			for _, each := range all {
				files[each.name] = each.data(t)
			}
			if _, err := to.Leave(t.Context(), bare, true); err != nil {
				t.Fatal(err)
			}
			for _, each := range all {
				if got := each.marks(t); len(got) > 0 {
					t.Errorf("%s still has %v", each.name, got)
				}
				for key, value := range each.data(t) {
					if string(value) != string(files[each.name][key]) {
						t.Errorf("%s: key %s is %q, was %q", each.name, key, value, files[each.name][key])
					}
				}
			}
			for _, key := range []string{".sluice.json", ".sluice.document"} {
				if _, there := h.data(t)[key]; there {
					t.Errorf("%s is still there", key)
				}
			}
			if row.mode == "inplace" && (string(h.data(t)["app.yaml"]) != "a: 1\n" || string(h.data(t)["more__b.bin"]) != "\xff") {
				t.Errorf("a reader finds %q", h.data(t))
			}
			if h.get(t).GetLabels()["team"] != "pay" || string(h.data(t)["theirs"]) != "theirs" {
				t.Error("what others wrote is gone")
			}
			if left, err := to.Leave(t.Context(), bare, true); err != nil || len(left.Goes) > 0 {
				t.Errorf("leaving again: %+v, %v", left, err)
			}
			// What was left is somebody else's: coming back has to be asked for.
			want.Seq = 9
			if _, err := to.Write(t.Context(), want); !errors.Is(err, integrations.ErrForeign) {
				t.Errorf("coming back unasked: %v, want it to be refused as foreign", err)
			}
		})
	}
}

func TestWhatCannotBeLeftStaysWhole(t *testing.T) {
	for _, row := range []struct {
		sentence string
		do       func(*testing.T, held)
		project  string
		class    error
	}{
		{"the head is another's bytes", func(t *testing.T, h held) { h.put(t, ".sluice.json", []byte("garbage")) }, "", integrations.ErrForeign},
		{"the head is another project's", func(*testing.T, held) {}, "ffffffff", integrations.ErrTaken},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			c := serverOf(t)
			stage := map[string]string{"namespace": c.namespace(t)}
			to := target(t, c.settings())
			want := integrationstest.Release(integrationstest.Cell(schema.App("pay")), 5, map[string]string{"app.yaml": "a: 1\n"})
			want.Settings = stage
			if _, err := to.Write(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			h := held{c, "configmaps", stage["namespace"], "pay-config"}
			row.do(t, h)
			before := h.get(t).GetResourceVersion()
			bare := integrations.Release{Project: want.Project, Cell: want.Cell, Settings: stage}
			if row.project != "" {
				bare.Project = row.project
			}
			if _, err := to.Leave(t.Context(), bare, true); !errors.Is(err, row.class) {
				t.Errorf("got %v, want %v", err, row.class)
			}
			if h.get(t).GetResourceVersion() != before {
				t.Error("it was changed")
			}
		})
	}
}
