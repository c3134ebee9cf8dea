package main

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestTheReportCountsWhatEnforcementWouldHold(t *testing.T) {
	entry := func(seq int64, o schema.Outcome, codes ...schema.Code) ledger.Entry {
		v := schema.Verdict{Policy: "gate", Outcome: o}
		for _, code := range codes {
			v.Parts = append(v.Parts, schema.Verdict{Policy: "signed", Outcome: o, Code: code})
		}
		return ledger.Entry{Seq: seq, Kind: ledger.Admit, Stage: "staging", App: "a", Decision: &ledger.Decision{Mode: schema.Warn, Verdict: v}}
	}
	s := adoptionStage{Stage: "staging", Mode: schema.Warn}
	for _, e := range []ledger.Entry{
		entry(7, schema.Allow), entry(8, schema.Hold, "unsigned", "unsigned"), entry(9, schema.Deny, "override"), entry(12, schema.Hold, "unsigned"),
	} {
		s.count(e)
	}
	if s.Decided != 4 || s.Held != 2 || s.Refused != 1 || !s.changes() {
		t.Errorf("got %+v, want 4 admissions, 2 held, 1 refused", s)
	}
	if len(s.Reasons) != 2 || s.Reasons[0] != (adoptionReason{Code: "unsigned", Count: 2, Last: 12}) {
		t.Errorf("got %+v, want unsigned twice, last in entry 12", s.Reasons)
	}
	s.Now = []schema.App{"a\x1b[31m", "b"}
	var out strings.Builder
	(&app{out: &out}).printAdoption(adoption{Stages: []adoptionStage{s, {Stage: "production", Mode: schema.Enforce, Decided: 1}}})
	for _, want := range []string{
		"staging  mode warn", "of 4 admissions 2 would have waited, 1 would have been refused", "2  commit is not signed", "[unsigned], last in entry #12",
		"2 apps are so now, and no source for a stage that enforces: ", "production  mode enforce", "of 1 admission nothing",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("the report obeys a name: %q", out.String())
	}
}

func TestWhatWasRefusedIsMendedBeforeItIsAdopted(t *testing.T) {
	held := func(app schema.App, o schema.Outcome) ledger.State {
		return ledger.State{Stage: "development", App: app, Held: &ledger.Held{Verdict: schema.Verdict{Outcome: o}}}
	}
	all := []ledger.State{{Stage: "development", App: "live"}, held("waits", schema.Hold), held("broken", schema.Deny)}
	for _, row := range []struct {
		cell schema.Cell
		want string
	}{
		{schema.Cell{Stage: "development"}, "a change of broken in development was refused"},
		{schema.Cell{Stage: "development", App: "broken"}, "revert it, or mend its files, by a merge request first; sluice why broken development"},
		{schema.Cell{Stage: "development", App: "waits"}, ""},
		{schema.Cell{Stage: "development", App: "live"}, ""},
		{schema.Cell{Stage: "production"}, ""},
	} {
		got := refusedHint(all, row.cell)
		if !strings.Contains(got, row.want) || (got == "") != (row.want == "") {
			t.Errorf("%v: got %q, want %q", row.cell, got, row.want)
		}
	}
}
