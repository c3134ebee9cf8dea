package reconciler_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWhatCanBeAdopted(t *testing.T) {
	const seen = 10
	stage := schema.Stage{Targets: []schema.StageTarget{{Name: "etcd"}}}
	live := map[string]ledger.Live{"etcd": {}}
	for _, row := range []struct {
		sentence  string
		admitted  ledger.Admission
		live      map[string]ledger.Live
		overwrite bool
		want      bool
	}{
		{"what a mode alone let in", ledger.Admission{Seq: 10, LetIn: schema.Warn}, live, false, true},
		{"what came in after they looked", ledger.Admission{Seq: 11, LetIn: schema.Warn}, live, false, false},
		{"what came in after they looked, to be written over", ledger.Admission{Seq: 11}, nil, true, false},
		{"what its gate let in", ledger.Admission{Seq: 10}, live, false, false},
		{"what was never admitted", ledger.Admission{}, nil, true, false},
		{"what a target never had from us", ledger.Admission{Seq: 10}, nil, true, true},
		{"what a target never had from us, without a word about it", ledger.Admission{Seq: 10}, nil, false, false},
		{"what is written over already", ledger.Admission{Seq: 10, Overwrite: true}, nil, true, false},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			s := ledger.State{Admitted: row.admitted, Live: row.live}
			if got := reconciler.Adoptable(s, stage, row.overwrite, seen); got != row.want {
				t.Errorf("got %t, want %t", got, row.want)
			}
		})
	}
}
