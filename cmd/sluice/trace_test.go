package main

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

func TestLiveKeysAreHeldAgainstWhatWasAdmitted(t *testing.T) {
	leaf := func(key, plain string) *keyTracer {
		return &keyTracer{tracer: tracer{file: "app.yaml", key: key}, place: keyPlace{part: "kv"}, plain: plain}
	}
	file := &keyTracer{tracer: tracer{file: "app.yaml"}, place: keyPlace{part: "kv"}}
	head := &keyTracer{place: keyPlace{part: "head"}, whole: true}
	for _, row := range []struct {
		sentence string
		tracer   *keyTracer
		live     etcd.LiveKey
		state    string
		value    string
	}{
		{"a value as it is", leaf("/limits/max", "5000"), etcd.LiveKey{Value: []byte("5000"), ModRevision: 7}, keyAdmitted, ""},
		{"another value", leaf("/limits/max", "5000"), etcd.LiveKey{Value: []byte("8000"), ModRevision: 7}, keyDiffers, "8000"},
		{"a secret that differs is not shown", leaf("/db/password", "a"), etcd.LiveKey{Value: []byte("b"), ModRevision: 7}, keyDiffers, "(hidden)"},
		{"a lease will take it away", leaf("/limits/max", "5000"), etcd.LiveKey{Value: []byte("5000"), ModRevision: 7, Lease: 9}, keyDiffers, "5000"},
		{"not there", leaf("/limits/max", "5000"), etcd.LiveKey{}, keyMissing, ""},
		{"empty and meant to be", leaf("/note", ""), etcd.LiveKey{Value: []byte{}, ModRevision: 7}, keyAdmitted, ""},
		{"a file as it is", file, etcd.LiveKey{Value: []byte("a: 1\n"), ModRevision: 7}, keyAdmitted, ""},
		{"a file that was edited is not shown", file, etcd.LiveKey{Value: []byte("a: 2\n"), ModRevision: 7}, keyDiffers, ""},
		{"a head that is none", head, etcd.LiveKey{Value: []byte("by hand"), ModRevision: 7}, keyDiffers, ""},
	} {
		found := traced{State: keyUnread, custody: custody{Digest: schema.DigestOf([]byte("a: 1\n"))}}
		if err := row.tracer.judge(row.live, &found); err != nil {
			t.Fatal(err)
		}
		if found.State != row.state || found.Value != row.value {
			t.Errorf("%s: got %s %q, want %s %q", row.sentence, found.State, found.Value, row.state, row.value)
		}
	}
}
