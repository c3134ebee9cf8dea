package main

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
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
		if err := row.tracer.judge(t.Context(), row.live, &found); err != nil {
			t.Fatal(err)
		}
		if found.State != row.state || found.Value != row.value {
			t.Errorf("%s: got %s %q, want %s %q", row.sentence, found.State, found.Value, row.state, row.value)
		}
	}
}

func TestAMirrorHasFilesOrLeaves(t *testing.T) {
	for _, row := range []struct {
		mode, file, rest, data string
		mirrored               bool
	}{
		{"files", "app.yaml", "app.yaml", "a: {b: 1}\n", true},
		{"files", "app.yaml", "app.yaml/a/b", "a: {b: 1}\n", false},
		{"leaves", "app.yaml", "app.yaml/a/b", "a: {b: 1}\n", true},
		{"leaves", "app.yaml", "app.yaml/a", "a: {b: 1}\n", false},
		{"leaves", "app.yaml", "app.yaml", "a: {b: 1}\n", false},
		{"leaves", "app.yaml", "app.yaml", "text\n", true},
		{"leaves", "empty.yaml", "empty.yaml", "", false},
		{"leaves", "a.bin", "a.bin", "\x00", true},
	} {
		k := &keyTracer{tracer: tracer{file: row.file}, place: keyPlace{part: "kv", rest: row.rest}, data: []byte(row.data)}
		if got := k.mirrored(row.mode); got != row.mirrored {
			t.Errorf("%s: %s: got %v, want %v", row.mode, row.rest, got, row.mirrored)
		}
	}
	if head := (&keyTracer{place: keyPlace{part: "head"}}); !head.mirrored("leaves") {
		t.Error("a head is no key of a mirror")
	}
}

func TestARootIsHeldAgainstTheStageAlone(t *testing.T) {
	for _, row := range []struct {
		sentence string
		settings map[string]string
		root     string
		may      bool
	}{
		{"the one that is named", map[string]string{"root": "/p4", "mirror": "leaves"}, "/p4", true},
		{"another one", map[string]string{"root": "/p4"}, "/config", false},
		{"below it", map[string]string{"root": "/p4"}, "/p4/a", false},
		{"the operator's, which may be any", map[string]string{"mirror": "files"}, "/teams/a", true},
		{"one that climbs", nil, "/config/../config", false},
		{"one that is spelled otherwise", nil, "//config/", false},
		{"none at all", nil, "", false},
		{"of another kind of target", map[string]string{"namespace": "pay"}, "/config", false},
	} {
		if got := etcd.MayHaveRoot(row.settings, row.root); got != row.may {
			t.Errorf("%s: got %v, want %v", row.sentence, got, row.may)
		}
	}
}

func TestAWholeObjectNeedsItsFiles(t *testing.T) {
	d, wrong := schema.NewDocument([]schema.DocumentFile{{Path: "app.yaml", Mode: schema.Regular, Data: []byte("a: 1\n")}})
	if err := wrong.Err(); err != nil {
		t.Fatal(err)
	}
	head := integrations.Head{Body: integrations.Body{Doc: schema.DigestOf(d.Encode())}}
	for _, row := range []struct {
		sentence string
		data     map[string]string
		ok       bool
	}{
		{"as it was written", map[string]string{"app.yaml": "a: 1\n"}, true},
		{"with a key of somebody else", map[string]string{"app.yaml": "a: 1\n", "note": "mine"}, true},
		{"another file", map[string]string{"app.yaml": "a: 2\n"}, false},
		{"no file", map[string]string{}, false},
		{"another document", map[string]string{"app.yaml": "a: 1\n", configmap.DocumentKey: "{}"}, false},
	} {
		live := configmap.LiveObject{Data: map[string][]byte{configmap.DocumentKey: d.Encode()}}
		for key, value := range row.data {
			live.Data[key] = []byte(value)
		}
		found := traced{}
		if ok := (&keyTracer{}).filled(objectPlace{}, live, head, &found); ok != row.ok || (found.Why == "") != row.ok {
			t.Errorf("%s: got %v, because %q", row.sentence, ok, found.Why)
		}
	}
}

// TestTraceNamesWhatAPointerNames: a pointer has no file itself.
func TestTraceNamesWhatAPointerNames(t *testing.T) {
	for _, row := range []struct {
		sentence string
		found    traced
		want     string
	}{
		{"no pointer is in between", traced{State: keyAdmitted}, ""},
		{"it was read", traced{State: keyAdmitted, Object: "production/pay-config-bdh6m2t7f5", Pointer: "pay-config"}, "production/pay-config-bdh6m2t7f5, which pay-config names now"},
		{"it was not read", traced{State: keyUnread, Pointer: "pay-config"}, "the immutable object that pay-config names: --config FILE reads which"},
		{"the pointer leads nowhere", traced{State: keyMissing, Pointer: "pay-config"}, "no object: the one that pay-config names is not there"},
	} {
		if got := heldText(row.found); got != row.want {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}

// TestTraceSaysHowFarItsLedgerGoes: what differs may be newer than the clone.
func TestTraceSaysHowFarItsLedgerGoes(t *testing.T) {
	const line = "entry #7, the last that this clone has"
	for state, says := range map[string]bool{
		keyDiffers: true, keyMissing: true, keyForeign: true, keyAdmitted: false, keyBefore: false, keyUnread: false, keyUnvouched: false,
	} {
		var out strings.Builder
		auditSheet{to: &out}.traced(traced{Target: "etcd", Key: "/config/production/pay/head", State: state, Last: 7})
		if strings.Contains(out.String(), line) != says {
			t.Errorf("%s: that it is as of the last entry is said: want %v\n%s", state, says, out.String())
		}
	}
}
