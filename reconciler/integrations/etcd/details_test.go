package etcd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

func connect(t *testing.T, settings map[string]string) *etcd.Target {
	t.Helper()
	target, err := etcd.New(integrationstest.Spec("etcd", settings))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil && !strings.Contains(err.Error(), "context canceled") {
			t.Error(err)
		}
	})
	return target
}

func release(seq int64, text string) integrations.Release {
	return integrationstest.Release(integrationstest.Cell("pay"), seq, map[string]string{"app.yaml": text})
}

func write(t *testing.T, target *etcd.Target, want integrations.Release) integrations.Observation {
	t.Helper()
	o, err := target.Write(t.Context(), want)
	if err != nil || !o.Equal {
		t.Fatalf("write entry %d: %+v, %v", want.Seq, o, err)
	}
	return o
}

func TestDifferencesNameTheFiles(t *testing.T) {
	endpoint := embedded(t)
	target := connect(t, map[string]string{"endpoints": endpoint})
	was := integrationstest.Release(integrationstest.Cell("pay"), 1, map[string]string{"a": "1", "b": "1", "c": "1"})
	write(t, target, was)
	want := integrationstest.Release(integrationstest.Cell("pay"), 2, map[string]string{"a": "1", "b": "2", "d": "1"})
	o, err := target.Read(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	one, two := schema.DigestOf([]byte("1")), schema.DigestOf([]byte("2"))
	key := "/config/production/pay/head"
	head, err := dial(t, endpoint).Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range o.Keys {
		if o.Keys[i].Revision != head.Kvs[0].ModRevision {
			t.Errorf("%+v: not of revision %d", o.Keys[i], head.Kvs[0].ModRevision)
		}
		o.Keys[i].Revision = 0
	}
	got := fmt.Sprint(o.Keys)
	if want := fmt.Sprint([]integrations.Difference{
		{Key: key + "#b", Op: integrations.Changed, Before: two, After: one},
		{Key: key + "#c", Op: integrations.Foreign, After: one},
		{Key: key + "#d", Op: integrations.Deleted, Before: one},
	}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPrevNamesTheReleaseBefore(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	prev := func() schema.Digest {
		head, err := integrations.DecodeHead(c.get(t, "/config/production/pay/head"))
		if err != nil {
			t.Fatal(err)
		}
		return head.Prev
	}
	first, second := release(1, "a"), release(2, "b")
	write(t, target, first)
	if got := prev(); got != "" {
		t.Errorf("the first release: prev %q, want none", got)
	}
	write(t, target, second)
	if got := prev(); got != schema.DigestOf(first.Document) {
		t.Errorf("the second release: prev %q, want the first", got)
	}
	second.Document = append(second.Document, ' ')
	write(t, target, second)
	if got := prev(); got != schema.DigestOf(first.Document) {
		t.Errorf("the second release, repaired: prev %q, want the first", got)
	}
}

func TestAppsBelowARetiredAppAreNotItsOwn(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	retired := integrationstest.Release(integrationstest.Cell("pay"), 1, nil)
	write(t, target, retired)
	below := integrationstest.Release(integrationstest.Cell("pay/cards"), 2, map[string]string{"a": "1"})
	write(t, target, below)
	c.put(t, "/config/production/pay/cards/note", "foreign to pay/cards")
	c.put(t, "/config/production/pay/consumers/pod-1", "an application's report")
	c.put(t, "/config/production/pay/rel/x/blob/0", "a part")
	o, err := target.Read(t.Context(), retired)
	if err != nil || !o.Equal || len(o.Foreign) > 0 {
		t.Errorf("the retired app: %+v, %v", o, err)
	}
	// A head that does not name its own place hides nothing.
	c.put(t, "/config/production/pay/evil/head", string(c.get(t, "/config/production/pay/cards/head")))
	o, err = target.Read(t.Context(), retired)
	if err != nil || len(o.Foreign) != 1 || o.Foreign[0] != "/config/production/pay/evil/head" {
		t.Errorf("a copied head: foreign %q, %v", o.Foreign, err)
	}
}

func TestManyForeignKeysAreNeverTheSame(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	want := release(1, "a")
	c.put(t, "/config/production/pay/app.yaml", "a")
	for i := range 1001 {
		c.put(t, fmt.Sprintf("/config/production/pay/zz-%04d", i), "x")
	}
	if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrForeign) {
		t.Errorf("got %v, want ErrForeign", err)
	}
	want.Adopt = true
	write(t, target, want)
}

func TestSettings(t *testing.T) {
	for what, settings := range map[string]map[string]string{
		"no endpoint":                          {},
		"an endpoint without scheme":           {"endpoints": "127.0.0.1:2379"},
		"an endpoint with a password":          {"endpoints": "https://a:b@127.0.0.1:2379"},
		"an endpoint with a path":              {"endpoints": "https://127.0.0.1:2379/v3"},
		"http and https":                       {"endpoints": "https://a:1,http://b:1"},
		"certificates for http":                {"endpoints": "http://a:1", "ca_file": "ca.pem"},
		"a password over http":                 {"endpoints": "http://a:1", "username": "u", "password_file": "p"},
		"a name without password":              {"endpoints": "https://a:1", "username": "u"},
		"a missing authority":                  {"endpoints": "https://a:1", "ca_file": t.TempDir() + "/none"},
		"a certificate without key":            {"endpoints": "https://a:1", "cert_file": "c"},
		"a misspelling":                        {"endpoints": "http://a:1", "rooot": "/x"},
		"a root with a slash at the end":       {"endpoints": "http://a:1", "root": "/config/"},
		"a root that climbs":                   {"endpoints": "http://a:1", "root": "/config/.."},
		"an empty root":                        {"endpoints": "http://a:1", "root": ""},
		"a timeout that is none":               {"endpoints": "http://a:1", "timeout": "soon"},
		"certificates that are not verified":   {"endpoints": "https://a:1", "insecure": "true"},
		"a timeout that is over before it was": {"endpoints": "http://a:1", "timeout": "-1s"},
	} {
		if _, err := etcd.New(integrationstest.Spec("etcd", settings)); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestStageSettings(t *testing.T) {
	bound := connect(t, map[string]string{"endpoints": "http://127.0.0.1:1", "root": "/teams/a"})
	free := connect(t, map[string]string{"endpoints": "http://127.0.0.1:1"})
	for _, row := range []struct {
		name     string
		target   *etcd.Target
		settings map[string]string
		fits     bool
	}{
		{"nothing", bound, nil, true},
		{"the operator's root", bound, map[string]string{"root": "/teams/a"}, true},
		{"below it", bound, map[string]string{"root": "/teams/a/eu"}, true},
		{"beside it", bound, map[string]string{"root": "/teams/b"}, false},
		{"a longer name", bound, map[string]string{"root": "/teams/ab"}, false},
		{"climbing out", bound, map[string]string{"root": "/teams/a/../b"}, false},
		{"anywhere, where the operator says nothing", free, map[string]string{"root": "/teams/b"}, true},
		{"a misspelling", free, map[string]string{"rooot": "/teams/b"}, false},
	} {
		want := release(1, "a")
		want.Settings = row.settings
		if v := row.target.Fits(want); (v.Outcome == schema.Allow) != row.fits {
			t.Errorf("%s: got %+v, want fits: %v", row.name, v, row.fits)
		}
		if row.fits {
			continue
		}
		if _, err := row.target.Write(t.Context(), want); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("%s: write: got %v, want ErrInvalid", row.name, err)
		}
	}
}

func TestNamesDoNotLeaveTheirPlace(t *testing.T) {
	target := connect(t, map[string]string{"endpoints": "http://127.0.0.1:1"})
	for _, cell := range []schema.Cell{{Stage: "production", App: "../x"}, {Stage: "production", App: "a//b"}, {Stage: "production"},
		{Stage: "production", App: "a/head"}, {Stage: "a/b", App: "c"}, {App: "c"}, {Stage: "production", App: "A"}, {Stage: "production", App: "a%2fb"}} {
		want := integrationstest.Release(cell, 1, map[string]string{"a": "1"})
		if v := target.Fits(want); v.Outcome != schema.Deny || v.Code != integrations.CodeInvalid {
			t.Errorf("%q %q: got %+v", cell.Stage, cell.App, v)
		}
		if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrInvalid) {
			t.Errorf("%q %q: got %v, want ErrInvalid", cell.Stage, cell.App, err)
		}
	}
}
