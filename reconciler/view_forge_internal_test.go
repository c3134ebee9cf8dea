package reconciler

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestAForgeThatCannotBeAskedIsNotWellAgain: a pass that fetched nothing asks no forge, and what was found before stays.
func TestAForgeThatCannotBeAskedIsNotWellAgain(t *testing.T) {
	v := schema.View{Outside: schema.Outside{ForgeCodes: []schema.Code{"forge-unavailable"}}}
	r := &Reconciler{}
	for _, p := range []*pass{nil, {Reconciler: r}} {
		if err := r.askForge(t.Context(), p, &v); err != nil || !slices.Equal(v.Outside.ForgeCodes, []schema.Code{"forge-unavailable"}) {
			t.Errorf("got %v, %+v", err, v.Outside)
		}
	}
}

func TestTheForgeIsToldOfOnceWhileItStaysTheSame(t *testing.T) {
	var out bytes.Buffer
	r := &Reconciler{}
	r.cfg.Log = plainLog(&out)
	down := []schema.Code{"forge-unavailable"}
	for i, row := range []struct {
		codes []schema.Code
		err   error
		want  string
	}{
		{nil, nil, ""},
		{down, errors.New("read from port 1"), `level=WARN msg="the forge was not read" codes=[forge-unavailable]`},
		{down, errors.New("read from port 2"), ""},
		{[]schema.Code{"forge-forbidden"}, errors.New("no"), `level=WARN msg="the forge was not read" codes=[forge-forbidden]`},
		{nil, nil, `level=INFO msg="read the forge again"`},
		{nil, nil, ""},
	} {
		out.Reset()
		r.tellForge(row.codes, row.err)
		if got := strings.TrimSpace(out.String()); got != row.want {
			t.Errorf("%s: got %s, want %s", fmt.Sprint(i), got, row.want)
		}
	}
}
