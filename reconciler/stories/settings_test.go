package stories_test

import (
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// mirrored is a world whose app is delivered to an etcd, with a mirror or without.
type mirrored struct {
	*world
	client *clientv3.Client
}

func newMirrored(t *testing.T) *mirrored {
	server, err := etcd.StartEmbedded(t.TempDir(), etcd.EmbeddedOptions{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	w := newWorld(t, schema.DirectoryLayout, story{method: "merge", targets: []string{"etcd"}})
	w.stop()
	w.targets["etcd"].endpoint = server.Endpoint()
	w.start()
	return &mirrored{w, client}
}

// put is what somebody else writes below the app, "" for what they delete.
func (m *mirrored) put(key, value string) {
	m.t.Helper()
	var err error
	if key = "/config/development/a/" + key; value == "" {
		_, err = m.client.Delete(m.ctx, key)
	} else {
		_, err = m.client.Put(m.ctx, key, value)
	}
	m.must(err)
}

// keys are those of the mirror, with their values.
func (m *mirrored) keys() []string {
	m.t.Helper()
	answer, err := m.client.Get(m.ctx, "/config/development/a/kv/", clientv3.WithPrefix())
	m.must(err)
	var out []string
	for _, kv := range answer.Kvs {
		if name := strings.TrimPrefix(string(kv.Key), "/config/development/a/kv/"); name != "_complete" {
			out = append(out, name+"="+strings.TrimSpace(string(kv.Value)))
		}
	}
	return out
}

// sets lets other settings come into force, and returns what the passes after it recorded.
func (m *mirrored) sets(settings string) []string {
	m.t.Helper()
	m.do([]string{"rules", "ann", "settings=" + settings})
	m.do([]string{"merge", strings.TrimPrefix(slices.Max(m.requests()), "!")})
	return m.do([]string{"pass"})
}

// requests are the numbers of all merge requests.
func (m *mirrored) requests() []string {
	out := make([]string, 0, len(m.heads))
	for iid := range m.heads {
		out = append(out, string(rune('0'+iid)))
	}
	return out
}

// TestAMirrorThatIsChosenIsNoDrift: what sluice wrote under other settings is brought up to those in force, and nobody is told that
// somebody changed it. What somebody did change at the same time is told, key by key.
func TestAMirrorThatIsChosenIsNoDrift(t *testing.T) {
	const files, leaves = "app.yaml=revision: r1", "app.yaml/revision=r1"
	for _, row := range []struct {
		sentence      string
		before, after string
		hand          func(*mirrored)
		want          []string // of the drift
		keys          []string
	}{
		{"none, then files", "", "mirror: files", nil, nil, []string{files}},
		{"files, then leaves", "mirror: files", "mirror: leaves", nil, nil, []string{leaves}},
		{"files, then none", "mirror: files", "", nil, nil, nil},
		{"left alone by the stage as well", "drift: report, mirror: files", "drift: report, mirror: leaves", nil, nil, []string{leaves}},
		{"a key of the old mirror is changed", "mirror: files", "mirror: leaves", func(m *mirrored) { m.put("kv/app.yaml", "by hand") }, []string{"kv/app.yaml changed"}, []string{leaves}},
		{"a key of the old mirror is deleted", "mirror: files", "mirror: leaves", func(m *mirrored) { m.put("kv/app.yaml", "") }, []string{"kv/app.yaml deleted"}, []string{leaves}},
		{"a key of the new mirror is somebody's", "", "mirror: files", func(m *mirrored) { m.put("kv/app.yaml", "by hand") }, []string{"kv/app.yaml changed"}, []string{files}},
		{"a key beside the mirrors is somebody's", "", "mirror: files", func(m *mirrored) { m.put("kv/note", "mine") }, nil, []string{files, "note=mine"}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			m := newMirrored(t)
			m.do([]string{"seal", "dev/a=r1"})
			m.do([]string{"pass"})
			m.sets(strings.ReplaceAll(row.before, " ", "_"))
			if row.hand != nil {
				row.hand(m)
			}
			told := m.sets(strings.ReplaceAll(row.after, " ", "_"))
			if got := m.drifted(told); !slices.Equal(got, row.want) {
				t.Errorf("drift %q, want %q; told: %q", got, row.want, told)
			}
			if got := m.keys(); !slices.Equal(got, row.keys) {
				t.Errorf("the mirror is %q, want %q", got, row.keys)
			}
			if told := m.do([]string{"pass"}); !slices.Equal(told, []string{"exit 0"}) {
				t.Errorf("the next pass told %q", told)
			}
			m.audit()
		})
	}
}

// drifted are the keys of all drift that the ledger tells of, without what was never ours.
func (m *mirrored) drifted([]string) []string {
	m.t.Helper()
	clone, repo := m.openLedger()
	defer repo.Close()
	var out []string
	for e, err := range clone.Ledger.Entries(m.ctx, 1) {
		m.must(err)
		if e.Kind != "drift" {
			continue
		}
		for _, k := range e.Delivery.Keys {
			if k.Op != "foreign" {
				out = append(out, strings.TrimPrefix(k.Key, "/config/development/a/")+" "+k.Op)
			}
		}
	}
	return out
}

// TestAnOldRootIsKnownAgain: what lies there was written under settings that were changed twice since, and neither those of its
// admission nor those of the last apply say what it was.
func TestAnOldRootIsKnownAgain(t *testing.T) {
	for _, row := range []struct {
		sentence string
		hand     func(*mirrored)
		want     []string // of the drift
	}{
		{"nobody was there", nil, nil},
		{"a key of the mirror is changed", func(m *mirrored) { m.put("kv/app.yaml", "by hand") }, []string{"kv/app.yaml changed"}},
		{"a key of the mirror is deleted", func(m *mirrored) { m.put("kv/app.yaml", "") }, []string{"kv/app.yaml deleted"}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			m := newMirrored(t)
			m.do([]string{"seal", "dev/a=r1"})
			m.sets("mirror:_files")
			m.sets("root:_/elsewhere")
			if row.hand != nil {
				row.hand(m)
			}
			told := m.sets("mirror:_leaves")
			if got := m.drifted(told); !slices.Equal(got, row.want) {
				t.Errorf("drift %q, want %q; told: %q", got, row.want, told)
			}
			if row.want == nil && !slices.Equal(told, []string{"#7 control trust 1 !3", "#8 apply dev/a etcd ok", "exit 0"}) {
				t.Errorf("told: %q, without anybody's doing", told)
			}
			if got, want := m.keys(), []string{"app.yaml/revision=r1"}; !slices.Equal(got, want) {
				t.Errorf("the mirror is %q, want %q", got, want)
			}
			m.audit()
		})
	}
}
