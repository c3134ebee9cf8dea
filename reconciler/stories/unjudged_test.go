package stories_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatCannotBeJudgedIsAtItsCell: a change about which nothing can be found out is no yes, so its cell is not as intended, and says
// which commit, why and since when. It is over once it is judged, or is gone.
func TestWhatCannotBeJudgedIsAtItsCell(t *testing.T) {
	for _, layout := range []schema.Layout{schema.DirectoryLayout, schema.BranchLayout} {
		t.Run(string(layout), func(t *testing.T) {
			w := newWorld(t, layout, story{method: "ff", targets: []string{"files"}})
			do := func(lines ...string) {
				for _, line := range lines {
					w.do(strings.Fields(line))
				}
			}
			cell := func(app string) schema.CellView {
				c, _ := w.r.View().Cell(schema.Cell{Stage: "development", App: schema.App(app)})
				return c
			}
			do("seal dev/a=r1 dev/b=r1", "mr ann dev a=r2", "merge 1")
			w.forge.Fail(gitlabtest.Fault{Status: 500})
			since := w.clock.Now()
			do("pass")
			first := cell("a")
			if u := first.Unjudged; first.State != schema.Unjudged || u == nil || u.Code != "forge-unavailable" || u.Commit.IsZero() || u.Why == "" || !u.Since.Equal(since) {
				t.Fatalf("got %s with %+v, want unjudged with commit, code and time", first.State, first.Unjudged)
			}
			if c := cell("b"); c.State != schema.Live || c.Unjudged != nil {
				t.Errorf("of the other app: got %s with %+v", c.State, c.Unjudged)
			}
			w.clock.Add(time.Hour)
			do("mr ann dev new=r1", "merge 2", "pass") // the ledger has never heard of it
			if c := cell("a"); c.Unjudged == nil || !c.Unjudged.Since.Equal(since) {
				t.Errorf("an hour later: got %+v, want it since the first pass", c.Unjudged)
			}
			if c := cell("new"); c.State != schema.Unjudged || c.Unjudged == nil || !c.Unjudged.Since.Equal(w.clock.Now()) {
				t.Errorf("a new app: got %s with %+v", c.State, c.Unjudged)
			}
			w.gitDown = true
			do("pass")
			if c := cell("a"); c.State != schema.Unjudged || c.Unjudged == nil {
				t.Errorf("while nothing can be fetched: got %s with %+v", c.State, c.Unjudged)
			}
			if codes := w.r.View().ProblemCodes; !slices.Equal(codes, []schema.Code{"repository-unreachable"}) {
				t.Errorf("while nothing can be fetched: got codes %v", codes)
			}
			w.gitDown = false
			w.forge.Heal()
			do("pass")
			for _, app := range []string{"a", "b", "new"} {
				if c := cell(app); c.State != schema.Live || c.Unjudged != nil {
					t.Errorf("%s afterwards: got %s with %+v", app, c.State, c.Unjudged)
				}
			}
			if first.State != schema.Unjudged {
				t.Error("a view that was published has changed")
			}
		})
	}
}
