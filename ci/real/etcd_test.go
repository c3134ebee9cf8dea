package real_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
)

// TestEtcd: what was written is there again after a kill and a restart at the same address.
func TestEtcd(t *testing.T) {
	server := real.Etcd(t)
	etcdctl(t, server, "put", "key", "value")
	server.Kill()
	server.Restart()
	if got := etcdctl(t, server, "get", "--print-value-only", "key"); got != "value" {
		t.Errorf("got %q, want the value that was written before the kill", got)
	}
}

func etcdctl(t *testing.T, server *real.EtcdServer, args ...string) string {
	t.Helper()
	out, err := exec.Command(real.Binary(t, "etcdctl"), append([]string{"--endpoints=" + server.Endpoint}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("etcdctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
