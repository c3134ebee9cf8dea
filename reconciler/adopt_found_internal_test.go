package reconciler

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

func TestWhatTheFirstWriteWouldFind(t *testing.T) {
	type seen = integrations.Observation
	for _, r := range []struct {
		sentence string
		applied  bool
		seen     seen
		want     TakeOver
	}{
		{"ours, as admitted", true, seen{Holder: integrations.Us, Seq: 5, Content: "sha256:1", Equal: true}, TakeOverOurs},
		{"ours, an older one", true, seen{Holder: integrations.Us, Seq: 4}, TakeOverDrifted},
		{"ours, of a newer ledger", true, seen{Holder: integrations.Us, Seq: 6}, TakeOverAnother},
		{"ours, of another ledger", true, seen{Holder: integrations.Us, Seq: 5, Content: "sha256:2"}, TakeOverAnother},
		{"our marks, and nobody signed them", false, seen{Holder: integrations.Altered}, TakeOverDrifted},
		{"another project's", false, seen{Holder: integrations.Another, Project: "ffff"}, TakeOverAnother},
		{"nothing", false, seen{}, TakeOverEmpty},
		{"nothing, where we wrote", true, seen{}, TakeOverDrifted},
		{"the same without our marks", false, seen{Holder: integrations.Stranger, Same: true}, TakeOverEqual},
		{"others' content", false, seen{Holder: integrations.Stranger}, TakeOverDiffers},
		{"others' content where we wrote", true, seen{Holder: integrations.Stranger}, TakeOverDrifted},
		{"a holder that nobody knows", false, seen{Holder: 99}, TakeOverAnother},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			want := integrations.Release{Seq: 5, Content: "sha256:1", Applied: r.applied}
			if got := TakeOverOf(want, r.seen); got != r.want {
				t.Errorf("got %s, want %s", got, r.want)
			}
		})
	}
}
