package integrationstest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

var (
	red  = map[string]string{"app.yaml": "colour: red\n", "conf/db.properties": "host=a\n"}
	blue = map[string]string{"app.yaml": "colour: blue\n", "conf/cache.properties": "host=b\n"}
)

func (a *asker) written(t *testing.T) {
	want := a.release("pay", 3, red)
	if o := a.read(t, want); o.Present() || o.Equal || o.Holder != integrations.Nobody || o.Digest != "" {
		t.Fatalf("before anything was written: %+v", o)
	}
	if o := a.write(t, want); !o.Wrote {
		t.Error("the first write says that it wrote nothing")
	}
	if o := a.read(t, want); !o.Equal || !o.Ours() || o.Seq != 3 || len(o.Keys)+len(o.Foreign) > 0 {
		t.Errorf("read after write: %+v", o)
	}
}

func (a *asker) idempotent(t *testing.T) {
	want := a.release("pay", 3, red)
	first := a.write(t, want)
	before := a.Version(t, want.Cell)
	second := a.write(t, want)
	if after := a.Version(t, want.Cell); after != before || second.Wrote {
		t.Errorf("second write: changed %s to %s (wrote %v)", before, after, second.Wrote)
	}
	if first.Digest != second.Digest {
		t.Errorf("digest: first %s, second %s", first.Digest, second.Digest)
	}
}

func (a *asker) replaced(t *testing.T) {
	a.write(t, a.release("pay", 3, red))
	next := a.release("pay", 5, blue)
	if o := a.read(t, next); o.Equal || o.Seq != 3 || len(ours(o)) == 0 {
		t.Errorf("the older release, read for the newer: %+v", o)
	}
	a.write(t, next)
	same := a.release("pay", 9, blue) // admitted again with the same content
	if o := a.write(t, same); !o.Wrote {
		t.Error("the fence did not move on to entry 9")
	}
	a.refused(t, next, integrations.ErrFenced)
}

func (a *asker) fenced(t *testing.T) {
	a.write(t, a.release("pay", 5, blue))
	for _, old := range []integrations.Release{a.release("pay", 3, red), a.release("pay", 4, blue)} {
		old.Applied, old.Adopt = true, true
		if o := a.refused(t, old, integrations.ErrFenced); o.Seq != 5 {
			t.Errorf("refused entry %d: names entry %d as the newer one, want 5", old.Seq, o.Seq)
		}
	}
	a.Reads(t, a.release("pay", 5, blue))
}

func (a *asker) forked(t *testing.T) {
	a.write(t, a.release("pay", 5, blue))
	other := a.release("pay", 5, red)
	other.Applied, other.Adopt = true, true
	a.refused(t, other, integrations.ErrConflict)
	if _, err := a.target.Write(t.Context(), other); errors.Is(err, integrations.ErrFenced) {
		t.Errorf("got %v: reading the ledger again would not resolve it", err)
	}
}

func (a *asker) rewritten(t *testing.T) {
	a.write(t, a.release("pay", 5, blue))
	want := a.release("pay", 5, blue)
	want.Document = append(want.Document, '\n')
	if o := a.read(t, want); o.Equal {
		t.Error("another document reads as equal")
	}
	a.write(t, want)
}

func (a *asker) healed(t *testing.T) {
	if len(a.Damage) == 0 {
		t.Fatal("the fixture knows no damage")
	}
	n := 0
	for name, damage := range a.Damage {
		n++
		want := a.release(schema.App("pay-"+strings.Repeat("x", n)), 5, blue)
		a.write(t, want)
		want.Applied = true
		damage(t, want)
		o := a.read(t, want)
		if o.Equal || len(o.Keys) == 0 {
			t.Errorf("%s: not seen: %+v", name, o)
		}
		if o := a.write(t, want); !o.Wrote {
			t.Errorf("%s: healed, and says that it wrote nothing", name)
		}
	}
}

func (a *asker) foreign(t *testing.T) {
	want := a.release("pay", 5, blue)
	key := a.Put(t, want.Cell, "app.yaml", []byte("colour: green\n"))
	if o := a.read(t, want); o.Holder != integrations.Stranger || o.Same || o.Equal || !slices.Contains(o.Foreign, key) {
		t.Errorf("foreign content: %+v", o)
	}
	a.refused(t, want, integrations.ErrForeign)
	want.Adopt = true
	a.write(t, want)
	kept := "colour: green\n"
	if a.Overwrites {
		kept = blue["app.yaml"]
	}
	if got := a.Get(t, want.Cell, "app.yaml"); string(got) != kept {
		t.Errorf("adopted, and the foreign key is now %q, want %q", got, kept)
	}
}

func (a *asker) marked(t *testing.T) {
	want := a.release("pay", 5, blue)
	for path, text := range blue {
		a.Put(t, want.Cell, path, []byte(text))
	}
	if o := a.read(t, want); o.Holder != integrations.Stranger || !o.Same {
		t.Errorf("equal foreign content: %+v", o)
	}
	a.write(t, want)
	for path, text := range blue {
		if got := a.Get(t, want.Cell, path); string(got) != text {
			t.Errorf("%s: now %q, want it untouched", path, got)
		}
	}
	more := a.release("more", 5, blue)
	for path, text := range blue {
		a.Put(t, more.Cell, path, []byte(text))
	}
	a.Put(t, more.Cell, "extra.yaml", []byte("x"))
	a.refused(t, more, integrations.ErrForeign)
}

func (a *asker) beside(t *testing.T) {
	first := a.release("pay", 5, blue)
	a.write(t, first)
	key := a.Put(t, first.Cell, "note", []byte("mine"))
	for _, want := range []integrations.Release{first, a.release("pay", 6, red), a.release("pay", 7, nil)} {
		o := a.write(t, want)
		if !slices.Contains(o.Foreign, key) {
			t.Errorf("entry %d: foreign is %q, want %s in it", want.Seq, o.Foreign, key)
		}
		named := func(d integrations.Difference) bool {
			d.Revision, d.By = 0, "" // if the target tells
			return d == integrations.Difference{Key: key, Op: integrations.Foreign, After: schema.DigestOf([]byte("mine"))}
		}
		if !slices.ContainsFunc(o.Keys, named) {
			t.Errorf("entry %d: differences %v do not name %s", want.Seq, o.Keys, key)
		}
		if got := a.Get(t, first.Cell, "note"); string(got) != "mine" {
			t.Errorf("entry %d: the foreign key is now %q", want.Seq, got)
		}
	}
}

func (a *asker) conflict(t *testing.T) {
	theirs := a.release("pay", 5, blue)
	theirs.Project = "another"
	a.write(t, theirs)
	want := a.release("pay", 9, red)
	want.Applied, want.Adopt = true, true
	if o := a.read(t, want); o.Holder != integrations.Another || o.Project != "another" || o.Seq != 0 || o.Equal {
		t.Errorf("another project's place: %+v", o)
	}
	a.refused(t, want, integrations.ErrConflict)
	a.Reads(t, theirs)
}

func (a *asker) retired(t *testing.T) {
	a.write(t, a.release("pay", 5, blue))
	gone := a.release("pay", 8, nil)
	a.write(t, gone)
	a.refused(t, a.release("pay", 5, blue), integrations.ErrFenced)
	if o := a.read(t, gone); !o.Equal {
		t.Errorf("retired: %+v", o)
	}
	a.write(t, a.release("pay", 11, red))
}

func (a *asker) neighbours(t *testing.T) {
	apps := []schema.App{"app", "app2", "app-2", "a/b", "a/c", "a-b"}
	for i, app := range apps {
		a.write(t, a.release(app, int64(i+1), red))
	}
	for i, app := range apps {
		versions := map[schema.App]string{}
		for _, other := range apps {
			versions[other] = a.Version(t, Cell(other))
		}
		a.write(t, a.release(app, int64(i+20), nil))
		for _, other := range apps {
			if other != app && a.Version(t, Cell(other)) != versions[other] {
				t.Errorf("retiring %s changed %s", app, other)
			}
		}
	}
	for i, app := range apps {
		if o := a.read(t, a.release(app, int64(i+20), nil)); !o.Equal || len(o.Foreign) > 0 {
			t.Errorf("%s: %+v", app, o)
		}
	}
	elsewhere := a.release("app", 40, red)
	elsewhere.Cell.Stage = "gray"
	a.write(t, elsewhere)
	if o := a.read(t, a.release("app", 20, nil)); !o.Equal {
		t.Errorf("writing gray changed production: %+v", o)
	}
}
