package configmap_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheServerDiesAndForgets: while it is away nothing is known and nothing is said to be; back, with the history compacted
// that a watch would need, a change made meanwhile is found.
func TestTheServerDiesAndForgets(t *testing.T) {
	d := deskOf(t)
	etcdctl := real.Binary(t, "etcdctl")
	want := d.release(1, map[string]string{"app.yaml": "a: 1"})
	d.write(t, want)
	ctx, cancel := context.WithCancel(t.Context())
	woken, ended := make(chan schema.Cell, 1000), make(chan error, 1)
	place := integrations.Place{Stage: "production", Settings: d.stage}
	go func() {
		ended <- d.Watch(ctx, []integrations.Place{place}, func(c schema.Cell) { woken <- c })
	}()
	defer func() { cancel(); <-ended }()
	await(t, woken, schema.Cell{Stage: "production"})

	d.server.Kill()
	if _, err := d.Read(t.Context(), want); !errors.Is(err, integrations.ErrUnavailable) {
		t.Errorf("read while it is away: got %v, want ErrUnavailable", err)
	}
	next := d.release(2, map[string]string{"app.yaml": "a: 2"})
	if o, err := d.Write(t.Context(), next); !errors.Is(err, integrations.ErrUnavailable) || o.Equal {
		t.Errorf("write while it is away: %+v, %v, want ErrUnavailable", o, err)
	}
	d.server.Restart()
	for range 3 { // history that nobody can ask for any more
		d.at("pay-config").put(t, "app.yaml", []byte("a: 9"))
		d.at("pay-config").put(t, "app.yaml", []byte("a: 8"))
	}
	compact(t, etcdctl, d.server.Etcd.Endpoint)
	await(t, woken, schema.Cell{Stage: "production"})
	next.Applied = true
	if o := d.write(t, next); !o.Equal || !o.Wrote {
		t.Errorf("back again: %+v", o)
	}
	await(t, woken, integrationstest.Cell("pay"))
}

func compact(t *testing.T, etcdctl, endpoint string) {
	t.Helper()
	status, err := exec.Command(etcdctl, "--endpoints="+endpoint, "put", "compaction", "now", "-w", "fields").Output()
	must(t, err)
	for line := range strings.Lines(string(status)) {
		if revision, ok := strings.CutPrefix(strings.TrimSpace(line), `"Revision" : `); ok {
			out, err := exec.Command(etcdctl, "--endpoints="+endpoint, "compact", revision).CombinedOutput()
			if err != nil {
				t.Fatalf("compact: %v\n%s", err, out)
			}
			return
		}
	}
	t.Fatalf("no revision in %s", status)
}

func await(t *testing.T, woken <-chan schema.Cell, want schema.Cell) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case got := <-woken:
			if got == want {
				return
			}
		case <-limit:
			t.Fatalf("nobody was woken for %q %q", want.Stage, want.App)
		}
	}
}

// TestAQuotaThatIsUsedUpIsNamed: it is the namespace that is full, and no right that is missing.
func TestAQuotaThatIsUsedUpIsNamed(t *testing.T) {
	d := deskOf(t, "name", "{app}")
	spec := map[string]any{"hard": map[string]any{"count/configmaps": "0"}}
	quota := map[string]any{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": map[string]any{"name": "q"}, "spec": spec}
	d.make(t, resource("resourcequotas"), d.stage["namespace"], quota)
	status := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": map[string]any{"name": "q"},
		"status": map[string]any{"hard": spec["hard"], "used": map[string]any{"count/configmaps": "0"}}}}
	_, err := d.in(resource("resourcequotas"), d.stage["namespace"]).ApplyStatus(t.Context(), "q", status, metav1.ApplyOptions{FieldManager: "human"})
	must(t, err)
	// No controller counts here, and the server learns of a quota as everybody does.
	limit := time.After(time.Minute)
	for n := 0; ; n++ {
		want := release(schema.App(fmt.Sprintf("app-%d", n)), 1, map[string]string{"app.yaml": "a: 1"})
		want.Settings = d.stage
		_, err := d.Write(t.Context(), want)
		if errors.Is(err, integrations.ErrFull) {
			if said := (*integrations.Error)(nil); !errors.As(err, &said) || said.Refused == nil || said.Refused.What != "quota q allows count/configmaps=0" {
				t.Errorf("%v does not name the quota and what it allows", err)
			}
			return
		}
		must(t, err)
		select {
		case <-limit:
			t.Fatal("the quota is not in force")
		default:
		}
	}
}

// TestACrashBetweenReleaseAndPointer: what was made is used, and nothing is made twice.
func TestACrashBetweenReleaseAndPointer(t *testing.T) {
	d := deskOf(t, "mode", "rolling")
	first := d.release(1, map[string]string{"app.yaml": "a: 1"})
	d.write(t, first)
	before := d.at("pay-config").get(t)
	second := d.release(2, map[string]string{"app.yaml": "a: 2"})
	d.write(t, second)
	name := string(d.at("pay-config").data(t)["current"])
	d.at("pay-config").again(t, func(o *unstructured.Unstructured) {
		*o = *before
		o.SetResourceVersion("")
		o.SetUID("")
		o.SetManagedFields(nil)
	})
	if o, err := d.Read(t.Context(), second); err != nil || o.Equal || o.Seq != 1 {
		t.Fatalf("before the pointer: %+v, %v", o, err)
	}
	second.Applied = true
	d.write(t, second)
	if got := string(d.at("pay-config").data(t)["current"]); got != name || len(d.left(t)) != 2 {
		t.Errorf("the pointer names %s of %v, want %s", got, d.left(t), name)
	}
}
