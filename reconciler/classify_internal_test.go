package reconciler

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// six is the six-line project: five stages in a row.
func six(t *testing.T) schema.Project {
	t.Helper()
	project, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nlayout: directory\ntargets:\n  etcd: {}\nstages: default\nstage_local: [local.yaml]\n"))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return project
}

func rev(name string) schema.Revision { return schema.Revision(schema.DigestOf([]byte(name))) }

func side(name string) schema.Side {
	return schema.Side{Revision: rev(name), Content: schema.Content(rev(name))}
}

func nothing() schema.Side { return schema.Side{Revision: schema.None, Content: schema.NoContent} }

func locals() schema.Side {
	return schema.Side{Revision: schema.None, Content: schema.Content(rev("local"))}
}

// past builds a cell's state from what was admitted there, oldest first.
func past(admissions ...ledger.Admission) ledger.State {
	s := ledger.State{App: "pay"}
	for i, a := range admissions {
		a.Seq = int64(i + 1)
		s.Revisions = append(s.Revisions, a)
		s.Admitted = a
	}
	return s
}

func full(name string) ledger.Admission {
	return ledger.Admission{Revision: rev(name), Full: true, LiveAt: monday, SoakingSince: monday}
}

func flagged(name string, f ledger.Flag) ledger.Admission {
	a := full(name)
	a.Flags = []ledger.Flag{f}
	return a
}

func undelivered(name string) ledger.Admission {
	a := full(name)
	a.LiveAt, a.SoakingSince = time.Time{}, time.Time{}
	return a
}

func absent() ledger.Admission {
	a := full("")
	a.Revision = schema.None
	return a
}

func TestClassify(t *testing.T) {
	breakGlass := full("r9")
	breakGlass.Full = false
	type others = map[schema.StageName]ledger.State
	for _, r := range []struct {
		sentence string
		stage    schema.StageName
		own      ledger.State
		others   others
		from, to schema.Side
		local    bool
		want     schema.Kind
		code     schema.Code
		source   schema.StageName
	}{
		{"new content in the first stage", "development", past(full("r1")), nil, side("r1"), side("r2"), false, schema.Edit, "", ""},
		{"the app's first content in the first stage", "development", ledger.State{}, nil, nothing(), side("r1"), false, schema.Edit, "", ""},
		{"the app leaves the first stage", "development", past(full("r1")), nil, side("r1"), nothing(), false, schema.Edit, "", ""},
		{"back to what ran in the first stage before", "development", past(full("r1"), full("r2")), nil, side("r2"), side("r1"), false, schema.Rollback, "", ""},
		{"back in the first stage to what was rolled back from there", "development", past(full("r1"), flagged("r2", ledger.Withdrawn), full("r1")), nil, side("r1"), side("r2"), false, schema.Edit, "", ""},
		{"only stage-local files", "gray", past(full("r1")), nil, side("r1"), side("r1"), true, schema.Tune, "", ""},
		{"stage-local files before the first promotion", "gray", ledger.State{}, others{"staging": past(full("r1"))}, nothing(), locals(), true, schema.Tune, "", ""},
		{"stage-local files while a stage further away has the app", "production", ledger.State{}, others{"development": past(full("r1"))}, nothing(), locals(), true, schema.Tune, "", ""},
		{"stage-local files of an app that is nowhere", "production", ledger.State{}, nil, nothing(), locals(), true, schema.Tune, schema.LocalAlone, ""},
		{"stage-local files of an app that only a later stage has", "staging", ledger.State{}, others{"production": past(full("r1"))}, nothing(), locals(), true, schema.Tune, schema.LocalAlone, ""},
		{"stage-local files alone in the first stage", "development", ledger.State{}, nil, nothing(), locals(), true, schema.Override, schema.LocalAlone, ""},
		{"stage-local files of no app go", "production", past(absent()), nil, locals(), nothing(), true, schema.Tune, "", ""},
		{"new content in a later stage", "gray", past(full("r1")), others{"staging": past(full("r1"))}, side("r1"), side("r9"), false, schema.Override, "override", ""},
		{"a later stage of an app that no stage before knows", "gray", ledger.State{}, nil, nothing(), side("r1"), false, schema.Override, "override", ""},
		{"what is live in the stage before", "gray", past(full("r1")), others{"staging": past(full("r1"), full("r2"))}, side("r1"), side("r2"), false, schema.Promote, "", "staging"},
		{"what is live in the stage before, and stage-local files", "gray", past(full("r1")), others{"staging": past(full("r2"))}, side("r1"), side("r2"), true, schema.Promote, "", "staging"},
		{"what was live in the stage before, which moved on", "gray", past(full("r1")), others{"staging": past(full("r2"), full("r3"))}, side("r1"), side("r2"), false, schema.Promote, "", "staging"},
		{"admitted in the stage before and not read back there", "gray", past(full("r1")), others{"staging": past(undelivered("r2"))}, side("r1"), side("r2"), false, schema.Override, "not-live", ""},
		{"rolled back from in the stage before", "gray", past(full("r1")), others{"staging": past(full("r1"), flagged("r2", ledger.Withdrawn), full("r1"))}, side("r1"), side("r2"), false, schema.Override, "withdrawn", ""},
		{"tainted in the stage before", "gray", past(full("r1")), others{"staging": past(flagged("r2", ledger.Tainted))}, side("r1"), side("r2"), false, schema.Override, "tainted", ""},
		{"archived in the stage before", "gray", past(full("r1")), others{"staging": past(flagged("r2", ledger.Archived))}, side("r1"), side("r2"), false, schema.Override, "archived", ""},
		{"live two stages before only", "gray", past(full("r1")), others{"testing": past(full("r2")), "staging": past(full("r1"))}, side("r1"), side("r2"), false, schema.Override, "override", ""},
		{"live in a later stage only", "staging", past(full("r1")), others{"gray": past(full("r2"))}, side("r1"), side("r2"), false, schema.Override, "override", ""},
		{"a rollback and a promotion alike", "gray", past(full("r1"), full("r2")), others{"staging": past(full("r1"))}, side("r2"), side("r1"), false, schema.Rollback, "", ""},
		{"forward again to what was rolled back from", "gray", past(full("r1"), flagged("r2", ledger.Withdrawn), full("r1")), others{"staging": past(full("r2"))}, side("r1"), side("r2"), false, schema.Promote, "", "staging"},
		{"back to a tainted revision", "gray", past(flagged("r1", ledger.Tainted), full("r2")), nil, side("r2"), side("r1"), false, schema.Override, "tainted", ""},
		{"back to an archived revision", "gray", past(flagged("r1", ledger.Archived), full("r2")), nil, side("r2"), side("r1"), false, schema.Override, "archived", ""},
		{"a tainted revision in the first stage", "development", past(flagged("r1", ledger.Tainted), full("r2")), nil, side("r2"), side("r1"), false, schema.Edit, "tainted", ""},
		{"a tainted revision of another stage in the first", "development", past(full("r2")), others{"testing": past(flagged("r1", ledger.Tainted))}, side("r2"), side("r1"), false, schema.Edit, "tainted", ""},
		{"absence that is over in the stage before", "production", past(full("r1")), others{"gray": past(full("r1"), absent(), full("r2"))}, side("r1"), nothing(), false, schema.Override, "override", ""},
		{"back to what only break-glass let in", "gray", past(breakGlass, full("r2")), nil, side("r2"), side("r9"), false, schema.Override, "override", ""},
		{"absence moves on", "gray", past(full("r1")), others{"staging": past(full("r1"), absent())}, side("r1"), nothing(), false, schema.Promote, "", "staging"},
		{"absence reaches the last stage", "production", past(full("r1")), others{"gray": past(full("r1"), absent())}, side("r1"), nothing(), false, schema.Retire, "", "gray"},
		{"absence where the stage before still has the app", "production", past(full("r1")), others{"gray": past(full("r1"))}, side("r1"), nothing(), false, schema.Override, "override", ""},
		{"absence where no stage before ever had the app", "staging", past(full("r1")), nil, side("r1"), nothing(), false, schema.Promote, schema.NothingBefore, ""},
		{"absence in the last stage where no stage before ever had the app", "production", past(full("r1")), nil, side("r1"), nothing(), false, schema.Retire, schema.NothingBefore, ""},
		{"absence where only the first stage still has the app", "production", past(full("r1")), others{"development": past(full("r1"))}, side("r1"), nothing(), false, schema.Override, "override", ""},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			h := history{project: six(t), cell: schema.Cell{Stage: r.stage, App: "pay"}, own: r.own, others: r.others, now: monday.Add(time.Hour)}
			got := h.classify(r.from, r.to, r.local)
			if got.Kind != r.want || got.Code != r.code || got.Tune != r.local {
				t.Errorf("got %s [%s] tune %t, want %s [%s] tune %t", got.Kind, got.Code, got.Tune, r.want, r.code, r.local)
			}
			if stage := sourceStage(got); stage != r.source {
				t.Errorf("source: got %q, want %q", stage, r.source)
			}
		})
	}
}

func sourceStage(c schema.Change) schema.StageName {
	if c.Source == nil {
		return ""
	}
	return c.Source.Stage
}

func TestSourceTellsSoakAndDoubt(t *testing.T) {
	state := past(full("r1"), full("r2"))
	state.Admitted.Required = []string{"etcd"}
	state.Down = map[string]ledger.Down{"etcd": {Code: "target-unavailable"}}
	s := source("staging", state, state.Admitted, monday.Add(2*time.Hour))
	if s.Soaked != 2*time.Hour || !s.Down || s.Seq != 2 {
		t.Errorf("the admitted revision at a silent target: got soaked %v, down %t, seq %d, want 2h0m0s, true, 2", s.Soaked, s.Down, s.Seq)
	}
	state.Down = map[string]ledger.Down{"files": {Code: "target-forbidden"}}
	if source("staging", state, state.Admitted, monday).Down {
		t.Error("a target that is not required makes the source doubtful")
	}
	state.Down = map[string]ledger.Down{"etcd": {Code: "target-unavailable"}}
	if source("staging", state, state.Revisions[0], monday).Down {
		t.Error("an older revision that was live is doubted for a target that is silent now")
	}
}

func TestCarriedAuthors(t *testing.T) {
	by := func(name string, authors ...string) ledger.Admission {
		a := full(name)
		a.Authors = authors
		return a
	}
	from := past(by("r1", "ann"), by("r2", "bob"), by("r3", "carol", "bob"), by("r4", "dan"))
	for _, r := range []struct {
		sentence string
		target   ledger.State
		upTo     int64
		want     []string
	}{
		{"since what the target has", past(full("r1")), 3, []string{"bob", "carol"}},
		{"one step", past(full("r2")), 3, []string{"carol", "bob"}},
		{"everything where the target has nothing", ledger.State{}, 2, []string{"ann", "bob"}},
		{"everything where the target has what the source never had", past(full("r9")), 4, []string{"ann", "bob", "carol", "dan"}},
	} {
		if got := carried(r.target, from, r.upTo); !slices.Equal(got, r.want) {
			t.Errorf("%s: got %v, want %v", r.sentence, got, r.want)
		}
	}
}
