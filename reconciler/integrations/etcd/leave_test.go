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
)

const payDir = "/config/production/pay/"

// cellKeys is everything below pay, by its key there.
func (c raw) cellKeys(t *testing.T) map[string]string {
	t.Helper()
	response, err := c.Get(t.Context(), payDir, clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, kv := range response.Kvs {
		out[strings.TrimPrefix(string(kv.Key), payDir)] = string(kv.Value)
	}
	return out
}

func leave(t *testing.T, target *etcd.Target, write bool) integrations.Leaving {
	t.Helper()
	left, err := target.Leave(t.Context(), bare(), write)
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// bare is all that leaving needs to know.
func bare() integrations.Release {
	r := release(1, "")
	return integrations.Release{Project: r.Project, Cell: r.Cell}
}

func TestWhoLeavesKeepsThePlainKeys(t *testing.T) {
	files := map[string]string{"app.yaml": "a: 1\n", "more/b.txt": "b"}
	many, manyKept := map[string]string{}, map[string]string{"theirs": "theirs"}
	for i := range 300 {
		many[fmt.Sprintf("f%03d", i)] = "x"
		manyKept[fmt.Sprintf("f%03d", i)] = "x"
	}
	servers := map[string]func(*testing.T) string{"embedded": embedded, "a real server": process}
	for _, row := range []struct {
		sentence string
		want     integrations.Release
		settings map[string]string
		goes     int
		kept     map[string]string
	}{
		{"the document is in the head", integrationstest.Release(integrationstest.Cell("pay"), 7, files), nil, 1,
			map[string]string{"app.yaml": "a: 1\n", "more/b.txt": "b", "theirs": "theirs"}},
		{"in parts beside it", integrationstest.Release(integrationstest.Cell("pay"), 7, files), map[string]string{"inline": "0"}, 3,
			map[string]string{"app.yaml": "a: 1\n", "more/b.txt": "b", "theirs": "theirs"}},
		{"more files than a transaction takes", integrationstest.Release(integrationstest.Cell("pay"), 7, many), nil, 1, manyKept},
		{"with a mirror", mirrored(7, "files", files), nil, 3, map[string]string{"kv/app.yaml": "a: 1\n", "kv/more/b.txt": "b", "theirs": "theirs"}},
		{"with a mirror of leaves", mirrored(7, "leaves", files), nil, 3, map[string]string{"kv/app.yaml/a": "1", "kv/more/b.txt": "b", "theirs": "theirs"}},
	} {
		for name, server := range servers {
			t.Run(row.sentence+", "+name, func(t *testing.T) {
				endpoint := server(t)
				settings := map[string]string{"endpoints": endpoint}
				maps.Copy(settings, row.settings)
				target, c := connect(t, settings), raw{dial(t, endpoint), "/config"}
				for _, seq := range []int64{5, 7} {
					r := row.want
					r.Seq = seq
					write(t, target, r)
				}
				c.put(t, payDir+"theirs", "theirs")
				before := c.cellKeys(t)
				if left := leave(t, target, false); len(left.Goes) != row.goes || len(left.Plain) != len(row.kept)-1 {
					t.Errorf("it would leave %+v, want %d to go and %d to stay", left, row.goes, len(row.kept)-1)
				}
				if got := c.cellKeys(t); !maps.Equal(got, before) {
					t.Errorf("asking changed it: %q", got)
				}
				leave(t, target, true)
				if got := c.cellKeys(t); !maps.Equal(got, row.kept) {
					t.Errorf("got %q, want %q", got, row.kept)
				}
				if left := leave(t, target, true); len(left.Goes) > 0 {
					t.Errorf("leaving again finds %+v", left)
				}
				// What was left is somebody else's: coming back has to be asked for.
				next := row.want
				next.Seq = 9
				if _, err := target.Write(t.Context(), next); !errors.Is(err, integrations.ErrForeign) {
					t.Errorf("coming back unasked: %v, want it to be refused as foreign", err)
				}
			})
		}
	}
}

func TestLeavingIsFinishedLater(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint, "inline": "0"}), raw{dial(t, endpoint), "/config"}
	write(t, target, release(7, "a: 1\n"))
	for _, done := range []func(){
		func() { c.put(t, payDir+"app.yaml", "a: 1\n") },
		func() { c.del(t, payDir+"head") },
	} {
		done()
	}
	leave(t, target, true)
	if got := c.cellKeys(t); !maps.Equal(got, map[string]string{"app.yaml": "a: 1\n"}) {
		t.Errorf("got %q", got)
	}
}

func TestWhatCannotBeLeftStaysWhole(t *testing.T) {
	for _, row := range []struct {
		sentence string
		files    map[string]string
		do       func(t *testing.T, c raw)
		project  string
		class    error
	}{
		{"the head is another's bytes", nil, func(t *testing.T, c raw) { c.put(t, payDir+"head", "\x00garbage") }, "", integrations.ErrForeign},
		{"the head was changed", nil, func(t *testing.T, c raw) { c.edit(t, release(1, "").Cell, `"seq":`, `"seq":9`) }, "", integrations.ErrForeign},
		{"the head is another project's", nil, func(*testing.T, raw) {}, "ffffffff", integrations.ErrTaken},
		{"programs report that they read it", nil, func(t *testing.T, c raw) { c.put(t, payDir+"consumers/web-1", "{}") }, "", integrations.ErrForeign},
		{"a plain key is another's", nil, func(t *testing.T, c raw) { c.put(t, payDir+"app.yaml", "theirs") }, "", integrations.ErrForeign},
		{"a file has a name of ours", map[string]string{"rel/app.yaml": "a: 1\n"}, func(*testing.T, raw) {}, "", integrations.ErrForeign},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			endpoint := embedded(t)
			target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
			if row.files == nil {
				row.files = map[string]string{"app.yaml": "a: 1\n"}
			}
			write(t, target, integrationstest.Release(integrationstest.Cell("pay"), 7, row.files))
			row.do(t, c)
			before := c.cellKeys(t)
			want := bare()
			if row.project != "" {
				want.Project = row.project
			}
			for _, really := range []bool{false, true} {
				if _, err := target.Leave(t.Context(), want, really); !errors.Is(err, row.class) {
					t.Errorf("got %v, want %v", err, row.class)
				}
			}
			if got := c.cellKeys(t); !maps.Equal(got, before) {
				t.Errorf("got %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(before)))
			}
		})
	}
}

func TestARetiredAppLeavesNothing(t *testing.T) {
	endpoint := embedded(t)
	target, c := connect(t, map[string]string{"endpoints": endpoint}), raw{dial(t, endpoint), "/config"}
	r := integrationstest.Release(integrationstest.Cell("pay"), 7, nil)
	r.Retired = true
	write(t, target, r)
	leave(t, target, true)
	if got := c.cellKeys(t); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
}
