package gitrepo

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // a pack's checksum
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func encodeTree(entries []TreeEntry) []byte {
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s\x00%s", e.Mode, e.Name, e.ID[:])
	}
	return b.Bytes()
}

// FuzzTree: a tree that is accepted is written by git in these bytes and no others, and every name is found again.
func FuzzTree(f *testing.F) {
	f.Add(encodeTree([]TreeEntry{
		{Name: "a", Mode: schema.Regular, ID: schema.Hash{1}},
		{Name: "a.b", Mode: ModeTree, ID: schema.Hash{2}},
		{Name: "b", Mode: ModeSymlink, ID: schema.Hash{3}},
	}))
	f.Add([]byte("100644 a"))
	f.Add([]byte("40000 .git\x0001234567890123456789"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseTree(schema.Hash{}, data, 1000)
		if err != nil {
			return
		}
		if !bytes.Equal(encodeTree(entries), data) {
			t.Fatalf("%q is read as %v", data, entries)
		}
		for i, e := range entries {
			if i > 0 && !less(entries[i-1], e) {
				t.Errorf("%q is not after %q", e.Name, entries[i-1].Name)
			}
			if got, ok := entryNamed(entries, e.Name); !ok || got != e {
				t.Errorf("%q: found %v, %t", e.Name, got, ok)
			}
		}
	})
}

// FuzzCommit: reading is lenient, so it must only never fail badly, find what a dumb reader finds, and see the same place
// in history as the strict reader in whatever that one accepts.
func FuzzCommit(f *testing.F) {
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a> 1 +0000\ncommitter A <a> 2 +0000\n\nx"))
	f.Add([]byte("tree "))
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ncommitter <> 99999999999999999999\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCommit(schema.Hash{}, data)
		strict, refused := signing.ParseCommit(data)
		if refused == nil && (err != nil || c.Tree != strict.Tree || !slices.Equal(c.Parents, strict.Parents) || !c.Time.Equal(strict.Committer.Time)) {
			t.Fatalf("%q: read as %+v (%v), strictly as tree %s, parents %v at %s", data, c, err, strict.Tree, strict.Parents, strict.Committer.Time)
		}
		if err != nil {
			return
		}
		if !bytes.HasPrefix(data, []byte("tree "+c.Tree.String())) && !bytes.HasPrefix(bytes.ToLower(data), []byte("tree "+c.Tree.String())) {
			t.Errorf("%q: tree %s", data, c.Tree)
		}
		if n := bytes.Count(data, []byte("\nparent ")); len(c.Parents) > n {
			t.Errorf("%q: %d parents, want at most %d", data, len(c.Parents), n)
		}
	})
}

// FuzzInflate: whatever a loose object holds, never more than its header says and the limit allows.
func FuzzInflate(f *testing.F) {
	f.Add([]byte{0x78, 0x9c}, int64(10))
	f.Fuzz(func(t *testing.T, data []byte, limit int64) {
		_, out, err := inflate(bytes.NewReader(data), limit%1000)
		if err == nil && int64(len(out)) > limit%1000 {
			t.Errorf("%d bytes, limit %d", len(out), limit%1000)
		}
	})
}

// FuzzPack: a pack that is accepted is one that git accepts, with the same objects.
func FuzzPack(f *testing.F) {
	for _, name := range []string{"plain", "deltas"} {
		f.Add(seedPack(f, name == "deltas"))
	}
	f.Add(thinSeed())
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.pack")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		limits := DefaultLimits()
		limits.Objects, limits.Delta = 1000, 1<<20
		base := schema.NewObject(schema.BlobObject, []byte("what is here\n"))
		stored := func(id schema.Hash) (schema.ObjectKind, []byte, error) {
			if id != base.ID {
				return "", nil, ErrMissing
			}
			return base.Kind, base.Data, nil
		}
		index, _, err := indexPack(file, limits, stored)
		if err != nil || index == nil {
			return
		}
		if out, err := exec.Command("git", "index-pack", path).CombinedOutput(); err != nil {
			t.Errorf("git refuses what is accepted here: %s", out)
		}
	})
}

// thinSeed is a pack of one delta that makes "here" of the blob "what is here\n", which it does not hold.
func thinSeed() []byte {
	base := schema.ObjectID(schema.BlobObject, []byte("what is here\n"))
	var pack bytes.Buffer
	pack.WriteString("PACK\x00\x00\x00\x02\x00\x00\x00\x01")
	pack.WriteByte(7<<4 | 5)
	pack.Write(base[:])
	z := zlib.NewWriter(&pack)
	_, _ = z.Write([]byte{13, 4, 0x91, 8, 4}) // 13 bytes become 4: those from index 8 on
	_ = z.Close()
	sum := sha1.Sum(pack.Bytes())
	return append(pack.Bytes(), sum[:]...)
}

// TestAThinPackIsCompleted holds the seed to what the fuzzing means: it is accepted, with its base.
func TestAThinPackIsCompleted(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "x.pack"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(thinSeed()); err != nil {
		t.Fatal(err)
	}
	base := schema.NewObject(schema.BlobObject, []byte("what is here\n"))
	index, _, err := indexPack(file, DefaultLimits(), func(schema.Hash) (schema.ObjectKind, []byte, error) { return base.Kind, base.Data, nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []schema.Hash{base.ID, schema.ObjectID(schema.BlobObject, []byte("here"))} {
		if ok, err := index.Contains(plumbing.Hash(id)); err != nil || !ok {
			t.Errorf("%s: %v, %v", id, ok, err)
		}
	}
	if _, _, err := indexPack(file, DefaultLimits(), nil); err != nil {
		t.Errorf("what was completed does not stand alone: %v", err)
	}
}

func seedPack(f *testing.F, deltas bool) []byte {
	dir := f.TempDir()
	script := "git init -q . && for i in 1 2; do seq 1 30 > a; echo $i >> a; git add a; git -c user.name=a -c user.email=a@b commit -q -m $i; done; " +
		"git rev-list --objects --all | git pack-objects --stdout --quiet --delta-base-offset --window="
	window := "0"
	if deltas {
		window = "10"
	}
	cmd := exec.Command("sh", "-c", script+window)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		f.Fatal(err)
	}
	return out
}

// FuzzPackedRefs: what is read is written again, and read as the same.
func FuzzPackedRefs(f *testing.F) {
	f.Add([]byte("# pack-refs with: peeled fully-peeled sorted \n4b825dc642cb6eb9a060e54bf8d69288fbee4904 refs/heads/main\n^4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "packed-refs")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		refs, err := readPackedRefs(path)
		if err != nil {
			return
		}
		for name := range refs {
			if CheckRef(name) != nil {
				delete(refs, name)
			}
		}
		if err := writePackedRefs(dir, refs); err != nil {
			t.Fatal(err)
		}
		again, err := readPackedRefs(path)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(refs) {
			t.Errorf("got %v, %v, want %v", again, err, refs)
		}
	})
}
