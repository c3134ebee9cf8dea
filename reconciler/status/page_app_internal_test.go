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
	own, other, stage := of("team/pay"), of("web"), "deliver to etcd: entry 7 is there"
	for _, row := range []struct {
		sentence   string
		have, want []string
	}{
		{"its own, and those of all", []string{forge, own, other, stage}, []string{forge, own, stage}},
		{"none", nil, nil},
	} {
		if got := problemsOf(row.have, "team/pay"); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}
