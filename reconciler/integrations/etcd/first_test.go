package etcd_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheFirstOfManyCellsAreAnsweredAsEachWouldBe over more batches than run at once, in stages of one app and of many, with
// somebody else's keys among them.
func TestTheFirstOfManyCellsAreAnsweredAsEachWouldBe(t *testing.T) {
	endpoint := embedded(t)
	c := raw{dial(t, endpoint), "/config"}
	target := open(t, integrationstest.Spec("etcd", map[string]string{"endpoints": endpoint}))
	defer target.(integrations.Closer).Close()
	var wants []integrations.Release
	add := func(stage, app string) {
		cell := schema.Cell{Stage: schema.StageName(stage), App: schema.App(app)}
		want := integrationstest.Release(cell, 5, map[string]string{"app.yaml": stage + app})
		want.Doc = schema.DigestOf(want.Document)
		wants = append(wants, want)
	}
	for n := range 20 {
		add(fmt.Sprintf("small-%02d", n), "only")
	}
	for n := range 130 {
		add("empty", fmt.Sprintf("app-%03d", n))
		add("taken", fmt.Sprintf("app-%03d", n))
	}
	add("empty", "app-007/below")
	c.put(t, "/config/taken/app-003/app.yaml", "somebody's")
	c.put(t, "/config/small-07/stranger/head", "nobody asks for this app")
	for i, r := range integrations.ReadMany(t.Context(), target, wants) {
		if alone, err := target.Read(t.Context(), wants[i]); err != nil || r.Err != nil || fmt.Sprint(r.Observation) != fmt.Sprint(alone) {
			t.Errorf("read %s: got %+v, %v, alone %+v, %v", wants[i].Cell, r.Observation, r.Err, alone, err)
		}
	}
	for i, r := range integrations.WriteMany(t.Context(), target, wants) {
		if foreign := wants[i].Cell == (schema.Cell{Stage: "taken", App: "app-003"}); foreign != errors.Is(r.Err, integrations.ErrForeign) || foreign == r.Equal {
			t.Errorf("write %s: %+v, %v", wants[i].Cell, r.Observation, r.Err)
		} else if !foreign {
			c.reads(t, wants[i])
		}
	}
}
