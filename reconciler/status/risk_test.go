package status_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func TestRiskIsASumThatPeopleCheck(t *testing.T) {
	breaker := func(risk, fields, rollbacks, restored string) schema.Verdict {
		return schema.Verdict{Policy: "breaker", Outcome: schema.Hold, Args: map[string]string{
			"risk": risk, "fields": fields, "rollbacks": rollbacks, "restored": restored, "weight": "60", "window": "168h",
		}}
	}
	gate := func(parts ...schema.Verdict) schema.Verdict { return schema.Verdict{Policy: "gate", Parts: parts} }
	for _, r := range []struct {
		sentence string
		verdict  schema.Verdict
		want     string
	}{
		{"no breaker, no risk", gate(schema.Verdict{Policy: "approvals"}), ""},
		{"one of four fields, one failure in three", gate(breaker("28.3", "1 of 4", "3", "2")),
			"28.3 of 100 = 60 × 1/4 critical values that change + 40 × 1/3 rollbacks in 168h that did not restore"},
		{"no rollback counts in full", gate(breaker("100.0", "1 of 1", "0", "0")),
			"100.0 of 100 = 60 × 1/1 critical values that change + 40 × 1, as no rollback in 168h shows that going back works"},
		{"nothing critical is there", gate(breaker("20.0", "0 of 0", "2", "1")),
			"20.0 of 100 = 60 × 0, no critical value + 40 × 1/2 rollbacks in 168h that did not restore"},
		{"of two breakers the higher", gate(breaker("20.0", "0 of 0", "2", "1"), schema.Verdict{Policy: "any", Parts: []schema.Verdict{breaker("40.0", "0 of 0", "0", "0")}}),
			"40.0 of 100 = 60 × 0, no critical value + 40 × 1, as no rollback in 168h shows that going back works"},
		{"what is no number is no risk", gate(breaker("high", "1 of 1", "0", "0")), ""},
	} {
		if got := status.Risk(r.verdict); got != r.want {
			t.Errorf("%s:\n got %s\nwant %s", r.sentence, got, r.want)
		}
	}
}
