package etcd_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

func TestErrorsOfConnectionsNameTheEndpointAndTheCause(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	gone := "http://" + real.FreeAddress(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	mute := "http://" + silent.Addr().String()
	other := func(endpoint, from, to string) string { return to + strings.TrimPrefix(endpoint, from) }
	for _, row := range []struct {
		sentence, endpoint string
		class              error
		says               []string
	}{
		{"a port that nobody listens on", gone, integrations.ErrUnavailable, []string{gone, "connection refused"}},
		{"https to a server that speaks http", other(plain.URL, "http", "https"), integrations.ErrSettings, []string{other(plain.URL, "http", "https"), "does not speak TLS"}},
		{"http to a server that speaks https", other(secure.URL, "https", "http"), integrations.ErrSettings, []string{other(secure.URL, "https", "http"), "speaks TLS: write https"}},
		{"a certificate of nobody whom we know", secure.URL, integrations.ErrSettings, []string{secure.URL, "unknown authority"}},
		{"a server that takes connections and says nothing", mute, integrations.ErrUnavailable, []string{mute, "no answer in time"}},
	} {
		_, err = connect(t, map[string]string{"endpoints": row.endpoint, "timeout": "300ms"}).Read(t.Context(), release(1, "a"))
		var got *integrations.Error
		if !errors.As(err, &got) || !errors.Is(err, row.class) {
			t.Errorf("%s: got %v, want class %v", row.sentence, err, row.class)
			continue
		}
		for _, want := range row.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in %q", row.sentence, want, err)
			}
		}
	}
}
