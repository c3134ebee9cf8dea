package real_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// TestKubernetes: what was written is there again after a kill and a restart at the same address.
func TestKubernetes(t *testing.T) {
	server := real.Kubernetes(t)
	const maps = "/api/v1/namespaces/default/configmaps"
	ask(t, server, "POST", "/api/v1/namespaces", `{"metadata":{"name":"default"}}`)
	ask(t, server, "POST", maps, `{"metadata":{"name":"pay"},"data":{"key":"value"}}`)
	server.Kill()
	server.Restart()
	if got := ask(t, server, "GET", maps+"/pay", ""); !strings.Contains(got, `"key":"value"`) {
		t.Errorf("got %s, want what was written before the kill", got)
	}
}

func ask(t *testing.T, server *real.KubernetesServer, method, path, body string) string {
	t.Helper()
	pem, err := os.ReadFile(server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+server.Token())
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 && answer.StatusCode != http.StatusConflict {
		t.Fatalf("%s %s: %s, %v\n%s", method, path, answer.Status, err, text)
	}
	return string(text)
}
