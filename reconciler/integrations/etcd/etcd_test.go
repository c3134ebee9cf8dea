package etcd_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childEnv); task != "" {
		os.Exit(child(task))
	}
	goleak.VerifyTestMain(m)
}

func TestConformanceEmbedded(t *testing.T) {
	integrationstest.TestTarget(t, fixtures(embedded(t)))
}

// TestConformanceInParts is the suite with every document beside its head.
func TestConformanceInParts(t *testing.T) {
	fixtures := fixtures(embedded(t))
	integrationstest.TestTarget(t, func(t *testing.T) integrationstest.Fixture {
		f := fixtures(t)
		f.Settings["inline"] = "0"
		delete(f.Damage, "the document changed")
		c := raw{dial(t, f.Settings["endpoints"]), f.Stage["root"]}
		part := func(r integrations.Release, name string) string {
			return c.beside(r.Cell, "rel/"+schema.DigestOf(r.Document).Hex()+"/"+name)
		}
		f.Damage["a part changed"] = func(t *testing.T, r integrations.Release) { c.put(t, part(r, "blob/0000"), "x") }
		f.Damage["a part deleted"] = func(t *testing.T, r integrations.Release) { c.del(t, part(r, "blob/0000")) }
		f.Damage["a part leased"] = func(t *testing.T, r integrations.Release) { c.lease(t, part(r, "blob/0000")) }
		f.Damage["the list of parts deleted"] = func(t *testing.T, r integrations.Release) { c.del(t, part(r, "manifest")) }
		f.Damage["the inventory deleted"] = func(t *testing.T, r integrations.Release) { c.del(t, c.beside(r.Cell, "rel/.inventory")) }
		return f
	})
}

// TestConformanceMirrored is the suite with a flat mirror beside every head.
func TestConformanceMirrored(t *testing.T) {
	fixtures := fixtures(embedded(t))
	integrationstest.TestTarget(t, func(t *testing.T) integrationstest.Fixture {
		f := fixtures(t)
		f.Stage["mirror"] = "files"
		f.Limit = 0 // see TestMirrorLimits
		c := raw{dial(t, f.Settings["endpoints"]), f.Stage["root"]}
		f.Damage["a mirrored file changed"] = func(t *testing.T, r integrations.Release) { c.put(t, c.beside(r.Cell, "kv/app.yaml"), "x") }
		f.Damage["a mirrored file deleted"] = func(t *testing.T, r integrations.Release) { c.del(t, c.beside(r.Cell, "kv/app.yaml")) }
		f.Damage["a mirrored file leased"] = func(t *testing.T, r integrations.Release) { c.lease(t, c.beside(r.Cell, "kv/app.yaml")) }
		f.Damage["the marker deleted"] = func(t *testing.T, r integrations.Release) { c.del(t, c.beside(r.Cell, "kv/_complete")) }
		f.Damage["the inventory garbled"] = func(t *testing.T, r integrations.Release) { c.put(t, c.beside(r.Cell, "rel/.inventory"), "{}") }
		f.Damage["the inventory forgets"] = func(t *testing.T, r integrations.Release) {
			c.put(t, c.beside(r.Cell, "rel/.inventory"), `{"v":1,"keys":[],"generations":[]}`)
		}
		return f
	})
}

func TestConformanceRealProcess(t *testing.T) {
	integrationstest.TestTarget(t, fixtures(process(t)))
}

// TestConformancePackaged is the suite against the distribution's server, which is years older.
func TestConformancePackaged(t *testing.T) {
	integrationstest.TestTarget(t, fixtures(real.PackagedEtcd(t).Endpoint))
}

// fixtures are places of their own in one cluster.
func fixtures(endpoint string) func(*testing.T) integrationstest.Fixture {
	var n atomic.Int32
	return func(t *testing.T) integrationstest.Fixture {
		root := fmt.Sprintf("/config/t%d", n.Add(1))
		return fixture(raw{dial(t, endpoint), root}, endpoint)
	}
}

func fixture(c raw, endpoint string) integrationstest.Fixture {
	return integrationstest.Fixture{
		Settings: map[string]string{"endpoints": endpoint, "root": "/config"},
		Stage:    map[string]string{"root": c.root},
		Open:     open,
		Limit:    etcd.MaxDocument,
		Version:  c.version,
		Reads:    c.reads,
		Put: func(t *testing.T, cell schema.Cell, key string, value []byte) string {
			c.put(t, c.beside(cell, key), string(value))
			return c.beside(cell, key)
		},
		PutCheckpoint: func(t *testing.T, project string, value []byte) {
			c.put(t, etcd.CheckpointKey("/config", project), string(value))
		},
		Get: func(t *testing.T, cell schema.Cell, key string) []byte { return c.get(t, c.beside(cell, key)) },
		Damage: map[string]func(*testing.T, integrations.Release){
			"the head deleted":     func(t *testing.T, r integrations.Release) { c.del(t, c.head(r.Cell)) },
			"the head garbled":     func(t *testing.T, r integrations.Release) { c.put(t, c.head(r.Cell), "\x00garbage") },
			"the head emptied":     func(t *testing.T, r integrations.Release) { c.put(t, c.head(r.Cell), "") },
			"the document changed": func(t *testing.T, r integrations.Release) { c.edit(t, r.Cell, `"inline":"eyJ`, `"inline":"eyI`) },
			"the fence raised":     func(t *testing.T, r integrations.Release) { c.edit(t, r.Cell, `"seq":`, `"seq":9`) },
			"the signature lost":   func(t *testing.T, r integrations.Release) { c.edit(t, r.Cell, `"sig":"`, `"sig":"AAAA`) },
			"the form changed":     func(t *testing.T, r integrations.Release) { c.edit(t, r.Cell, `{"v":1,`, `{"v":1, `) },
			"a lease attached":     func(t *testing.T, r integrations.Release) { c.lease(t, c.head(r.Cell)) },
			"an older head replayed": func(t *testing.T, r integrations.Release) {
				old := integrationstest.Release(r.Cell, 1, map[string]string{"app.yaml": "old"})
				c.put(t, c.head(r.Cell), sign(t, old))
			},
			"another cell's head": func(t *testing.T, r integrations.Release) {
				other := integrationstest.Release(integrationstest.Cell("other"), 99, map[string]string{"app.yaml": "other"})
				c.put(t, c.head(r.Cell), sign(t, other))
			},
		},
	}
}

func open(t *testing.T, spec integrations.Spec) integrations.Target {
	t.Helper()
	target, err := etcd.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// sign makes a genuine head, as the reconciler did once.
func sign(t *testing.T, r integrations.Release) string {
	t.Helper()
	head, err := integrationstest.Spec("etcd", nil).SignHead(integrations.NewBody(r, true))
	if err != nil {
		t.Fatal(err)
	}
	text, err := head.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func embedded(t *testing.T) (endpoint string) {
	t.Helper()
	server, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server.Endpoint()
}

// process starts a real etcd and waits until it answers. It picks its own port, which its log tells.
func process(t *testing.T) (endpoint string) {
	t.Helper()
	dir := t.TempDir()
	log, err := os.Create(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(real.Binary(t, "etcd"), "--data-dir", dir+"/data", "--unsafe-no-fsync",
		"--listen-client-urls", "http://127.0.0.1:0", "--advertise-client-urls", "http://127.0.0.1:0",
		"--listen-peer-urls", "http://127.0.0.1:0", "--initial-advertise-peer-urls", "http://127.0.0.1:0",
		"--initial-cluster", "default=http://127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = log, log
	real.Start(t, cmd)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		text, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		if address := served(string(text)); address != "" {
			return "http://" + address
		}
		time.Sleep(20 * time.Millisecond) // polls a log; the time says nothing
	}
	t.Fatal("etcd did not start; see its log")
	return ""
}

var serving = regexp.MustCompile(`"msg":"serving client traffic[^}]*"address":"([^"]+)"`)

func served(log string) (address string) {
	if m := serving.FindStringSubmatch(log); m != nil {
		return m[1]
	}
	return ""
}

// raw is etcd as somebody with direct access sees it.
type raw struct {
	*clientv3.Client
	root string
}

func dial(t *testing.T, endpoint string) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (c raw) head(cell schema.Cell) string { return etcd.HeadKey(c.root, cell) }

func (c raw) beside(cell schema.Cell, key string) string {
	return strings.TrimSuffix(c.head(cell), "head") + key
}

func (c raw) put(t *testing.T, key, value string) {
	t.Helper()
	if _, err := c.Put(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

func (c raw) get(t *testing.T, key string) []byte {
	t.Helper()
	response, err := c.Get(t.Context(), key)
	if err != nil || len(response.Kvs) != 1 {
		t.Fatalf("get %s: %v, %v", key, response, err)
	}
	return response.Kvs[0].Value
}

func (c raw) del(t *testing.T, key string) {
	t.Helper()
	if _, err := c.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}

func (c raw) edit(t *testing.T, cell schema.Cell, old, with string) {
	t.Helper()
	was := string(c.get(t, c.head(cell)))
	now := strings.Replace(was, old, with, 1)
	if now == was {
		t.Fatalf("%q is not in %s", old, was)
	}
	c.put(t, c.head(cell), now)
}

func (c raw) lease(t *testing.T, key string) {
	t.Helper()
	lease, err := c.Grant(t.Context(), 3600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Put(t.Context(), key, string(c.get(t, key)), clientv3.WithLease(lease.ID)); err != nil {
		t.Fatal(err)
	}
}

// version is the revision of every key of a cell.
func (c raw) version(t *testing.T, cell schema.Cell) string {
	t.Helper()
	response, err := c.Get(t.Context(), c.beside(cell, ""), clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, kv := range response.Kvs {
		fmt.Fprintln(&b, string(kv.Key), kv.ModRevision, kv.Version)
	}
	return b.String()
}
