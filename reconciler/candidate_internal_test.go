package reconciler

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

const soaking = `version: 1
layout: directory
targets:
  etcd: {}
stages:
  - name: development
  - name: testing
    promote: manual
  - name: staging
    after: [development, testing]
    gates: {promote: [{approvals: 1}]}
  - name: gray
    gates: {promote: [{soak: 2h}]}
stage_local: [local.yaml]
`

// broughtBy is an admission of a kind.
func broughtBy(kind schema.Kind, a ledger.Admission) ledger.Admission {
	a.Kind = kind
	return a
}

func promoted(name string) ledger.Admission { return broughtBy(schema.Promote, full(name)) }

func TestWhichPromotionsAreWanted(t *testing.T) {
	project, found := schema.LoadProject("sluice.yaml", []byte(soaking))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	type states = map[schema.StageName]ledger.State
	end := monday.Add(24 * time.Hour)
	with := func(s ledger.State, change func(*ledger.State)) ledger.State { change(&s); return s }
	held := with(past(promoted("r1")), func(s *ledger.State) { s.Held = &ledger.Held{Seq: 7} })
	down := with(past(promoted("r2")), func(s *ledger.State) {
		s.Admitted.Required = []string{"etcd"}
		s.Down = map[string]ledger.Down{"etcd": {}}
	})
	pinned := func(s ledger.State, until time.Time) ledger.State {
		return with(s, func(s *ledger.State) { s.Suspended = &ledger.Suspension{Until: &until} })
	}
	glass := broughtBy(schema.Override, flagged("r9", ledger.Unreviewed))
	reviewed := broughtBy(schema.Override, full("r9"))
	flag := func(name string, f ledger.Flag) ledger.Admission { return broughtBy(schema.Promote, flagged(name, f)) }
	for _, r := range []struct {
		sentence string
		to       schema.StageName
		states   states
		asked    bool
		want     string // the revision, or a part of why not
	}{
		{"what is live in the stage before", "staging", states{"testing": past(promoted("r2")), "staging": past(promoted("r1"))}, false, "r2"},
		{"the app's first time in a stage", "staging", states{"testing": past(promoted("r2"))}, false, "r2"},
		{"what the stage has already", "staging", states{"testing": past(promoted("r2")), "staging": past(promoted("r2"))}, false, "has r:"},
		{"an app that no stage before has", "staging", states{"staging": past(promoted("r1"))}, false, "has no pay"},
		{"into the first stage", "development", states{"development": past(promoted("r1"))}, false, "edits enter"},
		{"not read back in the stage before", "staging", states{"testing": past(broughtBy(schema.Promote, undelivered("r2"))), "staging": past(promoted("r1"))}, false, "not live"},
		{"a target there does not answer", "staging", states{"testing": down, "staging": past(promoted("r1"))}, false, "cannot be verified"},
		{"a change waits in the stage", "staging", states{"testing": past(promoted("r2")), "staging": held}, false, "waits in staging"},
		{"the app is suspended there", "staging", states{"testing": past(promoted("r2")), "staging": pinned(past(promoted("r1")), end)}, false, "suspended in staging"},
		{"a suspension that is over", "staging", states{"testing": past(promoted("r2")), "staging": pinned(past(promoted("r1")), monday)}, false, "r2"},
		{"the app is suspended where it comes from", "staging", states{"testing": pinned(past(promoted("r2")), end), "staging": past(promoted("r1"))}, false, "suspended in testing"},
		{"tainted anywhere", "staging", states{"testing": past(promoted("r2")), "gray": past(flag("r2", ledger.Tainted)), "staging": past(promoted("r1"))}, false, "tainted"},
		{"archived in the stage before", "staging", states{"testing": past(flag("r2", ledger.Archived))}, false, "archived"},
		{"rolled back from in the stage", "staging", states{"testing": past(promoted("r2")), "staging": past(promoted("r1"), flag("r2", ledger.Withdrawn), promoted("r1"))}, false, "rolled back from in staging"},
		{"rolled back from in the stage, and asked for by a person", "staging", states{"testing": past(promoted("r2")), "staging": past(promoted("r1"), flag("r2", ledger.Withdrawn), promoted("r1"))}, true, "r2"},
		{"a newer one than was rolled back from", "staging", states{"testing": past(promoted("r2"), promoted("r3")), "staging": past(promoted("r1"), flag("r2", ledger.Withdrawn), promoted("r1"))}, false, "r3"},
		{"what ran in the stage before", "staging", states{"testing": past(promoted("r1")), "staging": past(promoted("r1"), promoted("r2"))}, true, "is a rollback"},
		{"the stage before went back", "staging", states{"testing": past(promoted("r1"), flag("r2", ledger.Withdrawn), promoted("r1")), "staging": past(promoted("r1"), promoted("r2"))}, false, "is a rollback"},
		{"the app left the stage before", "staging", states{"testing": past(promoted("r1"), broughtBy(schema.Promote, absent())), "staging": past(promoted("r1"))}, false, "by a person"},
		{"the app left the stage before, and a person asks", "staging", states{"testing": past(promoted("r1"), broughtBy(schema.Promote, absent())), "staging": past(promoted("r1"))}, true, "none"},
		{"what genesis sealed", "staging", states{"testing": past(full("r2")), "staging": past(full("r1"))}, false, "sealed in testing"},
		{"what genesis sealed, and a person asks", "staging", states{"testing": past(full("r2")), "staging": past(full("r1"))}, true, "r2"},
		{"what genesis sealed, with stage-local files that changed since", "staging", states{"testing": past(full("r2"), broughtBy(schema.Tune, full("r2"))), "staging": past(full("r1"))}, false, "sealed in testing"},
		{"over what broke the glass", "staging", states{"testing": past(promoted("r2")), "staging": past(promoted("r1"), glass)}, false, "not reviewed"},
		{"over what broke the glass and is newer", "staging", states{"testing": past(promoted("r2")), "staging": past(promoted("r1"), reviewed)}, false, "is older"},
		{"newer than what broke the glass", "staging", states{"testing": past(promoted("r1"), promoted("r2"), promoted("r3")), "staging": past(promoted("r1"), reviewed)}, false, "r3"},
		{"what broke the glass in the stage before", "staging", states{"testing": past(glass), "staging": past(promoted("r1"))}, false, "not reviewed"},
		{"soaked", "gray", states{"staging": past(promoted("r2")), "gray": past(promoted("r1"))}, false, "r2"},
		{"not soaked yet", "gray", states{"staging": past(with2(promoted("r2"), monday.Add(2*time.Hour)))}, false, "not soaked"},
		{"not soaked yet, and a person asks", "gray", states{"staging": past(with2(promoted("r2"), monday.Add(2*time.Hour)))}, true, "r2"},
		{"of two stages before, what came last", "staging", states{"development": past(promoted("r1"), promoted("r5")), "testing": past(promoted("r2")), "staging": past(promoted("r1"))}, false, "r5"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			stage, _ := project.Stage(r.to)
			s := prospects{project: project, app: "pay", states: r.states, now: monday.Add(3 * time.Hour), asked: r.asked}
			got, why := s.candidate(stage)
			if why == "" {
				why = "none"
				for _, name := range []string{"r1", "r2", "r3", "r5", "r9"} {
					if got.Revision == rev(name) {
						why = name
					}
				}
			}
			if why != r.want && (len(r.want) == 2 || !strings.Contains(why, r.want)) {
				t.Errorf("got %q, want %q", why, r.want)
			}
		})
	}
}

func with2(a ledger.Admission, live time.Time) ledger.Admission {
	a.LiveAt, a.SoakingSince = live, live
	return a
}

func TestPromotionsAreWantedWhereTheStageSaysSo(t *testing.T) {
	project, found := schema.LoadProject("sluice.yaml", []byte(soaking))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	apps := map[schema.App]prospects{"pay": {project: project, app: "pay", now: monday.Add(3 * time.Hour), states: map[schema.StageName]ledger.State{
		"development": past(broughtBy(schema.Edit, full("r2"))), "testing": past(promoted("r1")), "staging": past(promoted("r1")),
	}}}
	got := wanted(project, apps)
	want := []schema.StageName{"gray", "staging"} // testing is manual
	if len(got) != len(want) || got[0].Cell.Stage != want[0] || got[1].Cell.Stage != want[1] {
		t.Errorf("got %+v, want promotions to %v", got, want)
	}
}

// TestWhatAPersonIsToldOfTheNextStep: the reason that sluice has is the one that people are told, and the forge's where it is known.
func TestWhatAPersonIsToldOfTheNextStep(t *testing.T) {
	project, found := schema.LoadProject("sluice.yaml", []byte(soaking))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	type states = map[schema.StageName]ledger.State
	held := past(promoted("r1"))
	held.Held = &ledger.Held{Seq: 7}
	r2 := PromotionRef(schema.Cell{Stage: "staging", App: "pay"}, rev("r2"))
	closed := unproposed{revision: rev("r2"), why: closedByPerson(12).Error()}
	waits := states{"testing": past(promoted("r2")), "staging": past(promoted("r1"))}
	for _, r := range []struct {
		sentence string
		to       schema.StageName
		states   states
		open     map[string]int64
		last     unproposed
		want     *schema.NextView
	}{
		{"what may come", "staging", waits, nil, unproposed{}, &schema.NextView{From: "testing", Revision: rev("r2")}},
		{"its merge request is open", "staging", waits, map[string]int64{r2: 9}, unproposed{}, &schema.NextView{From: "testing", Revision: rev("r2"), MergeRequest: 9}},
		{"a person closed it", "staging", waits, nil, closed, &schema.NextView{From: "testing", Revision: rev("r2"), Why: "a person closed its merge request !12"}},
		{"a person closed it and another one is open", "staging", waits, map[string]int64{r2: 13}, closed, &schema.NextView{From: "testing", Revision: rev("r2"), MergeRequest: 13}},
		{"a person closed that of an older one", "staging", states{"testing": past(promoted("r3"))}, nil, closed, &schema.NextView{From: "testing", Revision: rev("r3")}},
		{"it soaks", "gray", states{"staging": past(with2(promoted("r2"), monday.Add(2*time.Hour)))}, nil, unproposed{}, &schema.NextView{Why: fmt.Sprintf("%s has not soaked in staging yet", rev("r2"))}},
		{"a stage that people promote to", "testing", states{"development": past(broughtBy(schema.Edit, full("r2")))}, nil, unproposed{}, &schema.NextView{From: "development", Revision: rev("r2")}},
		{"nothing differs", "gray", states{"staging": past(promoted("r2")), "gray": past(promoted("r2"))}, nil, unproposed{}, nil},
		{"what waits says itself why", "staging", states{"testing": past(promoted("r2")), "staging": held}, nil, unproposed{}, nil},
		{"where edits enter", "development", states{"development": past(promoted("r1"))}, nil, unproposed{}, nil},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			stage, _ := project.Stage(r.to)
			got := prospects{project: project, app: "pay", states: r.states, now: monday.Add(3 * time.Hour)}.next(stage, r.open, r.last)
			if !reflect.DeepEqual(got, r.want) {
				t.Errorf("got %+v, want %+v", got, r.want)
			}
		})
	}
}

func TestNamesOfProposals(t *testing.T) {
	cell := schema.Cell{Stage: "gray", App: "payments/ledger"}
	ref := PromotionRef(cell, rev("r1"))
	if want := "refs/heads/sluice/promote/gray/payments/ledger/" + schema.Digest(rev("r1")).Hex()[:12]; ref != want {
		t.Errorf("got %s, want %s", ref, want)
	}
	if got, ok := proposedCell(promotionPrefix, ref); !ok || got != cell {
		t.Errorf("%s names %v, %t", ref, got, ok)
	}
	if got := RollbackRef(cell, schema.None); got != "refs/heads/sluice/rollback/gray/payments/ledger/none" {
		t.Errorf("the absence: got %s", got)
	}
	for _, ref := range []string{"refs/heads/main", "refs/heads/sluice/promote/gray/a", "refs/heads/sluice/promote/gray/A/00", "refs/heads/sluice/promote/gray/../a/00"} {
		if got, ok := proposedCell(promotionPrefix, ref); ok {
			t.Errorf("%s is taken for %v", ref, got)
		}
	}
}
