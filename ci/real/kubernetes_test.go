package real_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// TestKubernetes: what was written is there again after a kill and a restart at the same address.
func TestKubernetes(t *testing.T) {
	server := real.Kubernetes(t)
	const objects = "/api/v1/namespaces/shop/configmaps"
	if status, answer := server.Ask(http.MethodPost, "/api/v1/namespaces", `{"metadata":{"name":"shop"}}`); status != http.StatusCreated {
		t.Fatalf("make the namespace: %d %s", status, answer)
	}
	if status, answer := server.Ask(http.MethodPost, objects, `{"metadata":{"name":"pay"},"data":{"key":"value"}}`); status != http.StatusCreated {
		t.Fatalf("make the object: %d %s", status, answer)
	}
	server.Kill()
	server.Restart()
	if _, got := server.Ask(http.MethodGet, objects+"/pay", ""); !strings.Contains(got, `"key":"value"`) {
		t.Errorf("got %s, want what was written before the kill", got)
	}
}
