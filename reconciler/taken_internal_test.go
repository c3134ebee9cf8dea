package reconciler

import (
	"maps"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestTargetsThatAreTakenUp(t *testing.T) {
	etcd := func(root string) schema.StageTarget {
		return schema.StageTarget{Name: "etcd", Settings: map[string]string{"root": root}}
	}
	stages := func(mode schema.StageMode, targets ...schema.StageTarget) schema.Project {
		return schema.Project{Stages: []schema.Stage{{Name: "prod", Mode: mode, Targets: targets}}}
	}
	for _, row := range []struct {
		sentence string
		was, is  schema.Project
		want     []string
	}{
		{"a stage that goes on as it was", stages("", etcd("/a")), stages("", etcd("/a")), nil},
		{"a stage that warns after it enforced", stages("", etcd("/a")), stages(schema.Warn, etcd("/a")), nil},
		{"a stage that begins to observe", stages("", etcd("/a")), stages(schema.Observe, etcd("/a")), nil},
		{"a stage that goes on observing", stages(schema.Observe, etcd("/a")), stages(schema.Observe, etcd("/b")), nil},
		{"a stage that observed and enforces", stages(schema.Observe, etcd("/a")), stages("", etcd("/a")), []string{"etcd"}},
		{"a stage that observed and warns", stages(schema.Observe, etcd("/a")), stages(schema.Warn, etcd("/a")), []string{"etcd"}},
		{"a stage that comes", schema.Project{}, stages("", etcd("/a")), []string{"etcd"}},
		{"a target elsewhere", stages("", etcd("/a")), stages("", etcd("/b")), []string{"etcd"}},
		{"a target beside the one it has", stages("", etcd("/a")), stages("", etcd("/a"), schema.StageTarget{Name: "files"}), []string{"files"}},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			if got := takesUp(row.was, row.is)["prod"]; !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

// An older ledger's control entries say nothing of what they took up, and are no findings for it; what one says has to be right.
func TestSealsThatSayNothingOfWhatTheyTookUp(t *testing.T) {
	takes := map[schema.StageName][]string{"prod": {"etcd"}}
	again := &judged{entry: ledger.Entry{Seal: &ledger.Seal{Trust: 3, Takes: takes}}}
	if got := sealAs(ledger.Entry{Seal: &ledger.Seal{Trust: 3}}, again); got.Trust != 3 || got.Takes != nil {
		t.Errorf("compared with an older entry it is %+v, want it without what it takes up", got)
	}
	other := ledger.Entry{Seal: &ledger.Seal{Trust: 3, Takes: map[schema.StageName][]string{"prod": {"files"}}}}
	if got := sealAs(other, again); !maps.EqualFunc(got.Takes, takes, slices.Equal) {
		t.Errorf("compared with an entry that says so it takes %v up, want %v", got.Takes, takes)
	}
	if len(again.entry.Seal.Takes) == 0 {
		t.Error("the seal itself was changed")
	}
}
