package status_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// golden compares a text with the file of the same name, which -update rewrites.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; if that is meant, run the test with -update and read the file (-want +got):\n%s", path, diff)
	}
}

func options() status.TextOptions {
	return status.TextOptions{Now: now, Width: 140, Commands: []string{"run", "lint", "status", "why", "diff", "history", "verify", "audit", "demo"}}
}

func TestWhyOfEveryVerdictShape(t *testing.T) {
	verdicts := shapes(t)
	for _, name := range slices.Sorted(maps.Keys(verdicts)) {
		t.Run(name, func(t *testing.T) {
			c := liveCell("payments/ledger", "gray", "6", 60*time.Hour)
			c.State, c.Held = schema.Held, heldView(t, verdicts[name])
			if verdicts[name].Outcome == schema.Deny {
				c.State = schema.Denied
			}
			v := sample(t)
			v.Apps = []schema.AppView{{App: "payments/ledger", Cells: []schema.CellView{c}}}
			var b bytes.Buffer
			if exit := status.WriteWhy(&b, v, c.Cell, options()); exit != 1 {
				t.Errorf("a change that waits: exit %d, want 1", exit)
			}
			golden(t, "why-"+name+".txt", b.Bytes())
		})
	}
}

func TestWhyOfEveryState(t *testing.T) {
	v := troubled(t)
	var b bytes.Buffer
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.Cell.Stage == "development" && app.App != "search" {
				continue
			}
			exit := status.WriteWhy(&b, v, c.Cell, options())
			fmt.Fprintf(&b, "exit %d\n\n", exit)
		}
	}
	golden(t, "why-states.txt", b.Bytes())
}

// onItsWay is an app that is on its way: in each stage something else is to be told of what the stage before has.
func onItsWay(t testing.TB) schema.View {
	v := sample(t)
	cells := v.Apps[0].Cells
	cells[1].Next = &schema.NextView{From: "development", Revision: revision("7"), Why: "a person closed its merge request !12"}
	cells[2].Next = &schema.NextView{From: "testing", Revision: revision("7"), MergeRequest: 14}
	cells[3].Next = &schema.NextView{Why: "r:77777777 has not soaked in staging yet"}
	cells[4] = schema.CellView{Cell: cells[4].Cell, State: schema.Absent, Next: &schema.NextView{From: "gray", Revision: revision("6")}}
	v.Apps = v.Apps[:1]
	return v
}

func TestWhyTellsWhatComesNext(t *testing.T) {
	v, opts := onItsWay(t), options()
	opts.Commands = append(opts.Commands, "promote")
	var b bytes.Buffer
	for _, c := range v.Apps[0].Cells {
		if exit := status.WriteWhy(&b, v, c.Cell, opts); exit != 0 {
			t.Errorf("%s: exit %d, want 0: what may come is not in the way of what is there", c.Cell, exit)
		}
	}
	golden(t, "ask-next.txt", b.Bytes())
}

func TestStatus(t *testing.T) {
	stale := sample(t)
	stale.Looked, stale.At = ago(18*time.Minute), ago(20*time.Second)
	unsealed := schema.View{Repository: "config", At: now, Looked: now, StaleAfter: time.Minute}
	empty := sample(t)
	empty.Apps = nil
	rows := []struct {
		name   string
		view   schema.View
		app    string
		change func(*status.TextOptions)
	}{
		{"project", troubled(t), "", func(*status.TextOptions) {}},
		{"project-narrow", sample(t), "", func(o *status.TextOptions) { o.Width = 100 }},
		{"project-of-unknown-width", sample(t), "", func(o *status.TextOptions) { o.Width = 0 }},
		{"project-in-colour", sample(t), "", func(o *status.TextOptions) { o.Color = true }},
		{"project-stale", stale, "", func(*status.TextOptions) {}},
		{"project-unsealed", unsealed, "", func(*status.TextOptions) {}},
		{"project-empty", empty, "", func(*status.TextOptions) {}},
		{"project-with-emergency", extraordinary(t), "", func(*status.TextOptions) {}},
		{"project-with-guard-rails", guarded(t), "", func(*status.TextOptions) {}},
		{"app", sample(t), "orders/api", func(*status.TextOptions) {}},
		{"app-verbose", sample(t), "orders/api", func(o *status.TextOptions) { o.Verbose = true }},
		{"app-on-its-way-verbose", onItsWay(t), "catalog", func(o *status.TextOptions) { o.Verbose = true }},
		{"app-without-why", sample(t), "payments/ledger", func(o *status.TextOptions) { o.Commands = nil }},
		{"app-unknown", sample(t), "payments/ledgr", func(*status.TextOptions) {}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			opts := options()
			row.change(&opts)
			var b bytes.Buffer
			if known := status.WriteStatus(&b, row.view, row.app, opts); known == (row.name == "app-unknown") {
				t.Errorf("known is %v", known)
			}
			golden(t, "status-"+row.name+".txt", b.Bytes())
		})
	}
}

// extraordinary is the sample with an emergency that nobody has reviewed, one whose review is overdue, a suspended stage, a
// suspended app, and a suspension that has ended.
func extraordinary(t *testing.T) schema.View {
	v := sample(t)
	gray := schema.Cell{Stage: "gray", App: "payments/ledger"}
	v.Emergencies = []schema.EmergencyView{
		{Cell: gray, Revision: revision("7"), Seq: 61, Since: ago(time.Hour), Review: now.Add(71 * time.Hour), By: []string{"rita", "rolf"}, Reason: "INC-7: the pool ran dry"},
		{Cell: schema.Cell{Stage: "production", App: "orders/api"}, Revision: revision("8"), Seq: 40, Since: ago(100 * time.Hour), Review: ago(28 * time.Hour), By: []string{"rita", "rolf"}, Reason: "INC-3"},
	}
	v.Suspended = []schema.SuspensionView{
		{Cell: schema.Cell{Stage: "production"}, Seq: 59, Since: ago(2 * time.Hour), Until: now.Add(22 * time.Hour), By: []string{"rita"}, Reason: "quarter end"},
		{Cell: gray, Seq: 60, Since: ago(2 * time.Hour), Until: now.Add(2 * time.Hour), By: []string{"ann"}, Reason: "measuring"},
		{Cell: schema.Cell{Stage: "staging"}, Seq: 50, Since: ago(50 * time.Hour), Until: ago(2 * time.Hour), By: []string{"ann"}, Reason: "over"},
	}
	return v
}

func TestWhyTellsWhatIsOutOfTheOrdinary(t *testing.T) {
	v := extraordinary(t)
	var b bytes.Buffer
	status.WriteWhy(&b, v, schema.Cell{Stage: "gray", App: "payments/ledger"}, options())
	golden(t, "ask-emergency.txt", b.Bytes())
}

// guarded is the sample with guard rails at the forge in every state, one of them in none.
func guarded(t testing.TB) schema.View {
	v := sample(t)
	v.Guards = &schema.Guards{Host: "gitlab.example.com", ProjectID: 4, At: ago(4 * time.Minute), Rails: []schema.GuardRail{
		{Name: "protected", Subject: "refs/heads/main", State: schema.GuardOK, Seen: `by rule "main"`},
		{Name: "no-push", Subject: "refs/heads/main", State: schema.GuardWarn, Seen: "Maintainers may push past merge requests", Code: "branch-push-open"},
		{Name: "no-force-push", Subject: "refs/heads/main", State: schema.GuardFail, Seen: `force-push is allowed by rule "<b>m*\x1b[31m"`, Code: "branch-force-push"},
		{Name: "token-expiry", State: schema.GuardWarn, Seen: "on 2026-12-01, in 8 days", Code: "token-expiring"},
		{Name: "push-rule", State: schema.GuardUnknown, Seen: "GitLab answered 403 for GET /projects/4/push_rule", Code: "guardrail-unread"},
		{Name: "hook", Seen: "nobody knows"},
	}}
	return v
}
