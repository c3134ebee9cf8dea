package reconciler

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestASimulationNamesWhatItDoesNotJudge(t *testing.T) {
	base := "version: 1\nstage_local: [local.yaml]\nstages: [{name: a}, {name: b}, {name: c}]\n"
	for _, r := range []struct{ sentence, other, want string }{
		{"the same", base, ""},
		{"other gates", strings.Replace(base, "{name: c}", "{name: c, gates: {promote: [approvals: 5]}}", 1), ""},
		{"another mode", strings.Replace(base, "{name: c}", "{name: c, mode: warn}", 1), ""},
		{"other stage-local files", strings.Replace(base, "local.yaml", "mine.yaml", 1), ""},
		{"none", strings.Replace(base, "stage_local: [local.yaml]\n", "", 1), ""},
		{"another layout", "layout: branch\n" + base, "layout stages[].place"},
		{"a stage less", strings.Replace(base, ", {name: c}", "", 1), ""},
		{"a stage elsewhere", strings.Replace(base, "{name: c}", "{name: c, place: there}", 1), "stages[].place"},
		{"another way", strings.Replace(base, "{name: c}", "{name: c, after: [b, a]}", 1), ""},
		{"a target more", "targets: {etcd: {}}\n" + base, "targets"},
		{"the rest", "atomic: true\nprovenance: {unit: file}\nretention: 30d\nrollback_window: 7d\n" + base, "atomic provenance rollback_window retention"},
	} {
		was, found := schema.LoadProject("sluice.yaml", []byte(base))
		is, more := schema.LoadProject("sluice.yaml", []byte(r.other))
		if len(found)+len(more) > 0 {
			t.Fatal(found, more)
		}
		if got := strings.Join(notJudged(was, is), " "); got != r.want {
			t.Errorf("%s: got %q, want %q", r.sentence, got, r.want)
		}
	}
}

func TestASimulationDoesNotGuessBesideWhatItKnows(t *testing.T) {
	jobs, few := says("pipeline", schema.Hold, "job-missing"), says("approvals", schema.Hold, "approvals-missing")
	both := schema.All("change", schema.All("gate", jobs, few))
	for _, r := range []struct {
		sentence string
		asked    bool
		want     schema.Code
	}{
		{"nobody looked which jobs ran", false, "evidence-missing"},
		{"somebody looked", true, "job-missing"},
	} {
		v := withoutGuesses(both, map[string]bool{"pipeline": r.asked})
		if m := v.Missing(); len(m) != 2 || m[0].Code != r.want || m[1].Code != "approvals-missing" || v.Outcome != schema.Hold {
			t.Errorf("%s: got %+v", r.sentence, m)
		}
	}
}
