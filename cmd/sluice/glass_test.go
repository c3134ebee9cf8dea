package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// brokenGlass is an entry that let a content in without its gate; one of its commits nobody signed.
func brokenGlass() ledger.Entry {
	at := time.Date(2026, 11, 28, 13, 20, 0, 0, time.UTC)
	return ledger.Entry{
		Seq: 29, Kind: ledger.BreakGlass, At: at, Stage: "staging", App: "payments", Project: "0123456789abcdef",
		Decision: &ledger.Decision{
			Verdict: schema.Verdict{Policy: "break-glass", Outcome: schema.Allow, Args: map[string]string{"by": "ann, bob"}},
			Commits: []schema.CommitVerdict{{Code: "ok", Principal: "ann"}, {Code: "unsigned"}}, Gate: schema.DigestOf([]byte("gate")),
		},
		Order: &ledger.Order{By: []string{"ann", "bob"}, Reason: "incident 42", Until: &at, Review: &at},
	}
}

// Whoever reads what came in reads as well that it came in without its gate, and by whom.
func TestBrokenGlassIsNamed(t *testing.T) {
	e := brokenGlass()
	line := historyLine(e)
	var page bytes.Buffer
	auditSheet{to: &page}.step(custodyStep{Entry: e}, false)
	var html bytes.Buffer
	report := auditReport{Admissions: []reportedEntry{{Entry: e}}}
	if err := writeReportPage(&html, report); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"history": line, "prove": page.String(), "report": html.String()} {
		if !strings.Contains(text, "ann, bob") || !strings.Contains(text, "incident 42") {
			t.Errorf("%s does not say who broke the glass and why:\n%s", name, text)
		}
	}
	if !strings.Contains(line, "signed ann, [unsigned]") || !strings.HasSuffix(line, "glass broken by ann, bob: incident 42") {
		t.Errorf("history says %q", line)
	}
	if got := reportColumns(e); !strings.Contains(got[len(got)-1], "glass broken by ann, bob") {
		t.Errorf("the report's table says %q", got)
	}
}

func TestBrokenGlassClaimsNoGate(t *testing.T) {
	p := statementOf(brokenGlass(), schema.DigestOf(nil), ledger.Flat).Predicate
	if len(p.VerifiedLevels) != 1 || p.VerifiedLevels[0] != "SLUICE_BREAK_GLASS" || !strings.HasSuffix(p.Policy.URI, "/break-glass") || p.Policy.Digest != nil {
		t.Errorf("a statement about what no gate looked at: %v by %v", p.VerifiedLevels, p.Policy)
	}
}

// A mark and a suspension are people's acts as well.
func TestHistoryNamesWhoOrdered(t *testing.T) {
	e := ledger.Entry{Seq: 27, Kind: ledger.Taint, Stage: "production", App: "payments", Order: &ledger.Order{By: []string{"ann"}, Reason: "bad\x1b[31m", Revision: "none"}}
	if line := historyLine(e); !strings.HasSuffix(line, "\tby ann: bad\\x1b[31m") {
		t.Errorf("history says %q", line)
	}
}
