package reconciler

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWhyThereIsNothingToGoBackTo(t *testing.T) {
	one, two := schema.Revision("sha256:"+strings.Repeat("1", 64)), schema.Revision("sha256:"+strings.Repeat("2", 64))
	archived := ledger.Admission{Seq: 3, Revision: one, Full: true, Flags: []ledger.Flag{ledger.Archived}}
	for _, r := range []struct {
		sentence string
		before   []ledger.Admission
		now      schema.Revision
		want     string
	}{
		{"of an app that retired all is archived", []ledger.Admission{archived}, schema.None, "archived], since payments has retired"},
		{"what was replaced long ago is archived", []ledger.Admission{archived}, two, "longer ago than the rollback window"},
		{"where nothing else was admitted there is nothing", nil, two, "never admitted with another revision"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			now := ledger.Admission{Seq: 9, Revision: r.now}
			h := history{cell: schema.Cell{Stage: "production", App: "payments"}, own: ledger.State{Admitted: now, Revisions: append(r.before, now)}}
			_, err := h.goal("")
			var refused *Refused
			if !errors.As(err, &refused) || !strings.Contains(refused.Why, r.want) {
				t.Errorf("got %v, want %q", err, r.want)
			}
		})
	}
}
