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
