package integrations_test

import (
	"errors"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

func TestPermit(t *testing.T) {
	want := release(7, "new")
	was := func(o integrations.Observation) integrations.Observation { o.Content = "sha256:other"; return o }
	ours := func(seq int64) integrations.Observation {
		return integrations.Observation{Holder: integrations.Us, Project: want.Project, Seq: seq, Content: want.Content}
	}
	applied, adopted := want, want
	applied.Applied, adopted.Adopt = true, true
	stranger := integrations.Observation{Holder: integrations.Stranger}
	same := integrations.Observation{Holder: integrations.Stranger, Same: true}
	another := integrations.Observation{Holder: integrations.Another, Project: "elsewhere"}
	for _, row := range []struct {
		name  string
		want  integrations.Release
		found integrations.Observation
		err   error
	}{
		{"an empty place is written", want, integrations.Observation{}, nil},
		{"an older release is followed", want, was(ours(6)), nil},
		{"the same release is repaired", want, ours(7), nil},
		{"a newer release fences", want, ours(8), integrations.ErrFenced},
		{"a newer release with the same content fences", want, was(ours(8)), integrations.ErrFenced},
		{"the same entry with another content is a conflict", want, was(ours(7)), integrations.ErrTaken},
		{"our changed marker is healed, whatever it claims", want, integrations.Observation{Holder: integrations.Altered, Seq: 99}, nil},
		{"another project's place is a conflict", want, another, integrations.ErrTaken},
		{"another project's place stays a conflict when adopting", adopted, another, integrations.ErrTaken},
		{"another project's place stays a conflict where we were", applied, another, integrations.ErrTaken},
		{"foreign content is not overwritten", want, stranger, integrations.ErrForeign},
		{"equal foreign content is marked", want, same, nil},
		{"foreign content is overwritten when asked", adopted, stranger, nil},
		{"foreign content where we were is drift", applied, stranger, nil},
		{"a holder nobody knows is a conflict", want, integrations.Observation{Holder: 99}, integrations.ErrConflict},
	} {
		err := integrations.Permit(row.want, row.found)
		if !errors.Is(err, row.err) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.err)
		}
		if row.err == integrations.ErrConflict && errors.Is(err, integrations.ErrFenced) {
			t.Errorf("%s: got fenced, want a lasting conflict", row.name)
		}
	}
}

func TestMarker(t *testing.T) {
	want := release(7, "document")
	genuine := encode(t, integrations.NewBody(want, true))
	elsewhere := want
	elsewhere.Project = "elsewhere"
	neighbour := want
	neighbour.Cell.App = "payments/ledger2"
	for _, row := range []struct {
		name string
		raw  []byte
		want integrations.Holder
	}{
		{"no key", nil, integrations.Nobody},
		{"an empty value", []byte{}, integrations.Stranger},
		{"our head", genuine, integrations.Us},
		{"our head, changed", append([]byte(" "), genuine...), integrations.Altered},
		{"our head of another cell", encode(t, integrations.NewBody(neighbour, true)), integrations.Altered},
		{"another project's head", encode(t, integrations.NewBody(elsewhere, true)), integrations.Another},
		{"a program's JSON with a field project", []byte(`{"project":"elsewhere"}`), integrations.Stranger},
		{"garbage", []byte("\x00\xff"), integrations.Stranger},
		{"null", []byte("null"), integrations.Stranger},
	} {
		if got, _ := spec().Marker(row.raw, want); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
	rotated := spec()
	rotated.Keys = nil
	if got, _ := rotated.Marker(genuine, want); got != integrations.Altered {
		t.Errorf("a key that is no longer named: got %v, want altered", got)
	}
	if got, _ := spec().Marker([]byte("{}"), integrations.Release{}); got != integrations.Stranger {
		t.Errorf("a release without project: got %v, want stranger", got)
	}
}
