package status_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// everyPage are the addresses of pages that a person reads.
func everyPage() []string {
	return []string{
		"/", "/apps", "/apps?state=held", "/apps?q=zzz", "/app/payments/ledger", "/cell/gray/payments/ledger", "/promotions", "/promotions/40", "/transitions",
		"/transitions?window=24h&result=held", "/audit", "/audit?kind=admit&before=40", "/audit/40", "/audit/41", "/policies", "/health", "/wall", "/errors/self-approval", "/nowhere",
	}
}

// pastOf gives a view a past of 48 entries, and the steps of its lifecycle.
func pastOf(v schema.View) schema.View {
	j := &schema.Journal{Read: 48, Whole: true, Kinds: map[string]int64{"admit": 40, "hold": 4, "apply": 3, "deny": 1}}
	flow := append([]schema.StageName{schema.DraftNode}, stages...)
	last := schema.Digest("")
	for seq := int64(1); seq <= 48; seq++ {
		n := int(seq) % len(stages)
		r := schema.Record{
			Seq: seq, Kind: "admit", Result: schema.Passed, At: ago(time.Duration(49-seq) * 9 * time.Hour), Digest: schema.DigestOf([]byte(fmt.Sprint(seq))), Prev: last, Linked: true,
			App: "payments/ledger", From: flow[n], To: flow[n+1], Stage: flow[n+1], Change: schema.Promote, Becomes: revision("5"), MergeRequest: 4000 + seq,
			Authors: []string{"alice"}, Approvers: []string{"bob", "carol"}, Signers: []string{"alice"}, Operator: "dave", Opened: ago(time.Duration(49-seq)*9*time.Hour + 3*time.Hour),
		}
		last = r.Digest
		switch {
		case seq == 44 || seq == 30:
			r.Kind, r.Result, r.Missing = "hold", schema.Waiting, []schema.Code{"approvals-missing"}
		case seq == 41:
			r = schema.Record{Seq: 41, Kind: "apply", At: r.At, Stage: flow[40%len(stages)+1], App: r.App, Target: "etcd", Result: "ok", Admission: 40, Digest: r.Digest, Prev: r.Prev}
		case seq == 46:
			r.Kind, r.Result, r.From, r.To, r.Stage = "deny", schema.Barred, "draft", "production", "production"
		}
		j.Records = append(j.Records, r)
	}
	j.Since = j.Records[0].At
	v.Journal = j
	v.Pulse = &schema.Pulse{Passes: 12, Failed: 1, Took: 230 * time.Millisecond, Every: 30 * time.Second, Leads: true}
	for i, stage := range stages {
		event := "promote"
		if i == 0 {
			event = "edit"
		}
		v.Steps = append(v.Steps, schema.StepView{From: flow[i], Event: event, To: stage, Policies: []schema.PolicySpec{
			{Name: "approvals", Value: map[string]any{"observed": 2}, Position: schema.Position{Line: 14}},
		}})
	}
	return v
}

func TestPagesOfThePast(t *testing.T) {
	v := pastOf(troubled(t))
	reading, none, doubtful, draftless, old := v, v, v, v, v
	old.Looked = ago(18 * time.Minute)
	draftless.Drafts = nil
	doubtful.ProblemCodes = []schema.Code{"log-rollback"}
	behind := *v.Journal
	behind.Read = 20
	reading.Journal, none.Journal = &behind, nil
	trimmed := v
	tail := *v.Journal
	tail.Records = tail.Records[30:]
	trimmed.Journal = &tail
	rows := []struct {
		name, path string
		view       *schema.View
		code       int
		want, not  []string
	}{
		{"the overview names what to look at, worst first, with who can help", "/", &v, 200, []string{
			"9 of 18 cells as intended", "Needs attention", "catalog in production</a> refs/heads/main was rewound", "oldest waits for", "1 held",
			"Last let in", "raise the limit of the fx desk", "draft</a> <span class=\"count\">2 merge requests", "archived</a> <span class=\"count\">1 app<",
		}, nil},
		{"of what is old nobody knows what waits", "/", &old, 200, []string{"cells unknown."}, []string{"oldest waits"}},
		{"the wall has nothing to press", "/wall", &v, 200, []string{"9 of 18 cells", `class="wall"`}, []string{"<nav", "live.js", "<form"}},
		{"the list of promotions has what waits and what failed", "/promotions", &v, 200, []string{"3 changes waiting or refused now", "Waiting, oldest first", "/promotions/46", "denied", "/promotions/30"}, nil},
		{"the heat map counts from where to where", "/transitions?window=90d", &v, 200, []string{"Transitions in the last 90d", `aria-label="0 from draft to production, 1 not let in, not an allowed step"`, "1 not let in", "draft → development"}, nil},
		{"a window leaves out what was before", "/transitions?window=7d", &v, 200, []string{"last 7d", `aria-label="0 from draft to production, 1 not let in, not an allowed step"`}, []string{`aria-label="9 from`}},
		{"a window that there is not is a month", "/transitions?window=9y", &v, 200, []string{"last 30d"}, nil},
		{"the audit list is newest first", "/audit", &v, 200, []string{"#48 admit", "by alice, approved by bob, carol", "approvals-missing"}, nil},
		{"and can be asked", "/audit?kind=deny", &v, 200, []string{"#46 deny"}, []string{"#47 "}},
		{"by person", "/audit?who=erin", &v, 200, []string{"No entry matches"}, nil},
		{"from a number on", "/audit?before=30", &v, 200, []string{"#29"}, []string{"#30"}},
		{"an entry says what was checked here and what was not", "/audit/40", &v, 200, []string{
			"it names the entry before it", "the log key signed the commit and the checkpoint of all 48 entries", "not checked here", "recorded as given by bob, carol", "sluice audit show 40", "sluice audit verify --anchor DIGEST", "the anchor that the project&#39;s admins tell",
			"What became of it", "proposed", "wrote entry #40 to etcd: ok", `href="/audit/39"`, `href="/audit/41"`,
		}, nil},
		{"an entry that does not follow has no tick", "/audit/41", &v, 200, []string{"it does not name the entry before it"}, []string{"it names the entry before it"}},
		{"the first one that is kept claims nothing", "/audit/31", &trimmed, 200, []string{"it names the entry before it"}, nil},
		{"an entry that is not kept", "/audit/7", &trimmed, 404, []string{"Entry #7 is not kept here. At the terminal: sluice audit show 7"}, nil},
		{"and the list says so", "/audit", &trimmed, 200, []string{"Entries before #31 are not kept here"}, nil},
		{"an entry that is none", "/audit/49", &v, 404, []string{"There is no such entry"}, nil},
		{"a word instead of a number", "/audit/x", &v, 404, []string{"There is no such entry"}, nil},
		{"a long ledger is still being read", "/audit", &reading, 200, []string{"20 of 48 entries"}, nil},
		{"nothing is read yet", "/transitions", &none, 200, []string{"The past is not read yet"}, []string{"<table"}},
		{"policies say what is asked where, and how often it said no", "/policies", &v, 200, []string{"Always and everywhere: signed, merge-request", "gray → production", "sluice.yaml:14", "observed", "held or refused"}, nil},
		{"health", "/health", &v, 200, []string{"last read", "12 since the start, 1 with errors", "this process works"}, nil},
		{"no zero stands for drafts that nobody knows", "/", &draftless, 200, []string{"draft</a> <span class=\"count\">unknown"}, []string{"0 merge requests"}},
		{"no ledger here is not always a project that is not sealed", "/", &schema.View{Stages: v.Stages, ProblemCodes: []schema.Code{"no-ledger"}}, 200, []string{"There is no ledger here: "}, []string{"run sluice init"}},
		{"a ledger in doubt is not well", "/health", &doubtful, 200, []string{`">no</span> <b>ledger</b>`}, nil},
		{"a code, for who has no terminal", "/errors/self-approval", &v, 200, []string{"What to do", "self-approval", "ann worked on the change and cannot approve it"}, nil},
		{"a code that there is not", "/errors/self-aproval", &v, 404, []string{"Did you mean self-approval"}, nil},
		{"one cell", "/cell/gray/payments/ledger", &v, 200, []string{"payments/ledger in gray", "What stands in the way", "What happened", `aria-current="step"`}, []string{`id="production"`}},
		{"a stage that there is not", "/cell/moon/payments/ledger", &v, 404, []string{"no such stage"}, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := ask(site(t, row.view, now), "GET", row.path)
			got := body(t, r)
			if r.StatusCode != row.code {
				t.Errorf("GET %s: status %d, want %d", row.path, r.StatusCode, row.code)
			}
			for _, want := range row.want {
				if !strings.Contains(got, want) {
					t.Errorf("GET %s lacks %q", row.path, want)
				}
			}
			for _, not := range row.not {
				if strings.Contains(got, not) {
					t.Errorf("GET %s has %q", row.path, not)
				}
			}
		})
	}
}

// TestNoStaleGreen: once the view is old no page claims that anything is well.
func TestNoStaleGreen(t *testing.T) {
	v := pastOf(sample(t))
	v.Looked = ago(18 * time.Minute)
	for _, path := range []string{"/", "/apps", "/app/catalog", "/cell/gray/catalog", "/wall", "/health"} {
		got := body(t, ask(site(t, &v, now), "GET", path))
		if !strings.Contains(got, "Stale: Git was last read 2026-11-23 07:12 UTC") {
			t.Errorf("GET %s does not say since when it is old", path)
		}
		for _, not := range []string{"✓</span> <span>live", " live<", "as intended"} {
			if strings.Contains(got, not) {
				t.Errorf("GET %s still claims %q", path, not)
			}
		}
	}
}

// TestAnEntryThatDecidesNothingIsNoPromotion: it is among the entries alone.
func TestAnEntryThatDecidesNothingIsNoPromotion(t *testing.T) {
	v := pastOf(sample(t))
	h, tried := site(t, &v, now), 0
	for _, r := range v.Journal.Records {
		if r.Target != "" {
			tried++
			if w := ask(h, "GET", "/promotions/"+number(r.Seq)); w.StatusCode != 404 || !strings.Contains(body(t, w), "/audit/"+number(r.Seq)) {
				t.Errorf("entry %d: %d", r.Seq, w.StatusCode)
			}
		}
	}
	if tried == 0 {
		t.Fatal("no entry was tried")
	}
}

// TestARollbackIsAStepThatExists: the table does not say that the lifecycle lacks it.
func TestARollbackIsAStepThatExists(t *testing.T) {
	v := pastOf(sample(t))
	v.Steps = append(v.Steps, schema.StepView{From: "production", Event: "rollback", To: "gray"})
	before := strings.Count(body(t, ask(site(t, &v, now), "GET", "/transitions")), `counted on the diagonal">↺`)
	v.Steps = v.Steps[:len(v.Steps)-1]
	if after := strings.Count(body(t, ask(site(t, &v, now), "GET", "/transitions")), `counted on the diagonal">↺`); before != after+1 {
		t.Errorf("%d ways back with it, %d without", before, after)
	}
}
