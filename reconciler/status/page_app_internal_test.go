package status

import (
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestThePageOfAnAppHasItsOwnProblemsAlone(t *testing.T) {
	const forge = "forge: no answer"
	of := func(app schema.App) string {
		return "deliver " + schema.Cell{Stage: "production", App: app}.String() + ": target etcd: invalid"
	}
	late := "web in production: admitted by entry #7 and not at etcd yet [delivery-overdue]"
	own, other, stage := of("team/pay"), of("web"), "deliver to etcd: entry 7 is there"
	for _, row := range []struct {
		sentence   string
		of         schema.Cell
		have, want []string
	}{
		{"its own, and those of all", schema.Cell{App: "team/pay"}, []string{forge, own, other, stage}, []string{forge, own, stage}},
		{"what is late elsewhere", schema.Cell{App: "team/pay"}, []string{late}, []string{}},
		{"of one stage", schema.Cell{Stage: "gray", App: "team/pay"}, []string{forge, own}, []string{forge}},
		{"none", schema.Cell{App: "team/pay"}, nil, nil},
	} {
		if got := problemsOf(row.have, row.of); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}
