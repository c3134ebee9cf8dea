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
