package provider_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// TestVectors ties this reader to the writer: the heads and documents that every implementation reads alike.
func TestVectors(t *testing.T) {
	heads, err := filepath.Glob("../integrations/testdata/heads/*.json")
	if err != nil || len(heads) < 4 {
		t.Fatalf("%d vectors, %v", len(heads), err)
	}
	text, err := os.ReadFile("../integrations/testdata/heads/key.pub")
	if err != nil {
		t.Fatal(err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range heads {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		head, err := provider.DecodeHead(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := provider.VerifyHead(head, provider.Keys{"log-1": key}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if head.App != "payments/ledger" || head.Retired != strings.Contains(name, "retired") {
			t.Errorf("%s: read as %+v", name, head)
		}
	}
}

func TestDocumentVectors(t *testing.T) {
	documents, err := filepath.Glob("../../schema/testdata/document/*/document.json")
	if err != nil || len(documents) < 8 {
		t.Fatalf("%d vectors, %v", len(documents), err)
	}
	for _, name := range documents {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := provider.ParseDocument(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, path := range d.Files() {
			want, err := os.ReadFile(filepath.Join(filepath.Dir(name), "files", path))
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := d.File(path); !ok || string(got) != string(want) {
				t.Errorf("%s: %s is not the file that it was made of", name, path)
			}
		}
		for _, path := range d.Parsed() {
			if values, ok := d.JSON(path); !ok || !strings.Contains(string(text), string(values)) {
				t.Errorf("%s: the values of %s lose their form", name, path)
			}
		}
	}
}

func TestKeyFiles(t *testing.T) {
	const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	for _, row := range []struct {
		name, text string
		keys       int
	}{
		{"one", line, 1},
		{"with comments", "# ours\n\n" + line + " log@example.com\n", 1},
		{"the same twice", line + "\n" + line + "\n", 1},
		{"none", "# nothing yet\n", 0},
		{"another kind", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==", 0},
		{"options before it", `command="x" ` + line, 0},
		{"cut off", line[:60], 0},
		{"a good and a broken one", line + "\nssh-ed25519 AAAA\n", 0},
		{"something after it", line[:len(line)-4] + "GKJlAAAA", 0},
	} {
		keys, err := provider.ParseKeys(row.text)
		if len(keys) != row.keys || (err == nil) != (row.keys > 0) {
			t.Errorf("%s: %d keys, %v", row.name, len(keys), err)
		}
	}
	// The id is what `ssh-keygen -l` prints, as heads have it.
	keys, err := provider.ParseKeys(line)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := keys["SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"]; !ok {
		t.Errorf("got %v", keys)
	}
}

func FuzzDecodeHead(f *testing.F) {
	heads, _ := filepath.Glob("../integrations/testdata/heads/*.json")
	for _, name := range heads {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		head, err := provider.DecodeHead(raw)
		if err == nil && (head.Seq < 1 || head.Size < 0 || head.V != 1) {
			t.Errorf("accepted %q", raw)
		}
	})
}

func FuzzParseDocument(f *testing.F) {
	f.Add([]byte(`{"files":{"a.yaml":{"base64":"YTogMQo=","mode":"100644"}},"values":{"a.yaml":{"a":1}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := provider.ParseDocument(text)
		if err != nil {
			return
		}
		if changes := provider.Between(d, d); len(changes) > 0 {
			t.Errorf("%q differs from itself: %s", text, changes)
		}
		for _, path := range d.Parsed() {
			if _, ok := d.File(path); !ok {
				t.Errorf("%q: values without a file", text)
			}
		}
	})
}
