package configmap_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
)

// A gateway stands before the API server. When a client changes an object whose path contains on, by a request whose query
// contains how, what is to happen before the server has it is called, once.
type gateway struct {
	on, how string
	before  func()
	called  atomic.Bool
}

// settings are the operator's for a target that goes through the gateway.
func (g *gateway) settings(t *testing.T, c cluster) map[string]string {
	t.Helper()
	server, err := url.Parse(c.server.URL)
	must(t, err)
	text, err := os.ReadFile(c.server.CAFile)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	onward := httputil.NewSingleHostReverseProxy(server)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	onward.Transport = transport
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, g.on) && strings.Contains(r.URL.RawQuery, g.how) && r.URL.Query().Get("dryRun") == "" && g.called.CompareAndSwap(false, true) {
			g.before()
		}
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { front.CloseClientConnections(); front.Close(); transport.CloseIdleConnections() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), 0o600))
	settings := c.settings()
	settings["endpoints"], settings["ca_file"] = front.URL, ca
	return settings
}

// TestAnObjectIsFencedAtTheMomentOfTheWrite: a newer release gets there after the object was looked at and before it changes.
func TestAnObjectIsFencedAtTheMomentOfTheWrite(t *testing.T) {
	for _, mode := range []string{"inplace", "rolling"} {
		t.Run(mode, func(t *testing.T) {
			other := deskOf(t, "mode", mode)
			other.write(t, other.release(1, map[string]string{"app.yaml": "old"}))
			newer := other.release(3, map[string]string{"app.yaml": "newer"})
			g := &gateway{on: "/configmaps/pay-config", how: "force=true", before: func() { other.write(t, newer) }}
			late := &desk{cluster: other.cluster, stage: other.stage, log: &bytes.Buffer{}, now: other.now}
			late.open(t, g.settings(t, other.cluster))
			if o, err := late.Write(t.Context(), late.release(2, map[string]string{"app.yaml": "x"})); !errors.Is(err, integrations.ErrFenced) {
				t.Errorf("got %+v, %v, want ErrFenced", o, err)
			}
			if !g.called.Load() {
				t.Fatal("nothing was changed through the gateway")
			}
			if o, err := other.Read(t.Context(), newer); err != nil || !o.Equal {
				t.Errorf("the newer release: %+v, %v", o, err)
			}
		})
	}
}

// TestACheckpointIsFencedAtTheMomentOfTheWrite: a larger one is kept after the object was looked at and before it changes.
func TestACheckpointIsFencedAtTheMomentOfTheWrite(t *testing.T) {
	c := serverOf(t)
	const project = "fenced-0123456789abcdef"
	keeper := func(settings map[string]string) integrations.Keeper {
		return openKeeper(t, integrationstest.Spec("configmap", settings)).(integrations.Keeper)
	}
	at := func(size int64) []byte {
		return integrationstest.Checkpoint(t, project, size, "a", integrationstest.Key())
	}
	settings := c.settings()
	settings["checkpoints"] = c.namespace(t)
	other := keeper(settings)
	keep := func(size int64) {
		if _, err := other.KeepCheckpoint(t.Context(), project, at(size)); err != nil {
			t.Errorf("keep %d: %v", size, err)
		}
	}
	keep(1)
	g := &gateway{on: "/configmaps/sluice-checkpoint-", before: func() { keep(3) }}
	through := g.settings(t, c)
	through["checkpoints"] = settings["checkpoints"]
	if wrote, err := keeper(through).KeepCheckpoint(t.Context(), project, at(2)); wrote || !g.called.Load() {
		t.Errorf("wrote %v, %v; asked the server: %v", wrote, err, g.called.Load())
	}
	if there, err := other.Checkpoint(t.Context(), project); err != nil || !bytes.Equal(there, at(3)) {
		t.Errorf("%q is there, %v; want the larger one", there, err)
	}
}
