package configmap_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
)

// desk is a target with a namespace of its own, and what it logged.
type desk struct {
	cluster
	*configmap.Target
	stage map[string]string
	log   *bytes.Buffer
	now   time.Time
}

func deskOf(t *testing.T, settings ...string) *desk {
	t.Helper()
	d := &desk{cluster: serverOf(t), log: &bytes.Buffer{}, now: time.Now()}
	d.stage = map[string]string{"namespace": d.namespace(t)}
	for i := 0; i < len(settings); i += 2 {
		d.stage[settings[i]] = settings[i+1]
	}
	d.open(t, d.cluster.settings())
	return d
}

// open opens the desk's target, with the operator's settings.
func (d *desk) open(t *testing.T, settings map[string]string) {
	t.Helper()
	spec := integrationstest.Spec("configmap", settings)
	spec.Log, spec.Now = slog.New(slog.NewTextHandler(d.log, nil)), func() time.Time { return d.now }
	d.Target = open(t, spec).(*configmap.Target)
	t.Cleanup(func() { _ = d.Close() })
}

func (d *desk) release(seq int64, files map[string]string) integrations.Release {
	want := release("pay", seq, files)
	want.Settings = d.stage
	return want
}

func (d *desk) write(t *testing.T, want integrations.Release) integrations.Observation {
	t.Helper()
	o, err := d.Write(t.Context(), want)
	must(t, err)
	return o
}

// at is the object of a name in the desk's namespace.
func (d *desk) at(name string) held {
	kind := "configmaps"
	if d.stage["kind"] == "secret" {
		kind = "secrets"
	}
	return held{d.cluster, kind, d.stage["namespace"], name}
}

// TestForeignKeys: a key of somebody else stays and is named; where the stage says prune, what came after us goes, and what
// was there before us stays all the same.
func TestForeignKeys(t *testing.T) {
	for _, mode := range []string{"inplace", "rolling"} {
		t.Run(mode, func(t *testing.T) {
			d := deskOf(t, "mode", mode)
			object := d.at("pay-config")
			object.put(t, "before", []byte("1"))
			first := d.release(1, map[string]string{"app.yaml": "a: 1"})
			first.Adopt = true
			d.write(t, first)
			object.put(t, "after", []byte("2"))
			object.put(t, "binary", []byte("\xff"))
			want := d.release(2, map[string]string{"app.yaml": "a: 2"})
			want.Applied = true
			if o := d.write(t, want); !o.Equal || len(o.Foreign) != 3 {
				t.Fatalf("reported: %+v", o)
			}
			want.Prune = true
			if o, err := d.Read(t.Context(), want); err != nil || o.Equal {
				t.Errorf("to be pruned, and equal: %+v, %v", o, err)
			}
			if o := d.write(t, want); !o.Wrote || !slices.Equal(o.Foreign, []string{o.Place + "/before"}) {
				t.Errorf("pruned: %+v", o)
			}
			data := object.data(t)
			if string(data["before"]) != "1" || data["after"] != nil || data["binary"] != nil {
				t.Errorf("keys %q, want before and not after", sorted(data))
			}
			if !strings.Contains(d.log.String(), "key=after of=human") {
				t.Errorf("nobody was told whose key was taken away:\n%s", d.log)
			}
			// Whoever takes the note away with which we know what was there before us, has nothing deleted.
			object.patch(t, map[string]any{"metadata": map[string]any{"annotations": map[string]any{"sluice.dev/kept-keys": nil}}})
			object.put(t, "later", []byte("3"))
			d.write(t, want)
			d.write(t, want)
			if data := object.data(t); string(data["later"]) != "3" || string(data["before"]) != "1" {
				t.Errorf("keys %q, want both of the others' to stay", sorted(data))
			}
		})
	}
}

// TestAnObjectThatOthersHaveFilled: what is ours would fit, and the server counts what others keep beside it.
func TestAnObjectThatOthersHaveFilled(t *testing.T) {
	d := deskOf(t)
	d.write(t, d.release(1, map[string]string{"app.yaml": "a: 1"}))
	d.at("pay-config").put(t, "theirs", bytes.Repeat([]byte("x"), 900<<10))
	_, err := d.Write(t.Context(), d.release(2, map[string]string{"app.yaml": "a: " + strings.Repeat("x", 200<<10)}))
	var said *integrations.Error
	if !errors.Is(err, integrations.ErrTooLarge) || !errors.As(err, &said) || said.Refused == nil || said.Refused.Limit != 1<<20 {
		t.Errorf("got %v, want ErrTooLarge with the limit", err)
	}
}

// TestConflictsNameTheOtherManager: what others wrote over ours is put back, and they are named.
func TestConflictsNameTheOtherManager(t *testing.T) {
	d := deskOf(t)
	want := d.release(1, map[string]string{"app.yaml": "a: 1"})
	d.write(t, want)
	d.at("pay-config").put(t, "app.yaml", []byte("a: 9"))
	want.Applied = true
	o, err := d.Read(t.Context(), want)
	must(t, err)
	if o.Equal || len(o.Keys) != 1 || o.Keys[0].Key != o.Place+"/app.yaml" || o.Keys[0].By != "human" || o.Keys[0].Revision == 0 {
		t.Errorf("drift: %+v", o.Keys)
	}
	d.write(t, want)
	if got := d.log.String(); !strings.Contains(got, `.data.app.yaml`) || !strings.Contains(got, "human") {
		t.Errorf("nobody was told from whom the key was taken back:\n%s", got)
	}
	if owners := managers(d.at("pay-config").get(t)); !slices.Equal(owners, []string{"sluice Apply"}) {
		t.Errorf("managed by %q, want us alone, by apply", owners)
	}
}

// TestAPointerThatNamesAnother: the object that it should name is looked at, and only what differs is told.
func TestAPointerThatNamesAnother(t *testing.T) {
	for _, row := range []struct {
		sentence string
		damage   func(t *testing.T, d *desk, right, older string)
		want     []string
	}{
		{"a name of no object of the cell", func(t *testing.T, d *desk, _, _ string) { d.at("pay-config").put(t, "current", []byte("evil")) },
			[]string{"changed pay-config/current by human"}},
		{"a name that one could have", func(t *testing.T, d *desk, right, _ string) {
			d.at("pay-config").put(t, "current", []byte(right[:len(right)-10]+strings.Repeat("b", 10)))
		}, []string{"changed pay-config/current by human"}},
		{"an older release", func(t *testing.T, d *desk, _, older string) { d.at("pay-config").put(t, "current", []byte(older)) },
			[]string{"changed pay-config/current by human"}},
		{"and a key of others", func(t *testing.T, d *desk, _, _ string) {
			d.at("pay-config").put(t, "current", []byte("evil"))
			d.at("pay-config").put(t, "note", []byte("x"))
		}, []string{"changed pay-config/current by human", "foreign pay-config/note by human"}},
		{"and the right one is gone", func(t *testing.T, d *desk, right, older string) {
			d.at("pay-config").put(t, "current", []byte(older))
			d.at(right).drop(t)
		}, []string{"deleted RIGHT/.sluice.document", "deleted RIGHT/.sluice.json", "deleted RIGHT/app.yaml", "changed pay-config/current by human"}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			d := deskOf(t, "mode", "rolling")
			d.write(t, d.release(1, map[string]string{"app.yaml": "a: 1"}))
			older := string(d.at("pay-config").data(t)["current"])
			want := d.release(2, map[string]string{"app.yaml": "a: 2"})
			want.Applied = true
			d.write(t, want)
			right := string(d.at("pay-config").data(t)["current"])
			row.damage(t, d, right, older)
			o, err := d.Read(t.Context(), want)
			must(t, err)
			var got []string
			for _, k := range o.Keys {
				text := k.Op + " " + strings.Replace(strings.TrimPrefix(k.Key, d.stage["namespace"]+"/"), right, "RIGHT", 1)
				if k.By != "" {
					text += " by " + k.By
				}
				got = append(got, text)
			}
			slices.Sort(got)
			slices.Sort(row.want)
			if o.Equal || !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if o := d.write(t, want); !o.Equal || string(d.at("pay-config").data(t)["current"]) != right {
				t.Errorf("not put back: %+v", o)
			}
		})
	}
}

func managers(o *unstructured.Unstructured) []string {
	var out []string
	for _, m := range o.GetManagedFields() {
		out = append(out, m.Manager+" "+string(m.Operation))
	}
	return out
}

// TestAKeyThatOthersOwnTooGoesWithTheRelease: a server-side apply alone would leave it.
func TestAKeyThatOthersOwnTooGoesWithTheRelease(t *testing.T) {
	d := deskOf(t)
	d.write(t, d.release(1, map[string]string{"app.yaml": "a: 1", "old.yaml": "b: 1"}))
	d.at("pay-config").put(t, "old.yaml", []byte("b: 2"))
	want := d.release(1, map[string]string{"app.yaml": "a: 1", "old.yaml": "b: 1"})
	want.Applied = true
	d.write(t, want)
	_, err := d.at("pay-config").objects().Apply(t.Context(), "pay-config", &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "pay-config"}, "data": map[string]any{"old.yaml": "b: 1"},
	}}, metav1.ApplyOptions{FieldManager: "other"})
	must(t, err)
	if o := d.write(t, d.release(2, map[string]string{"app.yaml": "a: 2"})); len(o.Foreign) > 0 {
		t.Errorf("foreign: %q", o.Foreign)
	}
	if data := d.at("pay-config").data(t); data["old.yaml"] != nil || string(data["app.yaml"]) != "a: 2" {
		t.Errorf("keys %q", sorted(data))
	}
}

// TestTwoCellsNeverShareAnObject: they would take turns in it.
func TestTwoCellsNeverShareAnObject(t *testing.T) {
	d := deskOf(t, "name", "{app}")
	d.write(t, d.release(1, map[string]string{"app.yaml": "a: 1"}))
	other := d.release(9, map[string]string{"app.yaml": "a: 2"})
	other.Cell.Stage = "gray"
	if _, err := d.Write(t.Context(), other); !errors.Is(err, integrations.ErrTaken) || !strings.Contains(err.Error(), "pay in production has this object; write {stage}") {
		t.Errorf("got %v, want ErrTaken that names the cell", err)
	}
	if o, err := d.Read(t.Context(), d.release(1, map[string]string{"app.yaml": "a: 1"})); err != nil || !o.Equal {
		t.Errorf("the first cell: %+v, %v", o, err)
	}
}

// TestAMissingNamespaceIsNamed with what to do.
func TestAMissingNamespaceIsNamed(t *testing.T) {
	for _, mode := range []string{"inplace", "rolling"} {
		d := deskOf(t, "mode", mode)
		d.stage["namespace"] = "nowhere"
		_, err := d.Write(t.Context(), d.release(1, map[string]string{"app.yaml": "a: 1"}))
		if !errors.Is(err, integrations.ErrInvalid) || !strings.Contains(err.Error(), "the namespace is not there; make it") {
			t.Errorf("%s: got %v, want ErrInvalid and what to do", mode, err)
		}
	}
}

// TestAnImmutableObjectWithKeysOfOthersIsLeft: to change it is to delete it, and their keys with it.
func TestAnImmutableObjectWithKeysOfOthersIsLeft(t *testing.T) {
	d := deskOf(t)
	d.write(t, d.release(1, map[string]string{"app.yaml": "a: 1"}))
	object := d.at("pay-config")
	object.put(t, "note", []byte("mine"))
	object.patch(t, map[string]any{"immutable": true})
	want := d.release(2, map[string]string{"app.yaml": "a: 2"})
	want.Applied = true
	if _, err := d.Write(t.Context(), want); !errors.Is(err, integrations.ErrBlocked) || !strings.Contains(err.Error(), "delete it by hand") {
		t.Errorf("got %v, want ErrBlocked and what to do", err)
	}
	if data := object.data(t); string(data["note"]) != "mine" {
		t.Errorf("their key is %q", data["note"])
	}
}

// TestWhatLeadsBack: from an object to the entry, the commit and the signature.
func TestWhatLeadsBack(t *testing.T) {
	for _, mode := range []string{"inplace", "rolling"} {
		d := deskOf(t, "mode", mode)
		want := release("payments/ledger", 7, map[string]string{"app.yaml": "a: 1"})
		want.Settings, want.MergeRequest = d.stage, 12
		d.write(t, want)
		object := d.at("payments.ledger-config")
		if mode == "rolling" {
			data := object.data(t)
			if string(data["commit"]) != want.Commit.String() || string(data["seq"]) != "7" || string(data["digest"]) != string(want.Content) {
				t.Errorf("the pointer says %q", data)
			}
			object = d.at(string(data["current"]))
		}
		o := object.get(t)
		head, err := integrations.DecodeHead(object.data(t)[".sluice.json"])
		must(t, err)
		for name, value := range map[string]string{
			"project": want.Project, "stage": "production", "app": "payments/ledger", "commit": want.Commit.String(),
			"digest": string(want.Content), "seq": "7", "mr": "12", "signature": base64.StdEncoding.EncodeToString(head.Sig),
		} {
			if got := o.GetAnnotations()["sluice.dev/"+name]; got != value {
				t.Errorf("%s: annotation %s is %q, want %q", mode, name, got, value)
			}
		}
		if got := o.GetLabels(); got["app.kubernetes.io/managed-by"] != "sluice" || got["sluice.dev/app"] != "payments.ledger" || got["sluice.dev/stage"] != "production" {
			t.Errorf("%s: labels %v", mode, got)
		}
	}
}

// TestWhatWasWrittenWithoutItsMergeRequestIsNoDrift: it stays as it is until something else is written.
func TestWhatWasWrittenWithoutItsMergeRequestIsNoDrift(t *testing.T) {
	for _, mode := range []string{"inplace", "rolling"} {
		d := deskOf(t, "mode", mode)
		want := d.release(7, map[string]string{"app.yaml": "a: 1"})
		d.write(t, want)
		object := d.at("pay-config")
		before := object.version(t, "pay")
		want.MergeRequest = 12
		if o := d.write(t, want); !o.Equal || o.Wrote || object.version(t, "pay") != before {
			t.Errorf("%s: an object of before is written again: %+v", mode, o.Keys)
		}
		next := d.release(8, map[string]string{"app.yaml": "a: 2"})
		next.MergeRequest = 13
		d.write(t, next)
		if got := object.get(t).GetAnnotations()["sluice.dev/mr"]; got != "13" {
			t.Errorf("%s: the next release says merge request %q", mode, got)
		}
		object.patch(t, map[string]any{"metadata": map[string]any{"annotations": map[string]any{"sluice.dev/mr": "99"}}})
		if o, err := d.Read(t.Context(), next); err != nil || o.Equal {
			t.Errorf("%s: another merge request is no drift: %v", mode, err)
		}
	}
}

// TestOldReleasesGo: those that no Pod and no ReplicaSet names, that are not among the newest ten, after a day.
func TestOldReleasesGo(t *testing.T) {
	for _, kind := range []string{"configmap", "secret"} {
		t.Run(kind, func(t *testing.T) {
			d := deskOf(t, "mode", "rolling", "kind", kind)
			var names []string
			write := func(seq int64) {
				d.write(t, d.release(seq, map[string]string{"app.yaml": fmt.Sprint(seq)}))
				names = append(names, string(d.at("pay-config").data(t)["current"]))
			}
			for seq := range int64(14) {
				write(seq + 1)
			}
			stranger := d.at("pay-config-gggggggggg")
			stranger.put(t, "mine", []byte("x"))
			d.uses(t, kind, names[0], names[1])
			if left := d.left(t); len(left) != 14 {
				t.Errorf("on the first day: %d, want all 14", len(left))
			}
			d.now = d.now.Add(48 * time.Hour)
			write(15)
			left := d.left(t)
			if len(left) != 12 || !left[names[0]] || !left[names[1]] || !left[names[14]] || left[names[2]] {
				t.Errorf("%d are left: %v of %q; want the newest ten and the two in use", len(left), left, names)
			}
			if stranger.get(t) == nil {
				t.Error("an object that is not ours was deleted")
			}
		})
	}
}

// left are the releases in the desk's namespace.
func (d *desk) left(t *testing.T) map[string]bool {
	t.Helper()
	list, err := d.at("").objects().List(t.Context(), metav1.ListOptions{LabelSelector: "sluice.dev/part=release"})
	must(t, err)
	out := map[string]bool{}
	for _, o := range list.Items {
		out[o.GetName()] = true
	}
	return out
}

// uses makes a Pod that mounts one object in a projected volume and a ReplicaSet whose template has another in its environment.
func (d *desk) uses(t *testing.T, kind, mounted, environment string) {
	t.Helper()
	source, from, name := "configMap", "configMapRef", "name"
	if kind == "secret" {
		source, from = "secret", "secretRef"
	}
	container := map[string]any{"name": "c", "image": "i"}
	d.make(t, resource("pods"), d.stage["namespace"], map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "p"}, "spec": map[string]any{
		"containers": []any{container},
		"volumes":    []any{map[string]any{"name": "v", "projected": map[string]any{"sources": []any{map[string]any{source: map[string]any{name: mounted}}}}}},
	}})
	labels := map[string]any{"app": "p"}
	d.make(t, resource("apps/replicasets"), d.stage["namespace"], map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": map[string]any{"name": "r"}, "spec": map[string]any{
		"replicas": int64(0), "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": []any{
			map[string]any{"name": "c", "image": "i", "envFrom": []any{map[string]any{from: map[string]any{"name": environment}}}},
		}}},
	}})
}
