package status_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func TestCanEnter(t *testing.T) {
	one := func(o schema.Outcome, code schema.Code) schema.Verdict {
		return schema.All("gate", schema.Verdict{Policy: "trust", Outcome: schema.Allow}, schema.Verdict{Policy: "p", Outcome: o, Code: code})
	}
	for _, row := range []struct {
		sentence string
		v        schema.Verdict
		want     bool
	}{
		{"what lacks an approval can be signed for", one(schema.Hold, "approvals-missing"), true},
		{"what waits for time enters by itself", one(schema.Hold, "soak"), true},
		{"what is not signed can be signed no more", one(schema.Hold, "unsigned"), false},
		{"what is refused stays out", one(schema.Deny, "schema"), false},
		{"of nothing nobody knows", schema.Verdict{}, false},
	} {
		if got := status.CanEnter(row.v); got != row.want {
			t.Errorf("%s: got %v, want %v", row.sentence, got, row.want)
		}
	}
}
