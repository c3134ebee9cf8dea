package etcd

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// FuzzWhatIsThere gives keys and values that somebody else may have written to all code that reads such.
func FuzzWhatIsThere(f *testing.F) {
	f.Add("/config/production/pay/head", []byte(`{"files":{"a":{"base64":"eA=="}}}`))
	f.Add("/config/production/a/b/head", []byte(`{"files":{"a":null}}`))
	f.Add("/config/production/head", []byte(`[]`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		const prefix = "/config/production/"
		if cell, ok := cellOf("production", prefix, key); ok && HeadKey("/config", cell) != key {
			t.Errorf("%q is taken for %s, whose key is %q", key, cell, HeadKey("/config", cell))
		}
		want := integrations.Release{Manifest: schema.Manifest{{Path: "a", Mode: schema.Regular, Digest: schema.DigestOf([]byte("x"))}}}
		for _, d := range fileDifferences(key, want, value) {
			if d.Before == d.After || (d.Op == integrations.Changed) != (d.Before != "" && d.After != "") {
				t.Errorf("difference %+v", d)
			}
		}
	})
}
