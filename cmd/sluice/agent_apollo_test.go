package main

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/agent/apollo"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// apolloOf serves one release of pay with a certificate.
func apolloOf(t *testing.T, certificate string) *pageServer {
	t.Helper()
	source := providertest.New(map[string]any{"app.yaml": map[string]any{"port": 8080}})
	p, err := provider.Open(t.Context(), source.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	handler := apollo.New(apollo.Options{Stage: providertest.Stage, Apps: []string{"pay"}, Anonymous: true})
	if errs := handler.Publish("pay", p.Snapshot()); len(errs) > 0 {
		t.Fatal(errs)
	}
	server, err := agentFlags{apollo: "127.0.0.1:0", apolloCert: certificate, apolloKey: certificate}.apolloServer(handler)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.serve(t.Context(), slog.New(slog.DiscardHandler)) }()
	return server
}

// asks is an Apollo client that believes one authority, and its answer; empty where it got none.
func (a authority) asks(server *pageServer) string {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.pool}}
	client := http.Client{Timeout: 30 * time.Second, Transport: transport}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + server.listener.Addr().String() + "/configs/pay/default/application")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// TestApolloIsAnsweredOverHTTPS to clients that believe the certificate, which may be renewed while the agent runs.
func TestApolloIsAnsweredOverHTTPS(t *testing.T) {
	dir := t.TempDir()
	before, after := newAuthority(t, dir, "before"), newAuthority(t, dir, "after")
	file := filepath.Join(dir, "served.pem")
	use := func(a authority) {
		text, err := os.ReadFile(a.pem)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	use(before)
	server := apolloOf(t, file)
	if got := before.asks(server); !strings.Contains(got, `"port":"8080"`) {
		t.Errorf("a client that believes the certificate gets %q", got)
	}
	if got := after.asks(server); got != "" {
		t.Errorf("one that believes another gets %q", got)
	}
	resp, err := http.Get("http://" + server.listener.Addr().String() + "/configs/pay/default/application")
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("one without TLS gets an answer")
		}
	}
	use(after)
	if got := after.asks(server); !strings.Contains(got, `"port":"8080"`) {
		t.Errorf("with the renewed certificate it gets %q", got)
	}
	if got := before.asks(server); got != "" {
		t.Errorf("the certificate of before is still served: %q", got)
	}
}

// TestACertificateThatCannotBeReadIsSaidAtTheStart and not at the first connection.
func TestACertificateThatCannotBeReadIsSaidAtTheStart(t *testing.T) {
	f := agentFlags{apollo: "127.0.0.1:0", apolloCert: "/nowhere/cert.pem", apolloKey: "/nowhere/key.pem"}
	_, err := f.apolloServer(apollo.New(apollo.Options{}))
	if err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), "--apollo-tls-cert: open /nowhere/cert.pem") {
		t.Errorf("got %v", err)
	}
}

// TestWhoseNameApolloAnswersTo: without a key it is this machine's alone, whatever its name leads to.
func TestWhoseNameApolloAnswersTo(t *testing.T) {
	keys := apollo.Keys{"pay": {"0123456789abcdef"}}
	for _, row := range []struct {
		sentence string
		flags    agentFlags
		keys     apollo.Keys
		host     string
		want     int
	}{
		{"this machine", agentFlags{}, nil, "localhost:8080", 200},
		{"another name for it", agentFlags{}, nil, "evil.example.com:8080", 421},
		{"a name that is given", agentFlags{apolloNames: []string{"config"}}, nil, "config:8080", 200},
		{"one that is not", agentFlags{apolloNames: []string{"config"}, anonymous: true}, keys, "evil.example.com", 421},
		{"everybody may ask", agentFlags{anonymous: true}, nil, "config.example.com", 200},
		{"who asks has a key", agentFlags{}, keys, "config.example.com", 200},
	} {
		answer := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), "GET", "http://"+row.host+"/services/config", nil)
		apollo.New(row.flags.apolloOptions(row.keys)).ServeHTTP(answer, request)
		if answer.Code != row.want {
			t.Errorf("%s: %s is answered with %d, want %d", row.sentence, row.host, answer.Code, row.want)
		}
	}
}
