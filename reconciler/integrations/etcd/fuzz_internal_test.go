package etcd

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// FuzzWhatIsThere gives keys and values that somebody else may have written to all code that reads such.
func FuzzWhatIsThere(f *testing.F) {
	f.Add("/config/production/pay/head", []byte(`{"files":{"a":{"base64":"eA=="}}}`))
	f.Add("/config/production/a/b/head", []byte(`{"files":{"a":null}}`))
	f.Add("/config/production/head", []byte(`[]`))
	f.Add("/config/production/a/kv/x", []byte(`{"v":1,"keys":["a"],"generations":[]}`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		const prefix = "/config/production/"
		if cell, ok := cellOf("production", prefix, key); ok {
			head := HeadKey("/config", cell)
			dir := strings.TrimSuffix(head, "head")
			if key != head && !strings.HasPrefix(key, dir+"kv/") && !strings.HasPrefix(key, dir+"rel/") {
				t.Errorf("%q is taken for %s, whose head is %q", key, cell, head)
			}
		}
		if i, err := decodeInventory(value); err == nil {
			if again, err := i.encode(); err != nil || again != string(value) {
				t.Errorf("inventory %q is written as %q, %v", value, again, err)
			}
		}
		want := integrations.Release{Manifest: schema.Manifest{{Path: "a", Mode: schema.Regular, Digest: schema.DigestOf([]byte("x"))}}}
		for _, d := range fileDifferences(key, want, value) {
			if d.Before == d.After || (d.Op == integrations.Changed) != (d.Before != "" && d.After != "") {
				t.Errorf("difference %+v", d)
			}
		}
	})
}
