package reconciler

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

func says(policy string, o schema.Outcome, code schema.Code) schema.Verdict {
	return schema.Verdict{Policy: policy, Outcome: o, Code: code}
}

func TestWhatAModeLetsIn(t *testing.T) {
	unsigned, soak := says("signed", schema.Hold, "unsigned"), says("soak", schema.Hold, "soak")
	for _, r := range []struct {
		sentence string
		verdict  schema.Verdict
		mode     schema.StageMode
		want     schema.Outcome
	}{
		{"enforced, what waits waits", schema.All("gate", unsigned), schema.Enforce, schema.Hold},
		{"no mode at all enforces", schema.All("gate", unsigned), "", schema.Hold},
		{"a word that is no mode enforces", schema.All("gate", unsigned), "audit", schema.Hold},
		{"warned, what waits comes in", schema.All("gate", unsigned, soak), schema.Warn, schema.Allow},
		{"observed, what is refused comes in", schema.All("gate", says("provenance", schema.Deny, "override")), schema.Observe, schema.Allow},
		{"what cannot be delivered does not", schema.All("gate", unsigned, says("content", schema.Deny, "schema")), schema.Warn, schema.Deny},
		{"what a target cannot hold does not", schema.All("gate", unsigned, schema.All("content", says("fits", schema.Deny, "too-large"))), schema.Warn, schema.Deny},
		{"what people pinned does not", schema.All("change", schema.All("gate", unsigned), says("suspension", schema.Hold, "suspended")), schema.Observe, schema.Hold},
		{"what people marked does not", schema.All("gate", says("provenance", schema.Deny, "tainted")), schema.Warn, schema.Deny},
		{"half of an atomic merge request does not", schema.All("change", says("gate", schema.Allow, ""), says("atomic", schema.Hold, "atomic")), schema.Warn, schema.Hold},
		{"a denial without a reason does not", says("gate", schema.Deny, ""), schema.Warn, schema.Deny},
		{"nobody's verdict does not", schema.Verdict{}, schema.Warn, schema.Deny},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			if got := passes(r.verdict, r.mode); got != r.want {
				t.Errorf("got %s, want %s", got, r.want)
			}
		})
	}
}

func TestWhatLayThereBeforeIsNoLanding(t *testing.T) {
	c := &cellJudge{stage: schema.Stage{Mode: schema.Warn}}
	at := schema.Hash{1}
	if got := c.mode(schema.Landing{Start: at, Tip: at}); got != "" {
		t.Errorf("got mode %q: it has to be sealed", got)
	}
	if got := c.mode(schema.Landing{Start: at, Tip: schema.Hash{2}}); got != schema.Warn {
		t.Errorf("got mode %q for a landing", got)
	}
}

func TestATargetOfObservedStagesAloneIsNotWritten(t *testing.T) {
	stage := func(mode schema.StageMode, targets ...string) schema.Stage {
		s := schema.Stage{Mode: mode}
		for _, name := range targets {
			s.Targets = append(s.Targets, schema.StageTarget{Name: name})
		}
		return s
	}
	r := &rules{project: schema.Project{Stages: []schema.Stage{stage(schema.Observe, "a", "b"), stage(schema.Warn, "b"), stage(schema.Observe, "a")}}}
	for name, want := range map[string]bool{"a": true, "b": false, "c": false} {
		if got := r.onlyObserved(name); got != want {
			t.Errorf("target %s: got %t, want %t", name, got, want)
		}
	}
}

func TestAnAtomicProjectsNoteSpeaksOfAllApps(t *testing.T) {
	cells := []note.Cell{
		{Cell: schema.Cell{Stage: "staging", App: "a"}, Verdict: says("gate", schema.Allow, "")},
		{Cell: schema.Cell{Stage: "staging", App: "b"}, Verdict: says("gate", schema.Deny, "override")},
		{Cell: schema.Cell{Stage: "staging", App: "c"}, Verdict: says("gate", schema.Hold, "soak"), LetIn: schema.Warn},
		{Cell: schema.Cell{Stage: "staging", App: "d"}, Settled: true, Verdict: says("gate", schema.Deny, "override")},
	}
	holdTogether(cells)
	for i, want := range []string{"atomic-lost b in staging", "", "atomic-lost b in staging", ""} {
		got := ""
		for _, m := range cells[i].Verdict.Missing() {
			if m.Policy == "atomic" {
				got = string(m.Code) + " " + m.Args["cells"]
			}
		}
		if got != want || cells[i].LetIn != "" {
			t.Errorf("%s: held by %q (let in by %q), want %q", cells[i].Cell, got, cells[i].LetIn, want)
		}
	}
	waiting := []note.Cell{
		{Cell: schema.Cell{Stage: "staging", App: "a"}, Verdict: says("gate", schema.Allow, "")},
		{Cell: schema.Cell{Stage: "staging", App: "b"}, Verdict: says("gate", schema.Hold, "soak")},
	}
	holdTogether(waiting)
	if got := waiting[0].Verdict.Parts[1]; got.Code != "atomic" || got.Args["cells"] != "b in staging" {
		t.Errorf("beside one that waits: %v", got)
	}
}

func TestWhatAnObservedStageAdmittedIsNotLive(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	in := ledger.State{Revisions: []ledger.Admission{{Seq: 4, At: at}}}
	for _, r := range []struct {
		sentence string
		to       schema.StageMode
		want     time.Duration
	}{
		{"a stage that enforces takes it as what it is", schema.Enforce, 0},
		{"one without a mode enforces", "", 0},
		{"one that warns takes it as if it were live", schema.Warn, time.Hour},
		{"one that observes as well", schema.Observe, time.Hour},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			src := schema.Source{Seq: 4}
			asIfLive(&src, in, r.to, at.Add(time.Hour))
			if src.Soaked != r.want || src.LiveAt.IsZero() != (r.want == 0) {
				t.Errorf("got soaked %s, live at %s; want soaked %s", src.Soaked, src.LiveAt, r.want)
			}
		})
	}
	stage := schema.Stage{Mode: schema.Observe, Targets: []schema.StageTarget{{Name: "a", Required: true}}}
	if got := required(stage); len(got) != 1 {
		t.Errorf("an admission there is live by %v: it must not be until it is written", got)
	}
}

func TestWhatWouldChangeIsForgottenWhenItIsNotSo(t *testing.T) {
	key := func(stage schema.StageName, app schema.App, target string) deliveryKey {
		return deliveryKey{schema.Cell{Stage: stage, App: app}, target}
	}
	asked := func(stage schema.StageName, app schema.App, target string) job {
		return job{state: ledger.State{Stage: stage, App: app}, target: schema.StageTarget{Name: target}}
	}
	jobs := map[string][]job{"etcd": {asked("gray", "pay", "etcd"), asked("production", "pay", "etcd")}}
	for _, r := range []struct {
		sentence string
		key      deliveryKey
		full     bool
		kept     bool
	}{
		{"it is compared now", key("gray", "pay", "etcd"), true, true},
		{"the app is gone", key("gray", "old", "etcd"), true, false},
		{"the stage has another target now", key("gray", "pay", "files"), true, false},
		{"not everything is compared", key("gray", "old", "etcd"), false, true},
		{"its stage enforces now", key("production", "pay", "etcd"), false, false},
		{"its stage is gone", key("staging", "pay", "etcd"), false, false},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			p := &pass{Reconciler: &Reconciler{differs: map[deliveryKey]int{r.key: 3}}, rules: &rules{
				project: schema.Project{Stages: []schema.Stage{{Name: "gray", Mode: schema.Observe}, {Name: "production"}}},
			}}
			p.forgetDiffers(jobs, r.full)
			if _, kept := p.differs[r.key]; kept != r.kept {
				t.Errorf("kept: %t, want %t", kept, r.kept)
			}
		})
	}
}
