package etcd_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// TestABatchThatNobodyAnswersIsAskedOnce because each question costs the time limit of a request. Of each cell it is said.
func TestABatchThatNobodyAnswersIsAskedOnce(t *testing.T) {
	endpoint := embedded(t)
	for _, row := range []struct {
		sentence string
		applied  bool
		ask      func(*testing.T, integrations.Batcher, []integrations.Release) []integrations.Result
	}{
		{"where nothing is expected", false, readMany},
		{"where something is", true, readMany},
		{"before something is written over", true, writeMany},
	} {
		p := between(t, endpoint)
		target := connect(t, map[string]string{"endpoints": p.endpoint(), "timeout": "1s"})
		wants := batchOf(2, "y")
		for i := range wants {
			wants[i].Applied = row.applied
		}
		p.when("/config/production/a/", nil, func() {})
		for i, r := range row.ask(t, target, wants) {
			if !integrations.Silent(r.Err) || integrations.Code(r.Err) != integrations.CodeUnavailable || r.Place == "" || r.Equal {
				t.Errorf("%s: %s: %+v, %v", row.sentence, wants[i].Cell, r.Observation, r.Err)
			}
		}
		p.mu.Lock()
		if p.met != 1 {
			t.Errorf("%s: asked %d times, want once", row.sentence, p.met)
		}
		p.mu.Unlock()
	}
}

func readMany(t *testing.T, target integrations.Batcher, wants []integrations.Release) []integrations.Result {
	return target.ReadMany(t.Context(), wants)
}

func writeMany(t *testing.T, target integrations.Batcher, wants []integrations.Release) []integrations.Result {
	return target.WriteMany(t.Context(), wants)
}
