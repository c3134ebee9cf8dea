package etcd_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// large is a release of three parts.
func large(seq int64, text string) integrations.Release {
	return integrationstest.Release(integrationstest.Cell("pay"), seq, map[string]string{
		"app.yaml": text, "data.bin": strings.Repeat(text+".", integrations.PartSize/(len(text)+1)) + strings.Repeat("x", integrations.PartSize/2),
	})
}

func TestReaderOfPartsSeesWholeReleases(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	const last = 12
	written := make(chan error, 1)
	go func() {
		for seq := range int64(last) {
			if _, err := target.Write(t.Context(), large(seq+1, fmt.Sprint("v", seq+1))); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	reads, newest := 0, int64(0)
	for newest < last {
		select {
		case err := <-written:
			if err != nil {
				t.Fatal(err)
			}
		default:
		}
		response, err := c.Get(t.Context(), c.head(integrationstest.Cell("pay")))
		if err != nil {
			t.Fatal(err)
		}
		if len(response.Kvs) == 0 {
			continue
		}
		head, err := integrations.DecodeHead(response.Kvs[0].Value)
		if err != nil || head.Seq < newest {
			t.Fatalf("after entry %d: entry %d, %v", newest, head.Seq, err)
		}
		// Not pinned to the revision, as a careless reader would: what a head names stays.
		dir := c.beside(integrationstest.Cell("pay"), "rel/"+head.Doc.Hex()+"/blob/")
		parts, err := c.Get(t.Context(), dir, clientv3.WithPrefix())
		if err != nil {
			t.Fatal(err)
		}
		var values [][]byte
		for _, kv := range parts.Kvs {
			values = append(values, kv.Value)
		}
		if _, err := head.JoinParts(values); err != nil {
			t.Errorf("entry %d: %v", head.Seq, err)
		}
		reads, newest = reads+1, head.Seq
	}
	t.Logf("%d reads, each whole", reads)
}

// TestTheFlipNeedsEveryPart takes a part away, or changes it, after it was looked at and before the head moves.
func TestTheFlipNeedsEveryPart(t *testing.T) {
	for what, harm := range map[string]func(*testing.T, raw, string){
		"taken away": func(t *testing.T, c raw, key string) { c.del(t, key) },
		"changed":    func(t *testing.T, c raw, key string) { c.put(t, key, "another") },
	} {
		t.Run(what, func(t *testing.T) {
			endpoint := embedded(t)
			p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
			target := connect(t, map[string]string{"endpoints": p.endpoint()})
			want := large(1, "a")
			key := c.beside(want.Cell, "rel/"+schema.DigestOf(want.Document).Hex()+"/blob/0001")
			p.when("writtenAt", func() { harm(t, c, key) }, nil)
			write(t, target, want)
			c.reads(t, want)
			head, err := c.Get(t.Context(), c.head(want.Cell))
			if err != nil || head.Kvs[0].Version != 1 {
				t.Errorf("the head was written %d times (%v), want once, over whole parts", head.Kvs[0].Version, err)
			}
		})
	}
}

// TestAPartThatNobodyFlipped leaves parts behind as a crash before the flip would: they are found, used or forgotten later.
func TestAPartThatNobodyFlipped(t *testing.T) {
	endpoint := embedded(t)
	p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
	broken, target := connect(t, map[string]string{"endpoints": p.endpoint(), "timeout": "300ms"}), connect(t, map[string]string{"endpoints": endpoint})
	first, second := large(1, "a"), large(2, "b")
	write(t, target, first)
	p.when("writtenAt", func() { p.cut(true) }, nil)
	if _, err := broken.Write(t.Context(), second); !errors.Is(err, integrations.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	c.reads(t, first)
	if o, err := target.Read(t.Context(), first); err != nil || !o.Equal || len(o.Foreign) > 0 {
		t.Errorf("parts that nothing names: %+v, %v", o, err)
	}
	key := c.beside(second.Cell, "rel/"+schema.DigestOf(second.Document).Hex()+"/blob/0000")
	was, err := c.Get(t.Context(), key)
	if err != nil || len(was.Kvs) != 1 {
		t.Fatalf("%s: %v, %v; want it there", key, was, err)
	}
	write(t, target, second)
	now, err := c.Get(t.Context(), key)
	if err != nil || now.Kvs[0].Version != 1 || now.Kvs[0].ModRevision != was.Kvs[0].ModRevision {
		t.Errorf("a part that was right was written again: %v, %v", now, err)
	}
}

func TestOldReleasesGo(t *testing.T) {
	endpoint := embedded(t)
	c := raw{dial(t, endpoint), "/config"}
	spec := integrationstest.Spec("etcd", map[string]string{"endpoints": endpoint, "inline": "0"})
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	spec.Now = func() time.Time { return now }
	target, err := etcd.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	// A part of a write that did not come to its end, and a key that only looks like one.
	orphan := c.beside(integrationstest.Cell("pay"), "rel/"+strings.Repeat("ab", 32)+"/blob/0000")
	c.put(t, orphan, "left")
	c.put(t, c.beside(integrationstest.Cell("pay"), "rel/notes"), "somebody's")
	generations := func() int {
		response, err := c.Get(t.Context(), c.beside(integrationstest.Cell("pay"), "rel/"), clientv3.WithPrefix(), clientv3.WithKeysOnly())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, kv := range response.Kvs {
			if bytes.HasSuffix(kv.Key, []byte("/manifest")) {
				n++
			}
		}
		return n
	}
	for seq := range int64(14) {
		write(t, target, release(seq+1, fmt.Sprint(seq)))
	}
	if got := generations(); got != 14 {
		t.Errorf("within a day %d releases are left, want all 14", got)
	}
	now = now.Add(24 * time.Hour)
	write(t, target, release(20, "2")) // the head names an old one again
	if got := generations(); got != 10 {
		t.Errorf("a day later %d releases are left, want the last ten", got)
	}
	if got, err := c.Get(t.Context(), orphan); err != nil || len(got.Kvs) != 0 {
		t.Errorf("what nobody finished is still there: %v, %v", got, err)
	}
	c.get(t, c.beside(integrationstest.Cell("pay"), "rel/notes"))
	c.reads(t, release(20, "2"))
}

// TestPruningGivesWay lets another reconciler flip back to an old release between the look and the deletion.
func TestPruningGivesWay(t *testing.T) {
	endpoint := embedded(t)
	p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
	now := time.Now()
	at := func(endpoint string) *etcd.Target {
		spec := integrationstest.Spec("etcd", map[string]string{"endpoints": endpoint, "inline": "0"})
		spec.Now = func() time.Time { return now }
		target, err := etcd.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { target.Close() })
		return target
	}
	one, other := at(p.endpoint()), at(endpoint)
	for seq := range int64(13) {
		write(t, other, release(seq+1, fmt.Sprint(seq)))
	}
	now = now.Add(25 * time.Hour)
	oldest := release(30, "0")
	flipped := false
	// The deletion alone names a part of the oldest release.
	p.when(schema.DigestOf(oldest.Document).Hex()+"/blob/0000", func() { flipped = true; write(t, other, oldest) }, nil)
	if _, err := one.Write(t.Context(), release(20, "new")); err != nil && !errors.Is(err, integrations.ErrFenced) {
		t.Fatal(err)
	}
	if !flipped {
		t.Fatal("nothing was pruned: the test shows nothing")
	}
	c.reads(t, oldest)
	if o, err := other.Read(t.Context(), oldest); err != nil || !o.Equal {
		t.Errorf("the release that was flipped back to: %+v, %v", o, err)
	}
}

// TestPruningSparesWhatInstancesRun: however old a release is, it stays as long as one of them says that it runs it, and nothing
// goes where it cannot be read what they say.
func TestPruningSparesWhatInstancesRun(t *testing.T) {
	oldest, second := release(1, "0"), release(2, "1")
	says := func(doc schema.Digest) string {
		return fmt.Sprintf(`{"v":1,"instance":"pay-1","seq":1,"content":"sha256:aa","doc":%q,"at":"2026-11-23T10:00:00Z"}`, doc)
	}
	docOf := func(r integrations.Release) schema.Digest { return schema.DigestOf(r.Document) }
	for _, row := range []struct {
		sentence     string
		reports      []string
		during       string // reported between the look and the deletion
		first, other bool   // whether the oldest, and the one after it, are still there
	}{
		{"nobody runs them", nil, "", false, false},
		{"somebody runs the oldest", []string{says(docOf(oldest))}, "", true, false},
		{"others run what is new", []string{says(docOf(second)), `{"v":1,"instance":"pay-2","doc":""}`}, "", false, true},
		{"one of many", append(slices.Repeat([]string{says("")}, 100), says(docOf(oldest))), "", true, false},
		{"of a later version", []string{strings.Replace(says(docOf(oldest)), `"v":1`, `"v":2`, 1)}, "", true, false},
		{"a report is none", []string{"by hand"}, "", true, true},
		{"somebody says so at the last moment", nil, says(docOf(oldest)), true, true},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			endpoint := embedded(t)
			client, p := dial(t, endpoint), between(t, endpoint)
			now := time.Now()
			spec := integrationstest.Spec("etcd", map[string]string{"endpoints": p.endpoint(), "inline": "0"})
			spec.Now = func() time.Time { return now }
			target, err := etcd.New(spec)
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			for seq := range int64(12) {
				write(t, target, release(seq+1, fmt.Sprint(seq)))
			}
			report := func(n int, text string) {
				if _, err := client.Put(t.Context(), fmt.Sprintf("/config/production/%s/consumers/pay-%d", oldest.Cell.App, n), text); err != nil {
					t.Fatal(err)
				}
			}
			for n, text := range row.reports {
				report(n, text)
			}
			if row.during != "" { // the deletion alone names a part of the oldest release
				p.when(docOf(oldest).Hex()+"/blob/0000", func() { report(1000, row.during) }, nil)
			}
			now = now.Add(25 * time.Hour)
			write(t, target, release(20, "new"))
			for _, r := range []struct {
				integrations.Release
				there bool
			}{{oldest, row.first}, {second, row.other}} {
				found, err := client.Get(t.Context(), fmt.Sprintf("/config/production/%s/rel/%s/", r.Cell.App, docOf(r.Release).Hex()), clientv3.WithPrefix())
				if err != nil || (len(found.Kvs) > 0) != r.there {
					t.Errorf("of entry %d are %d parts there, %v; want some: %v", r.Seq, len(found.Kvs), err, r.there)
				}
			}
		})
	}
}

func TestTooLargeIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	want := large(1, "a")
	want.Document = append(want.Document, make([]byte, etcd.MaxDocument)...)
	before := c.version(t, want.Cell)
	if _, err := target.Write(t.Context(), want); !errors.Is(err, integrations.ErrTooLarge) || !strings.Contains(err.Error(), "split the app") {
		t.Errorf("got %v, want ErrTooLarge and what to do", err)
	}
	if after := c.version(t, want.Cell); after != before {
		t.Errorf("something was written:\n%s", after)
	}
}
