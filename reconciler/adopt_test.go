package reconciler_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWhatCanBeAdopted(t *testing.T) {
	const seen = 10
	stage := schema.Stage{Name: "prod", Targets: []schema.StageTarget{{Name: "etcd"}}}
	live := map[string]ledger.Live{"etcd": {}}
	for _, row := range []struct {
		sentence  string
		admitted  ledger.Admission
		live      map[string]ledger.Live
		taken     int64 // the control entry by which the target was taken up again
		overwrite bool
		want      bool
	}{
		{"what a mode alone let in", ledger.Admission{Seq: 10, LetIn: schema.Warn}, live, 0, false, true},
		{"what came in after they looked", ledger.Admission{Seq: 11, LetIn: schema.Warn}, live, 0, false, false},
		{"what came in after they looked, to be written over", ledger.Admission{Seq: 11}, nil, 0, true, false},
		{"what its gate let in", ledger.Admission{Seq: 10}, live, 0, false, false},
		{"what was never admitted", ledger.Admission{}, nil, 0, true, false},
		{"what a target never had from us", ledger.Admission{Seq: 10}, nil, 0, true, true},
		{"what a target never had from us, without a word about it", ledger.Admission{Seq: 10}, nil, 0, false, false},
		{"what is written over already", ledger.Admission{Seq: 10, Overwrite: true}, nil, 0, true, false},
		{"what a target had from us before it was left", ledger.Admission{Seq: 10}, live, 7, true, true},
		{"what a target had from us since it was taken up again", ledger.Admission{Seq: 10}, map[string]ledger.Live{"etcd": {Taken: 7}}, 7, true, false},
		{"what was to be written over before the target was left", ledger.Admission{Seq: 10, Overwrite: true, OverwriteTaken: 3}, live, 7, true, true},
		{"what is to be written over since it was taken up again", ledger.Admission{Seq: 10, Overwrite: true, OverwriteTaken: 7}, live, 7, true, false},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			s := ledger.State{Stage: "prod", Admitted: row.admitted, Live: row.live}
			in := ledger.ControlState{Taken: map[schema.StageName]map[string]int64{"prod": {"etcd": row.taken}}}
			if got := reconciler.Adoptable(s, stage, in, row.overwrite, seen); got != row.want {
				t.Errorf("got %t, want %t", got, row.want)
			}
		})
	}
}
