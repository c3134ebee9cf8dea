package real

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A KubernetesServer is a real kube-apiserver on loopback with an etcd of its own; both die with their test. There are no
// controllers and no nodes: objects are stored, checked, watched and guarded by RBAC, and nothing acts on them.
type KubernetesServer struct {
	URL    string // https://127.0.0.1:PORT, the same after a Restart
	CAFile string // who signed its certificate
	// TokenFile holds the token of an administrator (group system:masters). Tokens with fewer rights are those of service
	// accounts, which the API makes.
	TokenFile string
	Etcd      *EtcdServer // what it keeps its objects in

	t    testing.TB
	args []string
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

// Kubernetes starts an API server on an empty etcd and returns when it is ready: 3 s and 300 MB, so a package's tests should
// share one (see [Lasting]). Namespaces have to be made, and so does everything else.
func Kubernetes(t testing.TB) *KubernetesServer {
	t.Helper()
	program, dir, address := Binary(t, "kube-apiserver"), t.TempDir(), FreeAddress(t)
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := writeIdentity(dir); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	s := &KubernetesServer{URL: "https://" + address, CAFile: file("ca.pem"), TokenFile: file("token"), Etcd: Etcd(t), t: t}
	s.args = []string{
		program, "--etcd-servers=" + s.Etcd.Endpoint, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=" + port,
		"--endpoint-reconciler-type=none", "--tls-cert-file=" + file("server.pem"), "--tls-private-key-file=" + file("server.key"),
		"--token-auth-file=" + file("tokens.csv"), "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
		"--service-account-issuer=https://kubernetes.test", "--service-account-key-file=" + file("accounts.key"),
		"--service-account-signing-key-file=" + file("accounts.key"), "--service-cluster-ip-range=10.0.0.0/24",
	}
	s.Restart()
	return s
}

// Pid is the API server's process, for signals; 0 when it was killed.
func (s *KubernetesServer) Pid() int {
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Kill ends the API server as a power cut would; its etcd runs on.
func (s *KubernetesServer) Kill() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	kill(s.cmd)
	_ = s.cmd.Wait() // the error says that it was killed
	s.cmd = nil
}

// Restart kills the API server if it runs, and starts it on the same etcd and address.
func (s *KubernetesServer) Restart() {
	s.t.Helper()
	s.Kill()
	s.cmd, s.log = exec.Command(s.args[0], s.args[1:]...), &bytes.Buffer{}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	Start(s.t, s.cmd)
	s.awaitReady()
}

// Token is the administrator's.
func (s *KubernetesServer) Token() string {
	s.t.Helper()
	token, err := os.ReadFile(s.TokenFile)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(token)
}

// Ask sends one request as the administrator and returns its answer, for tests that want no client library: a JSON body, or
// a merge patch where the method is PATCH.
func (s *KubernetesServer) Ask(method, path, body string) (status int, answer string) {
	s.t.Helper()
	client := s.client()
	request, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.Token())
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// client leaves nothing open: tests that use this look for leaked goroutines.
func (s *KubernetesServer) client() *http.Client {
	s.t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
}

// awaitReady gives the server a minute: a loaded machine is slow, a broken one should not hang the test.
func (s *KubernetesServer) awaitReady() {
	s.t.Helper()
	client := s.client()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		answer, err := client.Get(s.URL + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.Kill() // so that nobody writes to the log while it is read
	s.t.Fatalf("the API server at %s is not ready after a minute:\n%s", s.URL, s.log)
}
