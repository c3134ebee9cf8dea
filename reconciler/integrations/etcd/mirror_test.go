package etcd_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

func mirrored(seq int64, mode string, files map[string]string) integrations.Release {
	r := integrationstest.Release(integrationstest.Cell("pay"), seq, files)
	r.Settings = map[string]string{"mirror": mode}
	return r
}

// flat is the mirror of pay, with the revision of each key.
func (c raw) flat(t *testing.T) (values map[string]string, revisions map[string]int64) {
	t.Helper()
	response, err := c.Get(t.Context(), "/config/production/pay/kv/", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	values, revisions = map[string]string{}, map[string]int64{}
	for _, kv := range response.Kvs {
		name := strings.TrimPrefix(string(kv.Key), "/config/production/pay/kv/")
		values[name], revisions[name] = string(kv.Value), kv.ModRevision
	}
	return values, revisions
}

func (c raw) wantFlat(t *testing.T, what string, want map[string]string) {
	t.Helper()
	if got, _ := c.flat(t); !maps.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

func TestMirrors(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	files := map[string]string{
		"app.yaml":    "limits: {maxTransfer: 8000, rate: 1.10}\nname: \"8000\"\non: true\nnone: null\nempty: {}\nhosts: [a, b]\n\"a/b\": \"\"\n",
		"run/start":   "#!/bin/sh\n",
		"single.json": "\"alone\"",
		"empty.yaml":  "# nothing yet\n",
		"none.json":   "{}",
	}
	want := mirrored(1, "leaves", files)
	write(t, target, want)
	doc := string(schema.DigestOf(want.Document))
	c.wantFlat(t, "leaves", map[string]string{
		"app.yaml/limits/maxTransfer": "8000", "app.yaml/limits/rate": "1.10", "app.yaml/name": "8000", "app.yaml/on": "true", "app.yaml/none": "null",
		"app.yaml/empty": "{}", "app.yaml/hosts/0": "a", "app.yaml/hosts/1": "b", "app.yaml/a~1b": "",
		"run/start": "#!/bin/sh\n", "single.json": "alone", "_complete": doc,
	})
	files["_complete"] = doc
	write(t, target, mirrored(2, "files", map[string]string{"app.yaml": files["app.yaml"], "run/start": files["run/start"], "single.json": files["single.json"], "empty.yaml": files["empty.yaml"], "none.json": files["none.json"]}))
	c.wantFlat(t, "files, after leaves", files)
	write(t, target, mirrored(3, "none", map[string]string{"app.yaml": "x"}))
	c.wantFlat(t, "no mirror any more", map[string]string{})
	write(t, target, mirrored(4, "files", map[string]string{"app.yaml": "x"}))
	write(t, target, mirrored(5, "files", nil))
	c.wantFlat(t, "retired", map[string]string{})
}

// TestSmallMirrorsMoveWithTheHead changes, adds and removes keys: one revision, so one event for everybody.
func TestSmallMirrorsMoveWithTheHead(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	many := func(seq int64, from, to int) integrations.Release {
		files := map[string]string{"same": "same"}
		for n := from; n < to; n++ {
			files[fmt.Sprintf("f%03d", n)] = fmt.Sprint(seq)
		}
		return mirrored(seq, "files", files)
	}
	write(t, target, many(1, 0, 62))
	write(t, target, many(2, 1, 125)) // 1 removed, 61 changed, 63 added: 125 changes
	head, err := c.Get(t.Context(), c.head(integrationstest.Cell("pay")))
	if err != nil {
		t.Fatal(err)
	}
	values, revisions := c.flat(t)
	if len(values) != 126 {
		t.Errorf("%d keys, want 124 files, the one that stayed and the marker", len(values))
	}
	for name, revision := range revisions {
		if (revision == head.Kvs[0].ModRevision) != (name != "same") {
			t.Errorf("%s is of revision %d, the head of %d", name, revision, head.Kvs[0].ModRevision)
		}
	}
}

// TestLargeMirrorsSayWhenTheyAreWhole: a reader that finds the same marker before and after has one release.
func TestLargeMirrorsSayWhenTheyAreWhole(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	many := func(seq int64) integrations.Release {
		files := map[string]string{}
		for n := range 400 {
			files[fmt.Sprintf("f%03d", n)] = fmt.Sprint(seq)
		}
		return mirrored(seq, "files", files)
	}
	const last = 8
	written := make(chan error, 1)
	go func() {
		for seq := range int64(last) {
			if _, err := target.Write(t.Context(), many(seq+1)); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	reads, torn, running := 0, 0, true
	for running {
		select {
		case err := <-written:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		values, _ := c.flat(t)
		marker, whole := values["_complete"]
		delete(values, "_complete")
		kinds := map[string]bool{}
		for _, v := range values {
			kinds[v] = true
		}
		reads++
		if len(kinds) > 1 || len(values)%400 != 0 {
			torn++
			if whole {
				t.Errorf("the marker %s is there, and %d kinds of values in %d keys", marker, len(kinds), len(values))
			}
		}
	}
	t.Logf("%d reads of the prefix, %d of them between two releases, none of these with the marker", reads, torn)
	if values, _ := c.flat(t); values["f399"] != "8" || values["_complete"] != string(schema.DigestOf(many(last).Document)) {
		t.Errorf("in the end f399 is %q, the marker %q", values["f399"], values["_complete"])
	}
}

// TestALargeMirrorStopsForANewerHead lets another reconciler flip between two transactions of an older mirror.
func TestALargeMirrorStopsForANewerHead(t *testing.T) {
	endpoint := embedded(t)
	p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
	one, other := connect(t, map[string]string{"endpoints": p.endpoint()}), connect(t, map[string]string{"endpoints": endpoint})
	many := func(seq int64) integrations.Release {
		files := map[string]string{}
		for n := range 300 {
			files[fmt.Sprintf("f%03d", n)] = fmt.Sprint("of release ", seq)
		}
		return mirrored(seq, "files", files)
	}
	newer := many(2)
	p.when("of release 1", func() { write(t, other, newer) }, nil) // the first chunk of the mirror is on its way; the head is inside base64
	if _, err := one.Write(t.Context(), many(1)); !errors.Is(err, integrations.ErrFenced) {
		t.Errorf("the older one: got %v, want ErrFenced", err)
	}
	values, _ := c.flat(t)
	delete(values, "_complete")
	for name, value := range values {
		if value != "of release 2" {
			t.Errorf("%s is %q after a newer release was there", name, value)
		}
	}
}

func TestForeignKeysBesideAMirror(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	const dir = "/config/production/pay/"
	c.put(t, dir+"early", "before we came")
	want := mirrored(1, "files", map[string]string{"app.yaml": "a"})
	want.Adopt = true
	write(t, target, want)
	want.Adopt, want.Applied = false, true
	c.put(t, dir+"kv/late", "somebody's")
	c.put(t, dir+"note", "somebody's")
	c.put(t, dir+"consumers/pod-1", "an application's report")
	foreign := []string{dir + "early", dir + "kv/late", dir + "note"}
	o, err := target.Read(t.Context(), want)
	if err != nil || !o.Equal || !slices.Equal(o.Foreign, foreign) {
		t.Errorf("reported: %+v, %v, want %q", o, err, foreign)
	}
	next := mirrored(2, "files", map[string]string{"other.yaml": "b"})
	next.Applied = true
	write(t, target, next)
	c.get(t, dir+"kv/late")
	next.Prune = true
	if o, err := target.Read(t.Context(), next); err != nil || o.Equal {
		t.Errorf("to be pruned: %+v, %v, want a difference", o, err)
	}
	before := c.get(t, dir+"head")
	if o := write(t, target, next); !o.Wrote || !slices.Equal(o.Foreign, foreign[:1]) {
		t.Errorf("pruned: %+v, want the early key left", o)
	}
	if string(c.get(t, dir+"head")) != string(before) {
		t.Error("taking foreign keys away wrote the head, which every reader watches")
	}
	c.get(t, dir+"early")
	c.get(t, dir+"consumers/pod-1")
}

func TestAForeignMirrorIsNotWrittenOver(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	c.put(t, "/config/production/pay/kv/app.yaml", "somebody's")
	want := mirrored(1, "files", map[string]string{"app.yaml": "a"})
	if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrForeign) {
		t.Errorf("got %v, want ErrForeign", err)
	}
	want.Adopt = true
	write(t, target, want)
}

func TestMirrorLimits(t *testing.T) {
	target := connect(t, map[string]string{"endpoints": "http://127.0.0.1:1"})
	many := map[string]string{}
	for n := range 10_000 {
		many[fmt.Sprint("f", n)] = ""
	}
	for _, row := range []struct {
		sentence string
		mode     string
		files    map[string]string
		code     schema.Code
	}{
		{"a file of a mebibyte", "files", map[string]string{"a": strings.Repeat("x", 1<<20)}, ""},
		{"a file that no transaction holds", "files", map[string]string{"a": strings.Repeat("x", 1<<20+1)}, integrations.CodeTooLarge},
		{"such a file without a mirror", "none", map[string]string{"a": strings.Repeat("x", 1<<20+1)}, ""},
		{"too many files", "files", many, integrations.CodeTooLarge},
		{"too many leaves", "leaves", map[string]string{"a.yaml": strings.Repeat("- x\n", 10_000)}, integrations.CodeTooLarge},
		{"the marker's name", "files", map[string]string{"_complete": ""}, integrations.CodeInvalid},
		{"a mode that is none", "flies", map[string]string{"a": ""}, integrations.CodeInvalid},
	} {
		want := mirrored(1, row.mode, row.files)
		v := target.Fits(want)
		if v.Code != row.code || (v.Outcome == schema.Allow) != (row.code == "") {
			t.Errorf("%s: got %+v, want code %q", row.sentence, v, row.code)
		}
		if row.code == "" {
			continue
		}
		if text := v.Code.Message(v.Args); v.Args["why"] == "" || !strings.HasSuffix(text, v.Args["why"]) || strings.Count(text, "etcd-test: ") != 1 {
			t.Errorf("%s: people read %q, without the reason or with the target twice", row.sentence, text)
		}
		if _, err := target.Write(t.Context(), want); integrations.Code(err) != row.code {
			t.Errorf("%s: write: got %v, want %s", row.sentence, err, row.code)
		}
	}
}

func TestAFullServerIsNamed(t *testing.T) {
	endpoint := small(t, 6<<20)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	want := large(1, "a")
	for len(want.Document) < etcd.MaxDocument {
		want.Document = append(want.Document, want.Document[:min(len(want.Document), etcd.MaxDocument-len(want.Document))]...)
	}
	full := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, integrations.ErrFull) || integrations.Code(err) != integrations.CodeFull {
			t.Errorf("%s: got %v, want ErrFull", what, err)
		}
	}
	_, err := target.Write(t.Context(), want)
	full("more than there is room for", err)
	if said := (*integrations.Error)(nil); !errors.As(err, &said) || said.Refused == nil || said.Refused.Size < int64(len(want.Document)) || said.Refused.Limit != 6<<20 {
		t.Errorf("got %+v, want how much it is and the quota", err)
	}
	if got := c.version(t, want.Cell); got != "" {
		t.Errorf("something was written:\n%s", got)
	}
	write(t, target, release(1, "small"))
	for n := 0; err == nil || n == 0; n++ {
		_, err = c.Put(t.Context(), fmt.Sprint("/junk/", n), strings.Repeat("x", 1<<20))
	}
	_, err = target.Write(t.Context(), release(2, "small too"))
	full("the alarm is on", err)
	if o, err := target.Read(t.Context(), release(1, "small")); err != nil || !o.Equal {
		t.Errorf("what was there: %+v, %v", o, err)
	}
}
