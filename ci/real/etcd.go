package real

import (
	"bytes"
	"net/http"
	"os/exec"
	"testing"
	"time"
)

// An EtcdServer is a real etcd, on loopback, that dies with its test: alone, or a member of a cluster.
type EtcdServer struct {
	Endpoint string // http://127.0.0.1:PORT, the same after a Restart

	t    testing.TB
	args []string
	cmd  *exec.Cmd
	log  *bytes.Buffer
}

// Etcd starts etcd on an empty folder of the test and returns when it is healthy.
func Etcd(t testing.TB) *EtcdServer { t.Helper(); return startEtcd(t, "etcd") }

// PackagedEtcd is Etcd with the server that the distribution packages: older than ours, and what many have.
func PackagedEtcd(t testing.TB) *EtcdServer { t.Helper(); return startEtcd(t, "etcd-packaged") }

func startEtcd(t testing.TB, binary string) *EtcdServer {
	t.Helper()
	client, peer := "http://"+FreeAddress(t), "http://"+FreeAddress(t)
	s := member(t, binary, "real", client, peer, "real="+peer)
	s.Restart()
	return s
}

func member(t testing.TB, binary, name, client, peer, cluster string, more ...string) *EtcdServer {
	return &EtcdServer{Endpoint: client, t: t, args: append([]string{
		Binary(t, binary), "--name=" + name, "--data-dir=" + t.TempDir(), "--logger=zap", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=" + cluster,
	}, more...)}
}

// Pid is the server's process, for signals and for whoever looks into it; 0 when it was killed.
func (s *EtcdServer) Pid() int {
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Kill ends the server as a power cut would; its data stay.
func (s *EtcdServer) Kill() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	kill(s.cmd)
	_ = s.cmd.Wait() // the error says that it was killed
	s.cmd = nil
}

// Restart kills the server if it runs, and starts it on the same data and address.
func (s *EtcdServer) Restart() {
	s.t.Helper()
	s.Kill()
	s.start()
	s.awaitHealth()
}

func (s *EtcdServer) start() {
	s.t.Helper()
	s.cmd, s.log = exec.Command(s.args[0], s.args[1:]...), &bytes.Buffer{}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	Start(s.t, s.cmd)
}

// awaitHealth gives the server half a minute: a loaded machine is slow, a broken one should not hang the test.
func (s *EtcdServer) awaitHealth() {
	s.t.Helper()
	// Nothing may stay open: tests that use this look for leaked goroutines.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		answer, err := client.Get(s.Endpoint + "/health")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.Kill() // so that nobody writes to the log while it is read
	s.t.Fatalf("etcd at %s is not healthy after 30 s:\n%s", s.Endpoint, s.log)
}
