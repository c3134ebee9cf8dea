package status

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestAnEntryInAListSaysWhatItIsAbout(t *testing.T) {
	says := func(all ...string) (out []schema.Said) {
		for i := 0; i < len(all); i += 2 {
			out = append(out, schema.Said{Name: all[i], Text: all[i+1]})
		}
		return out
	}
	for _, row := range []struct {
		record schema.Record
		want   string
	}{
		{schema.Record{Kind: "widen", App: "pay", Stage: "gray", Says: says("goes to", "all, by entry #4")}, "goes to all, by entry #4"},
		{schema.Record{Kind: "suspend", Stage: "gray", Reason: "the feast", Says: says("until", "2026-12-24 00:00:00 UTC")}, "until 2026-12-24 00:00:00 UTC: the feast"},
		{schema.Record{Kind: "resume", Stage: "gray", Reason: "it is over"}, "it is over"},
		{schema.Record{Kind: "drift", App: "pay", Stage: "gray", Target: "etcd", Admission: 4, Says: says("keys", "changed /a", "keys", "deleted /b")}, "etcd differs from entry #4: changed /a, deleted /b"},
		{schema.Record{Kind: "drift", App: "pay", Stage: "gray", Target: "etcd", Admission: 4, Says: says("keys", "changed /a", "keys", "deleted /b", "keys", "deleted /c")}, "etcd differs from entry #4: changed /a, and more"},
		{schema.Record{Kind: "observe", Ref: "refs/heads/main", Code: "non-fast-forward", Says: says("moved", "from aa to bb")}, "refs/heads/main non-fast-forward from aa to bb"},
		{schema.Record{Kind: "admit", App: "pay", Stage: "gray", From: "gray", To: "archived", Change: schema.Retire, Becomes: schema.None}, "removal from gray"},
		{schema.Record{Kind: "admit", App: "pay", Stage: "production", From: "gray", To: "production", Change: schema.Promote, Becomes: schema.None}, "removal from production"},
		{schema.Record{Kind: "admit", App: "pay", Stage: "production", From: "gray", To: "production", Change: schema.Promote, Becomes: "sha256:5555555555555555"}, "promote r:55555555: gray → production"},
	} {
		if got := recordText(row.record); got != row.want {
			t.Errorf("%s: got %q, want %q", row.record.Kind, got, row.want)
		}
	}
}

func TestWhatWasHeldAndLetInIsNotReplaced(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	record := func(seq int64, result string, becomes schema.Revision, iid int64) schema.Record {
		return schema.Record{Seq: seq, App: "pay", Stage: "gray", Result: result, Change: schema.Promote, Becomes: becomes, MergeRequest: iid, At: at}
	}
	held := record(1, schema.Waiting, "sha256:55", 7)
	for _, row := range []struct {
		sentence string
		of       schema.Record
		later    schema.Record
		want     string
	}{
		{"the same change", held, record(2, schema.Passed, "sha256:55", 7), "let in"},
		{"another merge request", held, record(2, schema.Passed, "sha256:55", 8), "replaced"},
		{"another revision", held, record(2, schema.Passed, "sha256:66", 7), "replaced"},
		{"what was let in before", record(1, schema.Passed, "sha256:55", 7), record(2, schema.Passed, "sha256:55", 7), "replaced"},
	} {
		v := schema.View{At: at, Journal: &schema.Journal{Read: 2, Records: []schema.Record{row.of, row.later}}}
		all := steps(v, row.of)
		if got := all[len(all)-1].Name; got != row.want {
			t.Errorf("%s: %s, want %s", row.sentence, got, row.want)
		}
	}
}

func TestTransitionsAreWhatPassed(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	v := schema.View{At: at, Journal: &schema.Journal{}}
	for _, result := range []string{schema.Waiting, schema.Waiting, schema.Barred, schema.Passed} { // one change, judged four times
		v.Journal.Records = append(v.Journal.Records, schema.Record{App: "pay", From: "testing", To: "staging", Result: result, Change: schema.Promote, Becomes: "sha256:55", MergeRequest: 7, At: at})
	}
	v.Journal.Records = append(v.Journal.Records, schema.Record{App: "pay", From: "testing", To: "staging", Result: schema.Waiting, Change: schema.Promote, Becomes: "sha256:66", MergeRequest: 8, At: at})
	for result, want := range map[string][2]int{"": {1, 2}, schema.Passed: {1, 0}, schema.Waiting: {0, 2}, schema.Barred: {0, 1}} {
		counts, _ := countTransitions(v, time.Hour, result)
		c := counts[[2]schema.StageName{"testing", "staging"}]
		if got := [2]int{c.N, c.Refused}; got != want {
			t.Errorf("%q: %d let in and %d not, want %v", result, c.N, c.Refused, want)
		}
	}
	v.Steps = []schema.StepView{{From: "testing", To: "staging", Event: "promote"}}
	p, _ := policiesPage(asked{view: v, now: at})
	if len(p.Gates) != 1 || p.Gates[0].Blocked != "held or refused 2 changes in 30 d" {
		t.Errorf("the gates count other changes: %+v", p.Gates)
	}
}

func TestARemovalTookNoTime(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	let := func(seq int64, from, to schema.StageName, becomes schema.Revision) schema.Record {
		return schema.Record{Seq: seq, App: "pay", Stage: to, From: from, To: to, Result: schema.Passed, Change: schema.Promote, Becomes: becomes, At: at.Add(time.Duration(seq) * time.Minute)}
	}
	records := []schema.Record{let(1, "development", "testing", "sha256:55"), let(2, "testing", "gray", "sha256:55"), let(3, "development", "testing", schema.None), let(4, "testing", "gray", schema.None)}
	took := leadTimes(schema.View{At: at, Stages: []schema.StageName{"testing", "gray"}, Journal: &schema.Journal{Records: records}}, time.Hour)
	if len(took) != 1 || took[0].N != 1 {
		t.Errorf("it took %+v", took)
	}
}

func TestATimeIsAtMostWhatIsSaid(t *testing.T) {
	for d, want := range map[time.Duration]string{
		4600 * time.Millisecond: "5 s", time.Minute: "1 min", 95100 * time.Millisecond: "1 min 36 s", 9*time.Minute + 59500*time.Millisecond: "10 min", 10*time.Minute + time.Second: "11 min",
		96 * time.Minute: "1 h 36 min", 11*time.Hour + time.Minute: "12 h", 47*time.Hour + time.Minute: "2 d", 0: "0 s",
	} {
		if got := atMost(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
