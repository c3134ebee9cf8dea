package schema_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

func TestRetirementRecords(t *testing.T) {
	const file = ".sluice/retired/pay.yaml"
	got, found := schema.LoadRetirement(file, []byte("reason: merged into billing\nowner: ann\nretention: 3650d\n"))
	if want := (schema.Retirement{Reason: "merged into billing", Owner: "ann", Retention: 3650 * 24 * time.Hour}); got != want || len(found) > 0 {
		t.Errorf("got %+v, %v, want %+v", got, found, want)
	}
	for _, r := range []struct{ sentence, text, code, at string }{
		{"nobody to ask", "reason: x\n", "missing-field", "1:1"},
		{"no reason", "owner: ann\n", "missing-field", "1:1"},
		{"an empty reason", "reason: \"  \"\nowner: ann\n", "bad-value", "1:9"},
		{"an owner that is a list", "reason: x\nowner: [ann]\n", "wrong-type", "2:8"},
		{"a retention without a unit", "reason: x\nowner: ann\nretention: 10\n", "wrong-type", "3:12"},
		{"a field of its own", "reason: x\nowner: ann\nuntil: never\n", "unknown-field", "3:1"},
		{"nothing", "", "wrong-type", "1:1"},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			got, found := schema.LoadRetirement(file, []byte(r.text))
			if len(found) == 0 {
				t.Fatalf("got %+v, want %s", got, r.code)
			}
			if p := found[0].Position; string(found[0].Code) != r.code || p.File != file || got != (schema.Retirement{}) {
				t.Errorf("got %s at %s with %+v, want %s at %s", found[0].Code, p, got, r.code, r.at)
			} else if at := p.String(); at != file+":"+r.at {
				t.Errorf("got it at %s, want %s:%s", at, file, r.at)
			}
		})
	}
}
