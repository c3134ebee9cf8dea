package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestTheCellOfAnAppThatHasLeftSaysWhy: as its record has it, and how long what ran there is kept; the code of an archiving leads on.
func TestTheCellOfAnAppThatHasLeftSaysWhy(t *testing.T) {
	v := pastOf(sample(t))
	c := &v.Apps[0].Cells[0]
	c.State, c.Revision, c.Content, c.Held = schema.Retired, schema.None, schema.NoContent, nil
	v.Apps[0].Retirement = &schema.Retirement{Reason: "replaced by refunds", Owner: "ann"}
	v.Ledger.Size++
	v.Journal.Read = v.Ledger.Size
	v.Journal.Records = append(v.Journal.Records, schema.Record{Seq: v.Ledger.Size, Kind: "archive", At: ago(time.Minute), App: c.Cell.App, Stage: c.Cell.Stage, Code: "app-retired", Says: []schema.Said{{Name: "kept until", Text: "2036-11-26 10:00:00 UTC"}}})
	page := body(t, ask(site(t, &v, now), "GET", "/cell/"+string(c.Cell.Stage)+"/"+string(c.Cell.App)))
	for _, want := range []string{"retired: replaced by refunds; owner ann; what ran here is kept until 2036-11-26 10:00:00 UTC (entry #" + number(v.Ledger.Size) + ")", `href="/errors/app-retired"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q: %s", want, page)
		}
	}
}
