package etcd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUsers(t *testing.T) {
	endpoint := embedded(t)
	admin := dial(t, endpoint)
	ctx := t.Context()
	for _, step := range []func() error{
		func() error { _, err := admin.UserAdd(ctx, "root", "r"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "root", "root"); return err },
		func() error { _, err := admin.RoleAdd(ctx, "sluice"); return err },
		func() error {
			_, err := admin.RoleGrantPermission(ctx, "sluice", "/config/", clientv3.GetPrefixRangeEnd("/config/"), clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		},
		func() error { _, err := admin.UserAdd(ctx, "sluice", "s3cret"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "sluice", "sluice"); return err },
		func() error { _, err := admin.AuthEnable(ctx); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	password := file(t, "password", "s3cret\n")
	write(t, connect(t, map[string]string{"endpoints": endpoint, "username": "sluice", "password_file": password}), release(1, "a"))
	for what, settings := range map[string]map[string]string{
		"nobody":                  {},
		"a wrong password":        {"username": "sluice", "password_file": file(t, "password", "guess")},
		"a root that is not ours": {"username": "sluice", "password_file": password, "root": "/other"},
	} {
		settings["endpoints"] = endpoint
		target := connect(t, settings)
		if _, err := target.Write(t.Context(), release(2, "b")); !errors.Is(err, integrations.ErrForbidden) || integrations.Code(err) != integrations.CodeForbidden {
			t.Errorf("%s: got %v, want ErrForbidden", what, err)
		}
		places := []integrations.Place{{Stage: "production"}}
		if err := target.Watch(t.Context(), places, nil); !errors.Is(err, integrations.ErrForbidden) {
			t.Errorf("%s: watch: got %v, want ErrForbidden", what, err)
		}
	}
}

func TestCertificates(t *testing.T) {
	ca := authority(t)
	server, client := ca.issue(t, "server"), ca.issue(t, "client")
	endpoint := secure(t, ca, server)
	other := authority(t)
	write(t, connect(t, map[string]string{"endpoints": endpoint, "ca_file": ca.cert, "cert_file": client.cert, "key_file": client.key}), release(1, "a"))
	for what, settings := range map[string]map[string]string{
		"a server that nobody we know vouches for": {"ca_file": other.cert, "cert_file": client.cert, "key_file": client.key},
		"the system's authorities":                 {"cert_file": client.cert, "key_file": client.key},
		"no client certificate":                    {"ca_file": ca.cert},
	} {
		settings["endpoints"], settings["timeout"] = endpoint, "300ms"
		want := integrations.ErrSettings
		if settings["ca_file"] == ca.cert {
			want = integrations.ErrUnavailable // the server does not say what it misses before it is asked for something
		}
		if _, err := connect(t, settings).Write(t.Context(), release(2, "b")); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	endpoint := "http://" + real.FreeAddress(t)
	target := connect(t, map[string]string{"endpoints": endpoint, "timeout": "100ms"})
	if _, err := target.Read(t.Context(), release(1, "a")); !errors.Is(err, integrations.ErrUnavailable) {
		t.Errorf("read: got %v, want ErrUnavailable", err)
	}
	if _, err := target.Write(t.Context(), release(1, "a")); !errors.Is(err, integrations.ErrUnavailable) {
		t.Errorf("write: got %v, want ErrUnavailable", err)
	}
	err := target.Reach(t.Context())
	if !errors.Is(err, integrations.ErrUnavailable) || !strings.Contains(err.Error(), endpoint+": connection refused") {
		t.Errorf("reach: got %v, want the endpoint, and that it refused", err)
	}
}

func TestReach(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	there, away := "http://"+listener.Addr().String(), "http://127.0.0.1:1"
	ca := authority(t)
	secured := secure(t, ca, ca.issue(t, "server"))
	for _, row := range []struct {
		sentence string
		settings map[string]string
		want     []string
	}{
		{"one endpoint of two answers", map[string]string{"endpoints": away + "," + there}, nil},
		{"none of two answers", map[string]string{"endpoints": away + ",http://localhost:1"}, []string{away + ": ", "http://localhost:1: ", "refused"}},
		{"the certificate is of those we know", map[string]string{"endpoints": secured, "ca_file": ca.cert}, nil},
		{"the certificate is of nobody we know", map[string]string{"endpoints": secured, "ca_file": authority(t).cert}, []string{secured + ": ", "certificate"}},
	} {
		err := connect(t, row.settings).Reach(t.Context())
		if (err == nil) != (row.want == nil) {
			t.Errorf("%s: got %v", row.sentence, err)
		}
		for _, part := range row.want {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not in: %v", row.sentence, part, err)
			}
		}
	}
}

func TestEmbeddedKeepsItsData(t *testing.T) {
	dir := t.TempDir()
	for n := range int64(2) {
		server, err := etcd.StartEmbedded(dir, etcd.EmbeddedOptions{})
		if err != nil {
			t.Fatal(err)
		}
		target := connect(t, map[string]string{"endpoints": server.Endpoint()})
		if o, err := target.Read(t.Context(), release(1, "a")); err != nil || o.Equal != (n == 1) {
			t.Errorf("start %d: %+v, %v", n, o, err)
		}
		write(t, target, release(1, "a"))
		if second, err := etcd.StartEmbedded(dir, etcd.EmbeddedOptions{}); err == nil {
			second.Close()
			t.Error("two servers on one directory")
		}
		if err := target.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	}
}

func TestEmbeddedStaysOnTheMachine(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", "192.0.2.1:2379", "example.com:2379", ":0", "127.0.0.1"} {
		if server, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{Listen: listen}); err == nil {
			server.Close()
			t.Errorf("%s: accepted", listen)
		}
	}
}

// pair are the files of a certificate and its key.
type pair struct {
	cert, key string
	parsed    *x509.Certificate
	private   *ecdsa.PrivateKey
}

func authority(t *testing.T) pair { return pair{}.issue(t, "authority") }

// issue signs a certificate; the empty pair signs its own.
func (p pair) issue(t *testing.T, name string) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true, IsCA: p.parsed == nil, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := p.parsed, p.private
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		cert:   file(t, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		key:    file(t, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))),
		parsed: parsed, private: key,
	}
}

// secure is a server that speaks TLS alone and asks for a client's certificate.
func secure(t *testing.T, ca, server pair) (endpoint string) {
	t.Helper()
	return "https://" + started(t, "https", func(config *embed.Config) {
		config.ClientTLSInfo.CertFile, config.ClientTLSInfo.KeyFile = server.cert, server.key
		config.ClientTLSInfo.TrustedCAFile, config.ClientTLSInfo.ClientCertAuth = ca.cert, true
	})
}

// small is a server with little room.
func small(t *testing.T, quota int64) (endpoint string) {
	t.Helper()
	return "http://" + started(t, "http", func(config *embed.Config) { config.QuotaBackendBytes = quota })
}

// started is an embedded server that the reconciler's own options do not make.
func started(t *testing.T, scheme string, set func(*embed.Config)) (address string) {
	t.Helper()
	here, peer := url.URL{Scheme: scheme, Host: "127.0.0.1:0"}, url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config := embed.NewConfig()
	config.Dir = t.TempDir()
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{here}, []url.URL{here}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	config.UnsafeNoFsync, config.TickMs, config.ElectionMs = true, 10, 100
	config.EnableGRPCGateway = false
	set(config)
	server, err := embed.StartEtcd(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	<-server.Server.ReadyNotify()
	return server.Clients[0].Addr().String()
}
