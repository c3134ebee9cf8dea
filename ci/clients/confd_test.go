package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestConfd renders a file of the mirror, with the newest confd; what it was made of in 2018 is pinned in a module of its own.
func TestConfd(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "confd")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/kelseyhightower/confd")
	build.Dir, build.Env = "confd", append(os.Environ(), "GOFLAGS=-mod=readonly", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		if os.Getenv("SLUICE_REAL") != "required" {
			t.Skipf("SKIPPED, NOT CHECKED: confd cannot be built here: %s", out)
		}
		t.Fatalf("build confd: %v\n%s", err, out)
	}
	rendered := filepath.Join(dir, "pay.conf")
	for name, text := range map[string]string{
		"conf.d/pay.toml": "[template]\nsrc = \"pay.tmpl\"\ndest = \"" + rendered + "\"\nkeys = [\"/app.yaml\"]\n",
		"templates/pay.tmpl": `listen {{getv "/app.yaml/server/host"}}:{{getv "/app.yaml/server/port"}};` +
			`{{range getvs "/app.yaml/hosts/*"}} {{.}}{{end}}`,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t)
	for seq, port := range []string{"8080", "9090"} {
		w.admit(t, int64(seq)+1, "leaves", app(port))
		confd := exec.CommandContext(t.Context(), program, "-onetime", "-backend", "etcdv3", "-node", w.endpoint,
			"-confdir", dir, "-prefix", "/config/production/pay/kv")
		if out, err := confd.CombinedOutput(); err != nil {
			t.Fatalf("confd: %v\n%s", err, out)
		}
		if got, err := os.ReadFile(rendered); err != nil || string(got) != "listen pay.example.com:"+port+"; a b" {
			t.Errorf("entry %d: confd renders %q, %v", seq+1, got, err)
		}
	}
}
