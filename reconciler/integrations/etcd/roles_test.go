package etcd_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// ctl runs etcdctl as whoever has the certificate.
func ctl(t *testing.T, endpoint string, ca, who pair, program string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+endpoint, "ETCDCTL_CACERT="+ca.cert, "ETCDCTL_CERT="+who.cert, "ETCDCTL_KEY="+who.key,
		"PATH="+strings.TrimSuffix(real.Binary(t, "etcdctl"), "/etcdctl")+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestLeastPrivilege sets a server with TLS up as examples/deploy/etcd says, and reads the mirror with a client that nobody
// here wrote.
func TestLeastPrivilege(t *testing.T) {
	etcdctl := real.Binary(t, "etcdctl")
	ca := authority(t)
	server, root, sluice, shop, nobody := ca.issue(t, "server"), ca.issue(t, "root"), ca.issue(t, "sluice"), ca.issue(t, "production-pay"), ca.issue(t, "nobody")
	endpoint := "https://" + started(t, "https", func(config *embed.Config) {
		config.ClientTLSInfo.CertFile, config.ClientTLSInfo.KeyFile = server.cert, server.key
		config.ClientTLSInfo.TrustedCAFile, config.ClientTLSInfo.ClientCertAuth = ca.cert, true
	})
	for _, command := range [][]string{
		{etcdctl, "user", "add", "root", "--no-password"},
		{etcdctl, "user", "grant-role", "root", "root"},
		{"../../../examples/deploy/etcd/roles.sh", "production", "pay", "payments/ledger"},
		{"../../../examples/deploy/etcd/roles.sh", "production", "pay"},
		{etcdctl, "user", "add", "robot", "--new-user-password", "s3cret"},
		{etcdctl, "user", "grant-role", "robot", "sluice"},
		{etcdctl, "auth", "enable"},
	} {
		if out, err := ctl(t, endpoint, ca, root, command[0], command[1:]...); err != nil {
			t.Fatalf("%q: %v\n%s", command, err, out)
		}
	}
	settings := func(who pair) map[string]string {
		return map[string]string{"endpoints": endpoint, "ca_file": ca.cert, "cert_file": who.cert, "key_file": who.key}
	}
	want := mirrored(1, "files", map[string]string{"app.yaml": "limit: 8000\n"})
	write(t, connect(t, settings(sluice)), want)
	robot := settings(nobody)
	robot["username"], robot["password_file"] = "robot", file(t, "password", "s3cret\n")
	want.Seq = 2
	write(t, connect(t, robot), want)
	if _, err := connect(t, settings(nobody)).Write(t.Context(), want); !errors.Is(err, integrations.ErrForbidden) {
		t.Errorf("a certificate that is no user's: got %v, want ErrForbidden", err)
	}
	if _, err := connect(t, settings(shop)).Read(t.Context(), want); err != nil {
		t.Errorf("the app reads: %v", err)
	}
	const dir = "/config/production/pay/"
	for _, row := range []struct {
		sentence string
		who      pair
		args     []string
		want     string // of what is printed; "denied" for a refusal
	}{
		{"the app reads a plain key", shop, []string{"get", "--print-value-only", dir + "kv/app.yaml"}, "limit: 8000\n"},
		{"the app lists its keys", shop, []string{"get", "--prefix", "--keys-only", dir + "kv/"}, dir + "kv/_complete"},
		{"the app reports", shop, []string{"put", dir + "consumers/pod-1", "x"}, "OK"},
		{"the app changes its configuration", shop, []string{"put", dir + "kv/app.yaml", "x"}, "denied"},
		{"the app changes its head", shop, []string{"del", dir + "head"}, "denied"},
		{"the app reads another one's", shop, []string{"get", "/config/production/payments/ledger/head"}, "denied"},
		{"the app compacts", shop, []string{"compaction", "1"}, "denied"},
		{"the reconciler writes elsewhere", sluice, []string{"put", "/other", "x"}, "denied"},
		{"the reconciler makes users", sluice, []string{"user", "add", "x", "--no-password"}, "denied"},
	} {
		out, err := ctl(t, endpoint, ca, row.who, etcdctl, row.args...)
		if (err != nil) != (row.want == "denied") || !strings.Contains(out, row.want) {
			t.Errorf("%s: got %q, %v, want %q", row.sentence, out, err, row.want)
		}
	}
}
