package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// newClusterFaults is a project that is delivered to a kube-apiserver, in one object that changes and in hashed ones.
func newClusterFaults(t *testing.T, binary string) *faults {
	t.Helper()
	f := faultsOf(t, binary, clusterLines)
	f.kube = newKube(t, f.dir)
	f.apps, f.places = []string{small, many}, []string{"inplace", "rolling"}
	f.dial(f.kube.Etcd.Endpoint)
	_, err := f.kube.do(t.Context(), http.MethodPost, "", "application/json", []byte(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "development"}}`))
	f.check(err)
	return f
}

// kind names the matrix.
func (f *faults) kind() string {
	if f.kube != nil {
		return "kubernetes"
	}
	return "etcd"
}

// roots are the keys of etcd where all is watched.
func (f *faults) roots() []string {
	if f.kube != nil {
		return []string{"/registry/configmaps/development/"}
	}
	return []string{"/config/development/", "/mirror/development/"}
}

// equalInCluster holds both places to what was asked for.
func (f *faults) equalInCluster(app string, c change) {
	f.t.Helper()
	for _, root := range f.places {
		ctx, stop := f.soon()
		m, head, err := f.kube.read(ctx, root, app)
		stop()
		f.check(err)
		if value, err := m.whole(head, f.readers.keys); err != nil || value != fmt.Sprint(c.value) {
			f.t.Errorf("%s at %s has %q, want %d: %v", app, root, value, c.value, err)
		}
	}
}

// provenInCluster holds the ledger, and both places to it, with what kubectl prints of the namespace.
func (f *faults) provenInCluster() {
	f.t.Helper()
	objects, err := f.kube.do(f.t.Context(), http.MethodGet, "/development/configmaps", "", nil)
	f.check(err)
	dump := filepath.Join(f.dir, "objects.json")
	f.check(os.WriteFile(dump, kubectlPrints(f.t, objects), 0o600))
	for _, target := range f.places {
		if said := f.sluice(exitDone, "audit", "verify", "--state", dump, "--target", target); !strings.HasPrefix(said, "proven: ") {
			f.t.Errorf("audit verify of %s says %s", target, said)
		}
	}
}

// kubectlPrints is a list of the API as kubectl prints it: each object says what it is.
func kubectlPrints(t *testing.T, answer []byte) []byte {
	t.Helper()
	var list struct {
		APIVersion string           `json:"apiVersion"`
		Items      []map[string]any `json:"items"`
		Kind       string           `json:"kind"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		t.Fatal(err)
	}
	for _, item := range list.Items {
		item["apiVersion"], item["kind"] = "v1", strings.TrimSuffix(list.Kind, "List")
	}
	list.Kind = "List"
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// inCluster are readers of both places, plain ones and with the provider.
func (r *readers) inCluster() []func(context.Context) {
	var out []func(context.Context)
	for _, root := range []string{"inplace", "rolling"} {
		for _, app := range r.apps {
			last := int64(0)
			look := func(ctx context.Context) { last = r.inObject(ctx, root, app, last) }
			out = append(out, func(ctx context.Context) { r.every(ctx, look) })
			out = append(out, func(ctx context.Context) { r.provided(ctx, app, source{r.kube, root, app}) })
		}
	}
	return out
}

// inObject reads as a plain client does, and returns the entry that it goes on with.
func (r *readers) inObject(ctx context.Context, root, app string, last int64) int64 {
	m, head, err := r.kube.read(ctx, root, app)
	r.reads.Add(1)
	if err == nil {
		_, err = m.whole(head, r.keys)
	}
	switch {
	case err == nil && head.Seq >= last:
		return head.Seq
	case r.tampering.Load():
		r.refused.Add(1)
	case err == nil || errors.Is(err, errUntrue) || errors.Is(err, integrations.ErrHead) || errors.Is(err, fs.ErrNotExist) || strings.HasPrefix(err.Error(), "torn"):
		r.report("%s at %s: entry %d after entry %d: %v", app, root, head.Seq, last, err)
	default:
		r.silent.Add(1)
	}
	return last
}

// applies is the apply that changes an object; the dry one before it is not.
func applies(object string) func([]byte) bool {
	line := []byte("PATCH /api/v1/namespaces/development/configmaps/" + object + "?")
	return func(sent []byte) bool {
		first, _, _ := bytes.Cut(sent, []byte("\r\n"))
		return bytes.HasPrefix(first, line) && bytes.Contains(first, []byte("force=true")) && !bytes.Contains(first, []byte("dryRun"))
	}
}

func creates(sent []byte) bool {
	return bytes.HasPrefix(sent, []byte("POST /api/v1/namespaces/development/configmaps?"))
}

// clusterSteps are all steps from a merge request that landed to the entry that says it is live.
var clusterSteps = []workStep{
	{"ledger", "before the admission is pushed", small, pushes, 0, false, false},
	{"ledger", "the admission is pushed, its answer on the way", small, pushes, 0, true, false},
	{"inplace", "before the object changes", many, applies("many-config"), 0, false, false},
	{"inplace", "after the object changed", small, applies("small-config"), 0, true, false},
	{"rolling", "before the new object", small, creates, 0, false, false},
	{"rolling", "the new object is there, before the pointer", many, applies("many-rolling"), 0, false, false},
	{"rolling", "after the pointer", small, applies("small-rolling"), 0, true, false},
	{"ledger", "before the deliveries are pushed", small, pushes, 1, false, false},
	{"ledger", "the deliveries are pushed, their answer on the way", small, pushes, 1, true, false},
}

// clusterFaults are what happens to the network, the server and the objects.
func clusterFaults() []fault {
	changed := "a new value of small"
	one := []string{small}
	return []fault{
		{name: "the network swallows everything from the change on, and delivers it late", where: "inplace", asked: changed, apps: one, more: true, outcome: "recorded as not delivered; then written once", play: func(f *faults) {
			r := f.replica("one")
			f.run(r, false)
			f.trap.arm(spring{on: applies("small-config"), before: func(w *wire) bool { r.hold(true); return w.passes() }})
			f.recorded(small, f.bring(small), string(integrations.CodeUnavailable))
			r.hold(false)
		}},
		{name: "the change is delayed by the network until a newer one is live", where: "inplace", asked: "a value, and a newer one meanwhile", apps: one, outcome: "the late one is refused", play: func(f *faults) {
			f.late(small, applies("small-config"))
		}},
		{name: "the pointer is delayed by the network until a newer one is live", where: "rolling", asked: "a value, and a newer one meanwhile", apps: one, more: true, outcome: "the late one is refused", play: func(f *faults) {
			f.late(small, applies("small-rolling"))
		}},
		{name: "the connection breaks within the change", where: "inplace", asked: changed, apps: one, more: true, outcome: "sent again; written once", play: func(f *faults) {
			f.run(f.replica("one"), false)
			f.trap.arm(spring{on: applies("small-config"), part: 300})
			f.bring(small)
		}},
		{name: "the pointer arrives, its answer does not, and all connections break", where: "rolling", asked: changed, apps: one, outcome: "found by reading, written once", play: func(f *faults) {
			r := f.replica("one")
			f.run(r, false)
			f.at(workStep{where: "rolling", app: small, on: applies("small-rolling"), after: true}, func(*wire) { r.cut() }, true)
			f.bring(small)
		}},
		{name: "the API server is killed between the new object and its pointer", where: "rolling", asked: changed, apps: one, outcome: "the pointer follows when it is back; nothing is made twice", play: func(f *faults) {
			f.serverDies(applies("small-rolling"), f.kube.Kill, f.kube.Restart)
		}},
		{name: "the API server's etcd is killed before the object changes", where: "inplace", asked: changed, apps: one, more: true, outcome: "written when it is back, once", play: func(f *faults) {
			f.serverDies(applies("small-config"), f.kube.Etcd.Kill, f.kube.Etcd.Restart)
		}},
		{name: "the API server restarts without the history that a watch needs, and objects are changed meanwhile", where: "inplace, rolling", asked: "edits by hand", again: true, outcome: "found by reading again; healed and recorded", play: func(f *faults) {
			r := f.replica("one")
			f.run(r, false)
			f.awaitLive(small, f.bring(small)) // and the watch is there
			f.equal()
			r.hold(true)
			f.byHand(func() { f.vandaliseCluster(); f.compact() })
			f.kube.Restart()
			r.cut()
			r.hold(false)
			f.healed(vandalisedCluster...)
		}},
		{name: "objects are changed and deleted while no reconciler runs", where: "inplace, rolling", asked: "edits by hand", more: true, again: true, outcome: "healed at the start, and recorded", play: func(f *faults) {
			f.byHand(f.vandaliseCluster)
			f.run(f.replica("one"), false)
			f.healed(vandalisedCluster...)
		}},
		{name: "an older release that sluice signed is put back while Git and API are away", where: "inplace", asked: "an edit by hand", again: true, outcome: "healed without them, recorded later; nobody goes back", play: (*faults).oldInCluster},
	}
}

// serverDies lets something die when a change is sent, and come back once it is recorded that nothing was delivered.
func (f *faults) serverDies(on func([]byte) bool, die, back func()) {
	f.t.Helper()
	f.run(f.replica("one"), false)
	gone := make(chan *replica, 1)
	f.trap.arm(spring{on: on, before: func(w *wire) bool { die(); gone <- w.of; return true }})
	c := f.bring(small)
	f.caught(gone, workStep{what: "what the server was to get"})
	f.recorded(small, c, string(integrations.CodeUnavailable))
	back()
}

// change puts values into the data of an object by hand; nil takes a key away.
func (f *faults) change(object string, data map[string]any) {
	f.t.Helper()
	patch, err := json.Marshal(map[string]any{"data": data})
	f.check(err)
	_, err = f.kube.do(f.t.Context(), http.MethodPatch, "/development/configmaps/"+object, "application/merge-patch+json", patch)
	f.check(err)
}

func (f *faults) remove(object string) {
	f.t.Helper()
	_, err := f.kube.do(f.t.Context(), http.MethodDelete, "/development/configmaps/"+object, "application/json", nil)
	f.check(err)
}

// vandaliseCluster changes a value, a head, and deletes what is pointed to, and a pointer.
func (f *faults) vandaliseCluster() {
	f.t.Helper()
	f.change("small-config", map[string]any{"app.yaml": "by: hand\n"})
	f.change("many-config", map[string]any{".sluice.json": "by hand", "f130": nil})
	pointer, err := f.kube.get(f.t.Context(), "small-rolling")
	f.check(err)
	f.remove(pointer.Data["current"])
	f.remove("many-rolling")
}

var vandalisedCluster = []string{"small inplace", "many inplace", "small rolling", "many rolling"}

func (f *faults) oldInCluster() {
	old, err := f.kube.get(f.t.Context(), "small-config")
	f.check(err)
	f.run(f.replica("one"), false)
	f.awaitLive(small, f.bring(small))
	f.equal()
	f.forge.Down(true)
	f.byHand(func() {
		data := map[string]any{}
		for key, value := range old.Data {
			data[key] = value
		}
		f.change("small-config", data)
	})
	f.awaitLive(small, f.last[small])
	f.forge.Down(false)
	f.healed("small inplace")
}
