package status_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// halved is the sample in an atomic project: one merge request brought an app that is refused, and one that waits for it.
func halved(t testing.TB, code schema.Code, refused schema.Outcome) schema.View {
	v := sample(t)
	for a := range v.Apps {
		for c := range v.Apps[a].Cells {
			if held := v.Apps[a].Cells[c].Held; held != nil {
				held.MergeRequest = int64(1 + a)
			}
		}
	}
	x, y := v.Apps[2].Cells[3].Held, v.Apps[1].Cells[4].Held
	x.MergeRequest, y.MergeRequest = 4120, 4120
	x.Verdict = schema.All("change", schema.Verdict{Policy: "gate", Outcome: schema.Allow},
		schema.Verdict{Policy: "atomic", Outcome: schema.Hold, Code: code, Args: map[string]string{"cells": "orders/api in production"}})
	y.Verdict = schema.Verdict{Policy: "provenance", Outcome: refused, Code: "override"}
	return v
}

func TestTheWayOutOfHalfAnAtomicMergeRequestIsToTakeAllOfItBack(t *testing.T) {
	opts := options()
	waits, refused := schema.Cell{Stage: "gray", App: "payments/ledger"}, schema.Cell{Stage: "production", App: "orders/api"}
	lost, may := halved(t, "atomic-lost", schema.Deny), halved(t, "atomic", schema.Hold)
	for _, row := range []struct {
		name   string
		view   schema.View
		cell   schema.Cell
		enters bool
	}{
		{"atomic-lost", lost, waits, false},
		{"atomic-refused", lost, refused, false},
		{"atomic-waits", may, waits, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b bytes.Buffer
			status.WriteWhy(&b, row.view, row.cell, opts)
			if got := strings.Contains(b.String(), "the change then enters by itself"); got != row.enters {
				t.Errorf("it says that the change can enter by itself: %t, want %t:\n%s", got, row.enters, b.String())
			}
			for _, path := range []string{"stages/gray/payments/ledger", "stages/production/orders/api"} {
				if !strings.Contains(printed(t, row.view, row.cell, opts, "Take the whole merge request !"), "-- "+path) {
					t.Errorf("%s is not restored:\n%s", path, b.String())
				}
			}
			golden(t, "ask-"+row.name+".txt", b.Bytes())
		})
	}
}
