package schema_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestSpellingsOfOtherToolsAreRefused: what would be the name of nothing guards nothing, and says so nowhere else.
func TestSpellingsOfOtherToolsAreRefused(t *testing.T) {
	for field, says := range map[string]string{
		`app.yaml#/limits/max`:    `write limits.max`,
		`app.yaml#/a.b/x~1y`:      `write a\.b.x/y`,
		`app.yaml#$.limits.max`:   `write limits.max`,
		`app.yaml#items[0].max`:   `write items.0.max`,
		`app.yaml#items[*].max`:   `write items.*.max`,
		`app.yaml at /limits/max`: `write app.yaml#limits.max`,
		`app.{yaml,json}#max`:     `a pattern for each`,
		`conf/{a,b}.yaml`:         `a pattern for each`,
	} {
		for policy, written := range map[string]string{
			"critical": "critical: {fields: ['" + field + "']}", "breaker": "breaker: {fields: ['" + field + "']}",
		} {
			_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: a, gates: {promote: ["+written+"]}}]\n"))
			if len(found) != 1 || found[0].Code != "bad-value" || !strings.Contains(found[0].Message, says) {
				t.Errorf("%s, %s: %v", policy, field, found)
			}
		}
	}
	for _, policy := range []string{
		`tags: {app.yaml: {/limits/max: "max=1"}}`, `tags: {app.yaml: {$.limits: "max=1"}}`, `tags: {app.yaml: {"items[0]": "max=1"}}`,
		`tags: {"app.{yaml,json}": {a: "max=1"}}`, `approvals: {observed: 1, paths: ["*.{yaml,json}"]}`, `when: {files: ["{a,b}/**"], then: [approvals: 1]}`,
	} {
		_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages:\n- name: a\n  gates:\n    promote:\n    - "+policy+"\n"))
		if len(found) != 1 || found[0].Code != "bad-value" {
			t.Errorf("%s: %v", policy, found)
		}
	}
	for _, field := range []string{`a.yaml#\/x`, `a.yaml#routes./x`, `a.yaml#\$.x`, `a.yaml#x[0-9]`, `a.yaml#x\[0\]`, `a.yaml#$ref`, `a\{b,c}.yaml`, `{a}.yaml`, "look at this.yaml"} {
		_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: a, gates: {promote: [critical: {fields: ['"+field+"']}]}}]\n"))
		if len(found) > 0 {
			t.Errorf("%s: %v", field, found)
		}
	}
}
