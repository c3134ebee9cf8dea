package schema_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

// TestProjectRefuses: each row is a line below "version: 1", or a whole list of stages, and the finding it has to get.
func TestProjectRefuses(t *testing.T) {
	rows := []struct {
		name, text string
		code       schema.Code
		at         string // line:column
	}{
		{"a list instead of a map", "[]", "wrong-type", "1:1"},
		{"text instead of a map", "sluice", "wrong-type", "1:1"},
		{"an empty file", "", "wrong-type", "1:1"},
		{"no version", "layout: branch", "missing-field", "1:1"},
		{"a version that is empty", "version:", "missing-field", "1:1"},
		{"a version that is text", "version: one", "wrong-type", "1:10"},
		{"an unknown layout", "version: 1\nlayout: branches", "bad-value", "2:9"},
		{"a branch that git refuses", "version: 1\nbranch: a..b", "bad-value", "2:9"},
		{"a branch of sluice's own", "version: 1\nbranch: sluice/ledger", "bad-value", "2:9"},
		{"apps at depth 0", "version: 1\napps: {depth: 0}", "bad-value", "2:15"},
		{"apps at depth 9", "version: 1\napps: {depth: 9}", "bad-value", "2:15"},
		{"apps by no pattern", "version: 1\napps: {patterns: []}", "bad-value", "2:18"},
		{"apps inside of others", "version: 1\napps: {patterns: [pay, pay/eu]}", "bad-value", "2:24"},
		{"apps inside of all others", "version: 1\napps: {patterns: ['team/*/*', '*']}", "bad-value", "2:19"},
		{"apps inside of others at any depth", "version: 1\napps: {patterns: ['**/pay', 'a/pay/b']}", "bad-value", "2:29"},
		{"apps inside of others that begin alike", "version: 1\napps: {patterns: ['p*', 'pay/*']}", "bad-value", "2:25"},
		{"apps by nothing", "version: 1\napps: {}", "bad-value", "2:7"},
		{"apps as a number", "version: 1\napps: 1", "wrong-type", "2:7"},
		{"apps that nothing is said about", "version: 1\napps: {about: [{match: a}]}", "bad-value", "2:16"},
		{"about no apps", "version: 1\napps: {about: [{owner: a}]}", "missing-field", "2:16"},
		{"about apps above", "version: 1\napps: {about: [{match: ../a, owner: b}]}", "bad-value", "2:24"},
		{"about apps as text", "version: 1\napps: {about: team-core}", "wrong-type", "2:15"},
		{"an empty list about apps", "version: 1\napps: {about: []}", "bad-value", "2:7"},
		{"an owner of two words", "version: 1\napps: {about: [{match: a, owner: team core}]}", "bad-value", "2:34"},
		{"an owner that is a number", "version: 1\napps: {about: [{match: a, owner: 1}]}", "wrong-type", "2:34"},
		{"a label that is a number", "version: 1\napps: {about: [{match: a, labels: {tier: 1}}]}", "wrong-type", "2:42"},
		{"a label with a comma", "version: 1\napps: {about: [{match: a, labels: {tier: 'a,b'}}]}", "bad-value", "2:42"},
		{"a label called with a sign", "version: 1\napps: {about: [{match: a, labels: {a=b: c}}]}", "bad-value", "2:36"},
		{"labels as a list", "version: 1\napps: {about: [{match: a, labels: [tier]}]}", "wrong-type", "2:35"},
		{"who somebody is by another name", "version: 1\napps: {about: [{match: a, owners: b}]}", "unknown-field", "2:27"},
		{"a pattern twice", "version: 1\nstage_local: [a, a]", "bad-value", "2:18"},
		{"a pattern of two lines", "version: 1\nstage_local: [\"a\\nb\"]", "bad-value", "2:15"},
		{"an unknown mode", "version: 1\nstages: [{name: a, mode: dry-run}]", "bad-value", "2:26"},
		{"a mode that is a number", "version: 1\nstages: [{name: a, mode: 1}]", "wrong-type", "2:26"},
		{"an unknown unit", "version: 1\nprovenance: {unit: line}", "bad-value", "2:20"},
		{"provenance as text", "version: 1\nprovenance: file", "wrong-type", "2:13"},
		{"a rollback window without a unit", "version: 1\nrollback_window: 90", "wrong-type", "2:18"},
		{"a rollback window of nothing", "version: 1\nrollback_window: 0s", "bad-value", "2:18"},
		{"a retention of nothing", "version: 1\nretention: 0d", "bad-value", "2:12"},
		{"a rollback window in the past", "version: 1\nrollback_window: -1h", "bad-value", "2:18"},
		{"approvals that are text", "version: 1\napprovals: two\nstages: default", "wrong-type", "2:12"},
		{"targets as a list", "version: 1\ntargets: [etcd]", "wrong-type", "2:10"},
		{"a target as text", "version: 1\ntargets: {etcd: here}", "wrong-type", "2:17"},
		{"a setting that is a list", "version: 1\ntargets: {etcd: {prefix: [a]}}", "wrong-type", "2:26"},
		{"a user of a target", "version: 1\ntargets: {etcd: {userName: bob}}", "operator-only", "2:18"},
		{"an address of a target", "version: 1\ntargets: {etcd: {api_url: x}}", "operator-only", "2:18"},
		{"a credential at a stage", "version: 1\ntargets: {etcd: {}}\nstages: [{name: a, targets: {etcd: {password_hash: x}}}]", "operator-only", "3:37"},
		{"stages called otherwise", "version: 1\nstages: defaults", "bad-value", "2:9"},
		{"stages as a map", "version: 1\nstages: {dev: {}}", "wrong-type", "2:9"},
		{"no stages", "version: 1\nstages: []", "bad-value", "2:9"},
		{"a stage as text", "version: 1\nstages: [dev]", "wrong-type", "2:10"},
		{"too many stages", "version: 1\nstages: [" + strings.Repeat("{name: a}, ", 101) + "]", "bad-value", "2:9"},
		{"a stage with a capital", "version: 1\nstages: [{name: Dev}]", "bad-value", "2:17"},
		{"a stage with a target's name for itself", "version: 1\nstages: [{name: head}]", "bad-value", "2:17"},
		{"a stage after itself", "version: 1\nstages: [{name: a}, {name: b, after: b}]", "stage-cycle", "2:38"},
		{"a stage after one twice", "version: 1\nstages: [{name: a}, {name: b, after: [a, a]}]", "bad-value", "2:42"},
		{"after as a number", "version: 1\nstages: [{name: a}, {name: b, after: 1}]", "wrong-type", "2:38"},
		{"the first after another", "version: 1\nstages: [{name: a, after: [b]}, {name: b, after: []}]", "stage-order", "2:28"},
		{"one place for two, by case", "version: 1\nstages: [{name: a, place: X}, {name: b, place: x}]", "place-overlap", "2:48"},
		{"a place at the top", "version: 1\nstages: [{name: a, place: .}]", "bad-place", "2:27"},
		{"a place that climbs", "version: 1\nstages: [{name: a, place: ../a}]", "bad-place", "2:27"},
		{"a place among git's own", "version: 1\nstages: [{name: a, place: .git/a}]", "bad-place", "2:27"},
		{"a branch in the directory layout", "version: 1\nstages: [{name: a, branch: x}]", "bad-value", "2:28"},
		{"a target twice in a stage", "version: 1\ntargets: {etcd: {}}\nstages: [{name: a, targets: [etcd, etcd]}]", "bad-value", "3:29"},
		{"a target of a stage that is an address", "version: 1\nstages: [{name: a, targets: {endpoints: {}}}]", "operator-only", "2:30"},
		{"targets of a stage as text", "version: 1\nstages: [{name: a, targets: etcd}]", "wrong-type", "2:29"},
		{"gates as a list", "version: 1\nstages: [{name: a, gates: []}]", "wrong-type", "2:27"},
		{"a gate as a map", "version: 1\nstages: [{name: a, gates: {promote: {approvals: 1}}}]", "wrong-type", "2:37"},
		{"an empty gate", "version: 1\nstages: [{name: a, gates: {promote: }}]", "wrong-type", "2:37"},
		{"two policies in one entry", "version: 1\nstages: [{name: a, gates: {promote: [{approvals: 1, soak: 1h}]}}]", "bad-value", "2:53"},
		{"provenance in a gate", "version: 1\nstages: [{name: a, gates: {promote: [provenance: true]}}]", "fixed-policy", "2:38"},
		{"a stage that nothing leads to", "version: 1\nstages: [{name: a}, {name: b, after: []}]", "unreachable-stage", "2:28"},
		{"too many patterns", "version: 1\nstage_local: [" + strings.Repeat("a, ", 1001) + "]", "bad-value", "2:3015"},
		{"a freeze in no zone", "version: 1\nstages: [{name: a, gates: {promote: [freeze: {weekly: Sat-Sun}]}}]", "missing-field", "2:46"},
		{"a zone that there is not", "version: 1\nstages: [{name: a, gates: {promote: [freeze: {weekly: Sat-Sun, zone: Berlin}]}}]", "bad-value", "2:70"},
		{"a span that nobody can read, among others", "version: 1\nstages: [{name: a, gates: {promote: [window: {weekly: [Sat, 'Mo 9-16'], zone: UTC}]}}]", "bad-value", "2:61"},
		{"an override of nobody", "version: 1\nstages: [{name: a, gates: {promote: [freeze: {weekly: Sat, zone: UTC, override: 0}]}}]", "bad-value", "2:81"},
		{"an override of a path", "version: 1\nstages: [{name: a, gates: {promote: [window: {weekly: Sat, zone: UTC, override: {signed: 1, paths: [a]}}]}}]", "bad-value", "2:100"},
		{"an override by a role that there is not", "version: 1\nstages: [{name: a, gates: {promote: [window: {weekly: Sat, zone: UTC, override: {signed: 1, roles: [oncall]}}]}}]", "bad-value", "2:101"},
		{"a share of deletions past all", "version: 1\nstages: [{name: a, gates: {promote: [limits: {deletions: 150}]}}]", "bad-value", "2:58"},
		{"an exception from nowhere", "version: 1\nstages: [{name: a, gates: {promote: [secrets: {allow: [ok, /etc/x]}]}}]", "bad-value", "2:60"},
		{"a duty that there is not", "version: 1\nstages: [{name: a, gates: {promote: [duties: {merger: [owner]}]}}]", "bad-value", "2:56"},
		{"approvals of a path that climbs", "version: 1\nstages: [{name: a, gates: {promote: [approvals: {observed: 1, paths: [../a]}]}}]", "bad-value", "2:70"},
		{"approvals of no path", "version: 1\nstages: [{name: a, gates: {promote: [approvals: {observed: 1, paths: []}]}}]", "bad-value", "2:70"},
		{"approvals of no owner", "version: 1\nstages: [{name: a, gates: {promote: [approvals: {observed: 1, owners: []}]}}]", "bad-value", "2:71"},
		{"an owner by their address", "version: 1\nstages: [{name: a, gates: {promote: [approvals: {observed: 1, owners: [ann, bob@example.com]}]}}]", "bad-value", "2:77"},
		{"an owner twice", "version: 1\nstages: [{name: a, gates: {promote: [approvals: {observed: 1, owners: [ann, ann]}]}}]", "bad-value", "2:77"},
		{"two of one owner", "version: 1\nstages: [{name: a, gates: {promote: [approvals: {signed: 2, owners: [ann]}]}}]", "bad-value", "2:69"},
		{"a confirmation of other files", "version: 1\nstages: [{name: a, gates: {promote: [critical: {fields: [a.yaml], confirm: {observed: 1, paths: [b]}}]}}]", "bad-value", "2:97"},
		{"one level twice", "version: 1\nstages: [{name: a, gates: {promote: [{approvals: {signed: 1, paths: [a]}}, {approvals: {observed: 2, paths: [a]}}]}}]", "duplicate-policy", "2:77"},
		{"roles apart without sets", "version: 1\nstages: [{name: a, gates: {promote: [duties: {exclusive: [release, approver]}]}}]", "wrong-type", "2:59"},
		{"roles apart, and none named", "version: 1\nstages: [{name: a, gates: {promote: [duties: {exclusive: []}]}}]", "bad-value", "2:58"},
		{"a role apart from nothing", "version: 1\nstages: [{name: a, gates: {promote: [duties: {exclusive: [[release]]}]}}]", "bad-value", "2:59"},
		{"a role that there is not", "version: 1\nstages: [{name: a, gates: {promote: [duties: {exclusive: [[release, developer]]}]}}]", "bad-value", "2:69"},
		{"a role apart from itself", "version: 1\nstages: [{name: a, gates: {promote: [duties: {exclusive: [[release, release]]}]}}]", "bad-value", "2:69"},
		{"any of nothing", "version: 1\nstages: [{name: a, gates: {promote: [any: []]}}]", "bad-value", "2:43"},
		{"any of one by name", "version: 1\nstages: [{name: a, gates: {promote: [any: approvals]}}]", "wrong-type", "2:43"},
		{"any with a policy that there is not", "version: 1\nstages: [{name: a, gates: {promote: [any: [{approvals: 1}, {aprovals: 1}]]}}]", "unknown-policy", "2:61"},
		{"any with a value that is wrong", "version: 1\nstages: [{name: a, gates: {promote: [any: [{approvals: -1}]]}}]", "bad-value", "2:56"},
		{"any with what always holds", "version: 1\nstages: [{name: a, gates: {promote: [any: [{signed: true}]]}}]", "fixed-policy", "2:45"},
		{"all with one twice", "version: 1\nstages: [{name: a, gates: {promote: [all: [{approvals: 1}, {approvals: 2}]]}}]", "duplicate-policy", "2:61"},
		{"at least three of two", "version: 1\nstages: [{name: a, gates: {promote: [at_least: {n: 3, of: [{approvals: 1}, {secrets: {}}]}]}}]", "bad-value", "2:52"},
		{"at least none", "version: 1\nstages: [{name: a, gates: {promote: [at_least: {n: 0, of: [{approvals: 1}]}]}}]", "bad-value", "2:52"},
		{"at least without a list", "version: 1\nstages: [{name: a, gates: {promote: [at_least: {n: 1}]}}]", "missing-field", "2:48"},
		{"when for no change in particular", "version: 1\nstages: [{name: a, gates: {promote: [when: {then: [{approvals: 1}]}]}}]", "missing-field", "2:44"},
		{"when without what then", "version: 1\nstages: [{name: a, gates: {promote: [when: {apps: [a]}]}}]", "missing-field", "2:44"},
		{"when of no pattern", "version: 1\nstages: [{name: a, gates: {promote: [when: {files: [], then: [{approvals: 1}]}]}}]", "bad-value", "2:52"},
		{"when of a pattern that climbs", "version: 1\nstages: [{name: a, gates: {promote: [when: {files: [../a], then: [{approvals: 1}]}]}}]", "bad-value", "2:52"},
		{"when of a kind that there is not", "version: 1\nstages: [{name: a, gates: {promote: [when: {kinds: [promotion], then: [{approvals: 1}]}]}}]", "bad-value", "2:52"},
		{"policies five deep", "version: 1\nstages: [{name: a, gates: {promote: [any: [{all: [{any: [{all: [{any: [{approvals: 1}]}]}]}]}]]}}]", "bad-value", "2:71"},
		{"soak inside before the first stage", "version: 1\nstages: [{name: a, gates: {promote: [any: [{soak: 1h}, {approvals: 1}]]}}]", "policy-misplaced", "2:38"},
		{"everything as stage-local", "version: 1\nstage_local: ['**']", "bad-value", "2:15"},
		{"every name as stage-local", "version: 1\nstage_local: [local.yaml, '*']", "bad-value", "2:27"},
		{"everything below as stage-local", "version: 1\nstage_local: ['**/*']", "bad-value", "2:15"},
		{"any name of any length as stage-local", "version: 1\nstage_local: ['?*']", "bad-value", "2:15"},
		{"two patterns that are everything together", "version: 1\nstage_local: ['*.*', '[^.]*']", "bad-value", "2:22"},
		{"tags of a file that is not read", "version: 1\nstages: [{name: a, gates: {promote: [tags: {app.properties: {b: semver}}]}}]", "bad-value", "2:45"},
		{"tags of files that are not read", "version: 1\nstages: [{name: a, gates: {promote: [tags: {'conf/*.toml': {b: semver}}]}}]", "bad-value", "2:45"},
		{"tags of an ending in capitals", "version: 1\nstages: [{name: a, gates: {promote: [tags: {app.YAML: {b: semver}}]}}]", "bad-value", "2:45"},
		{"a schema of files that are not read", "version: 1\nstages: [{name: a, gates: {promote: [schema: {'*.toml': app.json}]}}]", "bad-value", "2:47"},
		{"a tag with a number as no file writes it", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b: max=inf}}]}}]", "bad-value", "2:57"},
		{"a tag for a key that ends in an escape", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {'b\\': semver}}]}}]", "bad-value", "2:54"},
		{"a tag that there is not", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b: reqired}}]}}]", "bad-value", "2:57"},
		{"a tag that asks the machine", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b: file}}]}}]", "bad-value", "2:57"},
		{"a tag without its value", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b: oneof=}}]}}]", "bad-value", "2:57"},
		{"a tag with a value that it does not take", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b: semver=1}}]}}]", "bad-value", "2:57"},
		{"a tag with text for a number", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b: min=few}}]}}]", "bad-value", "2:57"},
		{"a tag of a list outside", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b: whitelist=../x}}]}}]", "bad-value", "2:57"},
		{"a tag for no key", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: {b..c: semver}}]}}]", "bad-value", "2:54"},
		{"tags for no file", "version: 1\nstages: [{name: a, gates: {promote: [tags: {}]}}]", "bad-value", "2:44"},
		{"tags of a file as text", "version: 1\nstages: [{name: a, gates: {promote: [tags: {a.yaml: semver}]}}]", "wrong-type", "2:53"},
		{"a whitelist outside", "version: 1\nstages: [{name: a, gates: {promote: [whitelist: ../x]}}]", "bad-value", "2:49"},
		{"a whitelist written here", "version: 1\nstages: [{name: a, gates: {promote: [whitelist: [a]]}}]", "wrong-type", "2:49"},
		{"a breaker that keeps from going back", "version: 1\nstages: [{name: a, gates: {rollback: [any: [{breaker: {}}, {approvals: 1}]]}}]", "policy-misplaced", "2:39"},
		{"a breaker that no rollback can satisfy", "version: 1\nstages: [{name: a, gates: {promote: [breaker: {success: 0}]}}]", "bad-value", "2:57"},
		{"a breaker over no time", "version: 1\nstages: [{name: a, gates: {promote: [breaker: {window: 0s}]}}]", "bad-value", "2:56"},
		{"a breaker that nobody can confirm", "version: 1\nstages: [{name: a, gates: {promote: [breaker: {confirm: 0}]}}]", "bad-value", "2:57"},
		{"an expression that is a list", "version: 1\nstages: [{name: a, gates: {promote: [expression: [a]]}}]", "wrong-type", "2:50"},
		{"an expression that says nothing", "version: 1\nstages: [{name: a, gates: {promote: [expression: {says: x}]}}]", "missing-field", "2:50"},
		{"an expression that asks otherwise for another", "version: 1\nstages: [{name: a, gates: {promote: [expression: {that: a, otherwise: allow}]}}]", "bad-value", "2:71"},
		{"no critical field", "version: 1\nstages: [{name: a, gates: {promote: [critical: {fields: []}]}}]", "bad-value", "2:57"},
		{"critical without fields", "version: 1\nstages: [{name: a, gates: {promote: [critical: {confirm: 1}]}}]", "missing-field", "2:48"},
		{"a critical field that climbs", "version: 1\nstages: [{name: a, gates: {promote: [critical: {fields: [../a.yaml#b]}]}}]", "bad-value", "2:58"},
		{"a critical field without a name", "version: 1\nstages: [{name: a, gates: {promote: [critical: {fields: [\"a.yaml#b..c\"]}]}}]", "bad-value", "2:58"},
		{"nobody confirms", "version: 1\nstages: [{name: a, gates: {promote: [critical: {fields: [a], confirm: 0}]}}]", "bad-value", "2:71"},
		{"health before the first stage", "version: 1\nstages: [{name: a, gates: {promote: [health: {}]}}, {name: b}]", "policy-misplaced", "2:38"},
		{"health before a rollback", "version: 1\nstages: [{name: a}, {name: b, gates: {rollback: [health: {}]}}]", "policy-misplaced", "2:50"},
		{"health of a stage that does not lead here", "version: 1\nstages: [{name: a}, {name: b, gates: {promote: [health: {in: c}]}}]", "policy-misplaced", "2:49"},
		{"soak before the first stage", "version: 1\nstages: [{name: a, gates: {promote: [soak: 1h]}}, {name: b}]", "policy-misplaced", "2:38"},
	}
	for _, row := range rows {
		p, found := schema.LoadProject("sluice.yaml", []byte(row.text))
		if len(p.Stages) > 0 {
			t.Errorf("%s: loaded all the same", row.name)
		}
		matches := func(d schema.Diagnostic) bool {
			return d.Code == row.code && d.Position.String() == "sluice.yaml:"+row.at
		}
		if !slices.ContainsFunc(found, matches) {
			t.Errorf("%s: got %v, want %s at %s", row.name, found.Err(), row.code, row.at)
		}
	}
}

// TestGatesRefusedSayWhatToWrite: what was meant stands below what is wrong.
func TestGatesRefusedSayWhatToWrite(t *testing.T) {
	for _, row := range []struct{ name, policy, message, hint string }{
		{"soak in a stage that there is not", "soak: {for: 1h, in: nowhere}", `"soak" cannot be met in this gate: there is no stage nowhere`, "write in: dev, or leave it out for the stage that it is promoted from"},
		{"soak in a later stage", "soak: {for: 1h, in: prod}", "prod does not lead to staging", "write in: dev, or leave it out"},
		{"soak in a stage with a slip", "soak: {for: 1h, in: deev}", "there is no stage deev", `did you mean "dev"?`},
		{"a freeze that names a zone alone", "freeze: {zone: UTC}", `field "weekly" is missing`, `say when: weekly: "Fri 18:00 - Mon 06:00", or dates: `},
		{"a role with its stage", "approvals: {observed: 1, roles: ['approver:prod']}", `"approver:prod" is none of`, `did you mean "approver"?`},
	} {
		text := "version: 1\nstages: [{name: dev}, {name: staging, gates: {promote: [" + row.policy + "]}}, {name: prod}]\n"
		_, found := schema.LoadProject("sluice.yaml", []byte(text))
		if len(found) != 1 || !strings.Contains(found[0].Message, row.message) || !strings.Contains(found[0].Hint, row.hint) {
			t.Errorf("%s: %+v, want %q and %q", row.name, found, row.message, row.hint)
		}
	}
}

// TestProjectAccepts holds what is unusual but right.
func TestProjectAccepts(t *testing.T) {
	for name, text := range map[string]string{
		"a version alone":                  "version: 1\n",
		"comments and quotes":              "# sluice\n\"version\": 1 # the only one\n'layout': \"branch\"\n",
		"one stage":                        "version: 1\nstages: [{name: only}]\n",
		"two last stages":                  "version: 1\nstages: [{name: a}, {name: b, after: [a]}, {name: c, after: [a]}]\n",
		"a stage after two":                "version: 1\nstages: [{name: a}, {name: b}, {name: c, after: [a, b]}]\n",
		"places beside one another":        "version: 1\nstages: [{name: a, place: s/a}, {name: ab, place: s/ab}]\n",
		"no targets in a stage":            "version: 1\ntargets: {etcd: }\nstages: [{name: a, targets: []}]\n",
		"an empty gate that is written":    "version: 1\nstages: [{name: a, gates: {promote: [], rollback: [], retire: []}}]\n",
		"a soak before absence is the end": "version: 1\nstages: [{name: a}, {name: b, gates: {retire: [soak: 7d]}}]\n",
		"policies made of others":          "version: 1\nstages: [{name: a, gates: {promote: [any: [{approvals: 2}, {approvals: {observed: 1, roles: [release]}}], any: [{secrets: {}}], when: {apps: ['pay*'], then: [{approvals: 3}]}, when: {kinds: [tune], then: [{approvals: 1}]}]}}]\n",
		"Windows line ends":                "version: 1\r\nlayout: directory\r\n",
	} {
		if _, found := schema.LoadProject("sluice.yaml", []byte(text)); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestDefaultGatesOfOwnStages(t *testing.T) {
	p := loaded(t, "version: 1\nstages:\n  - name: dev\n  - name: qa\n    gates: {promote: [approvals: {signed: 1}]}\n  - name: live\n")
	qa, _ := p.Stage("qa")
	if got := need(t, qa.Gates.Rollback); got != 1 {
		t.Errorf("qa rollback: got %d approvals, want 1 as promote asks for signed ones", got)
	}
	live, _ := p.Stage("live")
	if got := need(t, live.Gates.Promote); got != 2 {
		t.Errorf("the last stage asks for %d approvals, want 2 whatever its name", got)
	}
	dev, _ := p.Stage("dev")
	if dev.Gates.Promote != nil {
		t.Errorf("the first stage asks for %v, want nothing", dev.Gates.Promote)
	}
}

func TestSettingsOfOneStageStayThere(t *testing.T) {
	p := loaded(t, "version: 1\ntargets: {etcd: {root: /config, required: false}}\nstages:\n  - name: a\n    targets: {etcd: {prefix: x}}\n  - name: b\n")
	a, _ := p.Stage("a")
	b, _ := p.Stage("b")
	if got := a.Targets[0]; got.Required || got.Settings["root"] != "/config" || got.Settings["prefix"] != "x" {
		t.Errorf("a: got %+v, want the project's settings and its own", got)
	}
	if _, leaked := b.Targets[0].Settings["prefix"]; leaked {
		t.Errorf("b: got %+v, want the project's settings alone", b.Targets[0])
	}
}

func TestMinifiedLinesAreNotShown(t *testing.T) {
	_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: "+strings.Repeat("a", 5000)+"}]"))
	if len(found) != 1 || found[0].Source != "" {
		t.Errorf("got %d findings, want one without its line", len(found))
	}
}

func TestWrittenGatesReplaceTheDefaultOnesOnly(t *testing.T) {
	p := loaded(t, "version: 1\napprovals: {observed: 3, bind: head}\nstages:\n  - name: development\n  - name: mid\n  - name: production\n    gates: {promote: [approvals: 0]}\n")
	mid, _ := p.Stage("mid")
	if spec, err := mid.Gates.Promote[0].Approvals(); err != nil || spec.Observed != 3 || spec.Bind != schema.BindHead {
		t.Errorf("mid: got %+v, %v", spec, err)
	}
	production, _ := p.Stage("production")
	if got := need(t, production.Gates.Promote); got != 0 {
		t.Errorf("production: got %d approvals, want what is written", got)
	}
	if production.Gates.Rollback != nil {
		t.Errorf("production rollback: got %+v, want nothing as promote asks nobody", production.Gates.Rollback)
	}
	if got := need(t, production.Gates.Retire); got != 0 {
		t.Errorf("production retire: got %d, want what promote asks", got)
	}
}

// TestTheDefaultRetirementAsksAllThatPromotionAsks holds that no app leaves by an approvals policy that asks about some files alone.
func TestTheDefaultRetirementAsksAllThatPromotionAsks(t *testing.T) {
	for promote, want := range map[string]string{
		"approvals: {observed: 1, paths: [db/*.yaml]}":                                     "1 of db/*.yaml, 2",
		"approvals: {observed: 1, paths: [db/*.yaml]}, approvals: {observed: 3}":           "1 of db/*.yaml, 3",
		"approvals: {observed: 1}, secrets: {}, approvals: {observed: 2, paths: [a.yaml]}": "1, 2 of a.yaml",
		"approvals: {observed: 1, paths: ['**']}":                                          "1 of **",
		"any: [{approvals: 1}, {approvals: {signed: 1}}]":                                  "2",
		"approvals: 0, approvals: {observed: 4, paths: [a.yaml]}":                          "0, 4 of a.yaml",
	} {
		gate := "      - " + strings.ReplaceAll(promote, "}, ", "}\n      - ")
		gate = strings.ReplaceAll(strings.ReplaceAll(gate, "0, approvals", "0\n      - approvals"), "{approvals: 1}\n      - {", "{approvals: 1}, {")
		p := loaded(t, "version: 1\nstages:\n  - name: development\n  - name: production\n    gates:\n      promote:\n"+gate+"\n")
		production, _ := p.Stage("production")
		var got []string
		for _, part := range production.Gates.Retire {
			spec, err := part.Approvals()
			if err != nil {
				t.Fatalf("%s: retire asks %+v: %v", promote, part, err)
			}
			text := strconv.Itoa(spec.Observed)
			if len(spec.Paths) > 0 {
				text += " of " + string(spec.Paths[0])
			}
			got = append(got, text)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: retire asks %s, want %s", promote, strings.Join(got, ", "), want)
		}
	}
}
