package schema_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestAdviceOnEdges(t *testing.T) {
	production := func(after, gate string) string {
		return "version: 1\nstages:\n- name: testing\n- name: gray\n- name: production\n  after: [" + after + "]\n  gates:\n    promote: [{approvals: 2}, " + gate + "]\n"
	}
	past := "what comes to production from testing never passes: soak asks for gray"
	for _, row := range []struct{ sentence, project, want string }{
		{"one way of two leads through the stage that is asked", production("gray, testing", "{soak: {for: 1h, in: gray}}"), past},
		{"in whatever order", production("testing, gray", "{soak: {for: 1h, in: gray}}"), past},
		{"instances there", production("gray, testing", "{health: {in: gray}}"), "what comes to production from testing never passes: health asks for gray"},
		{"with others", production("gray, testing", "{all: [{soak: {for: 1h, in: gray}}, {limits: {}}]}"), past},
		{"the only way", production("gray", "{soak: {for: 1h, in: gray}}"), ""},
		{"the stage that it comes from", production("gray, testing", "{soak: 1h}"), ""},
		{"one of several ways to pass", production("gray, testing", "{any: [{soak: {for: 1h, in: gray}}, {soak: {for: 9h, in: testing}}]}"), ""},
		{"some changes", production("gray, testing", "{when: {apps: [pay], then: [{soak: {for: 1h, in: gray}}]}}"), ""},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			p, found := schema.LoadProject("sluice.yaml", []byte(row.project))
			if len(found) > 0 {
				t.Fatal(found)
			}
			got := ""
			for _, d := range p.AdviceOnGates(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), nil) {
				if d.Code == "edge-never-passes" {
					got += d.Message
				}
			}
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
