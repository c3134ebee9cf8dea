package status_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func TestWhyCountsInstances(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	cell := schema.Cell{Stage: "gray", App: "pay"}
	content := schema.Content(schema.DigestOf([]byte("new")))
	consumers := schema.Consumers{Cell: cell, At: now}
	one := func(name string, c schema.Content, ago time.Duration) schema.Consumer {
		return schema.Consumer{Instance: name, Seq: 7, Content: c, At: now.Add(-ago)}
	}
	no := one("pod-3", "sha256:old", 0)
	no.Refused, no.Why = 9, "rejected"
	hostile := one("\x1b[2Jx", "sha256:old", 0)
	consumers.Add("etcd", []schema.Consumer{one("pod-1", content, 0), one("pod-2", content, time.Hour), no, hostile}, 1, false)
	consumers.Silent = []string{"other"}
	v := consumers.View(content)
	view := schema.View{At: now, Stages: []schema.StageName{"gray"}, Apps: []schema.AppView{{App: "pay", Cells: []schema.CellView{{
		Cell: cell, State: schema.Live, Seq: 9, Revision: "sha256:aa", Content: content, Instances: &v,
	}}}}}
	var out bytes.Buffer
	status.WriteWhy(&out, view, cell, status.TextOptions{Now: now})
	for _, want := range []string{
		"1 of 5 instances in gray run it, 1 does not take it, 1 said nothing for 15 min, 1 said what cannot be read, target other does not answer (as they say, ",
		"  pod-3: entry #9 does not fit the program, whose log says why\n",
		"x: runs entry #7\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("a terminal would obey an instance's name")
	}
}

// TestAClonesAnswerSaysThatItKnowsNoInstances: where a gate asks what they run, silence would read as if there were none.
func TestAClonesAnswerSaysThatItKnowsNoInstances(t *testing.T) {
	const unknown = "instances in gray: not known here, and a gate asks what they run: the status page of sluice run tells\n"
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	step := func(name string, value any) []schema.StepView {
		return []schema.StepView{{From: "gray", Event: "promote", To: "production", Policies: []schema.PolicySpec{{Name: name, Value: value}}}}
	}
	cell := func(stage schema.StageName) schema.CellView {
		return schema.CellView{Cell: schema.Cell{Stage: stage, App: "pay"}, State: schema.Live, Seq: 9, Revision: "sha256:aa"}
	}
	for _, row := range []struct {
		sentence string
		change   func(v *schema.View)
		says     bool
	}{
		{"a gate asks", func(v *schema.View) { v.Steps = step("health", map[string]any{"instances": 2}) }, true},
		{"a gate asks among other things", func(v *schema.View) {
			v.Steps = step("any", []any{map[string]any{"approvals": 2}, map[string]any{"health": map[string]any{"in": "gray"}}})
		}, true},
		{"no gate asks", func(v *schema.View) { v.Steps = step("approvals", 2) }, false},
		{"a revision widens by what they say", func(v *schema.View) { v.Apps[0].Cells[0].Gray = &schema.GrayView{Since: now, Base: "sha256:bb"} }, true},
		{"a reconciler counts them", func(v *schema.View) {
			v.Steps, v.Pulse = step("health", map[string]any{"instances": 2}), &schema.Pulse{}
		}, false},
		{"the app is not there", func(v *schema.View) {
			v.Steps, v.Apps[0].Cells[0].State = step("health", map[string]any{"instances": 2}), schema.Absent
		}, false},
	} {
		view := schema.View{At: now, Ledger: schema.LedgerView{Size: 9}, Stages: []schema.StageName{"gray", "production"}, Apps: []schema.AppView{{App: "pay", Cells: []schema.CellView{cell("gray"), cell("production")}}}}
		row.change(&view)
		var why, one, all bytes.Buffer
		opts := status.TextOptions{Now: now}
		status.WriteWhy(&why, view, view.Apps[0].Cells[0].Cell, opts)
		status.WriteStatus(&one, view, "pay", opts)
		status.WriteStatus(&all, view, "", opts)
		for name, text := range map[string]string{"why": why.String(), "status pay": one.String(), "status": all.String()} {
			if strings.Contains(text, unknown) != row.says {
				t.Errorf("%s: %s says\n%s", row.sentence, name, text)
			}
		}
	}
}

// TestInstancesOfWhatWasThereBeforeDoNotRunWhatIsNow: the API and the table count as the page does.
func TestInstancesOfWhatWasThereBeforeDoNotRunWhatIsNow(t *testing.T) {
	for sentence, change := range map[string]func(c *schema.CellView){
		"4": func(*schema.CellView) {},
		"0 of an app that has left": func(c *schema.CellView) {
			c.State, c.Revision, c.Content = schema.Retired, schema.None, schema.NoContent
		},
		"0 that were counted before ": func(c *schema.CellView) { c.Content = content("9") },
	} {
		v := sample(t)
		c := &v.Apps[0].Cells[0]
		c.Seq, c.Instances = 7, &schema.InstancesView{Stage: c.Cell.Stage, At: ago(time.Minute), Content: c.Content, Total: 4, Running: 4}
		change(c)
		h := site(t, &v, now)
		place := string(c.Cell.Stage) + "/" + string(c.Cell.App)
		if api := body(t, ask(h, "GET", "/api/v1/cells/"+place)); !strings.Contains(api, `"total":4,"running":`+sentence[:1]+",") {
			t.Errorf("%s: %s", sentence, api)
		}
		if table := body(t, ask(h, "GET", "/apps.csv")); !strings.Contains(table, ","+sentence[:1]+",4,") {
			t.Errorf("%s: %s", sentence, table)
		}
	}
}
