package ledger

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sluice-gitops/sluice/schema"
)

// TestEdgeIsTheTreeOfRFC6962 compares with a reader that stores every hash.
func TestEdgeIsTheTreeOfRFC6962(t *testing.T) {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	var e edge
	for n := range int64(130) {
		data := fmt.Appendf(nil, "entry %d", n)
		hashes, err := tlog.StoredHashes(n, data, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		e = e.add(data)
		want, err := tlog.TreeHash(n+1, read)
		if err != nil || e.root() != want {
			t.Fatalf("size %d: root %s, want %s, %v", n+1, e.root(), want, err)
		}
		back, err := parseEdge(e.encode())
		if err != nil || back.root() != want {
			t.Fatalf("size %d: read back %v, %v", n+1, back, err)
		}
	}
}

func TestEdgeOfNothing(t *testing.T) {
	want, err := tlog.TreeHash(0, nil)
	if err != nil || (edge{}).root() != want {
		t.Errorf("root %s, want %s, %v", edge{}.root(), want, err)
	}
}

func FuzzParseEdge(f *testing.F) {
	f.Add(edge{}.encode())
	f.Add(edge{}.add(nil).add(nil).add(nil).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := parseEdge(data); err == nil && !bytes.Equal(e.encode(), data) {
			t.Errorf("%q read as %v", data, e)
		}
	})
}

func FuzzParseTree(f *testing.F) {
	f.Add(tree{{name: "a", id: schema.Hash{1}}, {name: "b", dir: true, id: schema.Hash{2}}}.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if tr, err := parseTree(data); err == nil && !bytes.Equal(tr.encode(), data) {
			t.Errorf("%q read as %v", data, tr)
		}
	})
}

func TestParseTreeRefuses(t *testing.T) {
	a, b := item{name: "a", id: schema.Hash{1}}, item{name: "b", dir: true, id: schema.Hash{2}}
	good := tree{a, b}.encode()
	if _, err := parseTree(good); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"names that are not sorted": tree{b, a}.encode(),
		"a name twice":              tree{a, a}.encode(),
		"a path for a name":         tree{{name: "a/b", id: schema.Hash{1}}}.encode(),
		"no name":                   tree{{id: schema.Hash{1}}}.encode(),
		"a name that is cut off":    good[:5],
		"an id that is cut off":     good[:len(good)-1],
		"an executable":             bytes.Replace(good, []byte("100644"), []byte("100755"), 1),
		"a symbolic link":           bytes.Replace(good, []byte("100644"), []byte("120000"), 1),
		"a submodule":               bytes.Replace(good, []byte("40000"), []byte("160000"), 1),
	} {
		if got, err := parseTree(data); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

func FuzzParseCommit(f *testing.F) {
	payload := newCommit(schema.Hash{1}, schema.Hash{2}, "p", time.Unix(0, 0), "message\n\nbody\n")
	f.Add(payload)
	f.Add(signCommit(payload, []byte("-----BEGIN SSH SIGNATURE-----\nabc\n\ndef\n-----END SSH SIGNATURE-----\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCommit(data)
		if err != nil {
			return
		}
		again := c.payload
		if c.armored != nil {
			again = signCommit(c.payload, c.armored)
		}
		if !bytes.Equal(again, data) {
			t.Errorf("%q read as %q", data, again)
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(Checkpoint{Origin: "p", Size: 3}.text())
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseCheckpointText(text); err == nil && c.text() != text {
			t.Errorf("%q read as %+v", text, c)
		}
	})
}

func TestCacheForgetsTheOldHalf(t *testing.T) {
	c := newCache[int, int](2)
	for n := range 3 {
		c.put(n, n)
	}
	if _, ok := c.get(0); !ok {
		t.Error("0 is in the old half")
	}
	c.put(3, 3)
	c.put(4, 4)
	if _, ok := c.get(1); ok {
		t.Error("1 was used last and is still there")
	}
	if _, ok := c.get(4); !ok {
		t.Error("4 is the newest")
	}
}
